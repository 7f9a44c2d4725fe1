"""The next steps of an interface server and its clients."""

from collections.abc import Callable, Iterator
from typing import Any

from towpath.layers.operations.inboxes import PushInbox, TakeInbox

from .calls import Outcome
from .context import NETWORK, SERVER, STORE, Context, Label, State, Step, changed, joined
from .faults import Fault
from .frozen import freeze, thaw
from .servers import ServerState
from .store import lease_over


class ServerSteps:
    """Steps of the interface server of one scenario."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calls = context.calls
        self._states = context.parts.server
        self._is_alone = len(context.scenario.receives) == 1
        self._changes: dict[tuple[Any, ...], tuple[int, tuple[int, ...]]] = {}
        self._lists: dict[tuple[str, int], int | None] = {}
        self._turns: dict[int, list[tuple[str, int, str]]] = {}
        self._entries: dict[int, frozenset[bytes]] = {}

    def steps(self, state: State, with_faults: bool) -> Iterator[Step]:
        """Yield the next steps of the server and its clients."""
        if state[SERVER] == self._context.gone:
            return
        server = self._server(state)
        yield from self._reading(state, server, with_faults)
        if server.flight is not None:
            yield self._changed(state, "heard", ("receives the answer to its flush",))
        else:
            yield from self._calling_out(state, server, with_faults)
        for local in server.to_come:
            yield self._changed(state, "came", (f"{local} connects",), local)
        for local in server.clients:
            yield self._changed(state, "left", (f"{local} leaves",), local)
        if server.is_stopping and server.flight is None:
            yield from self._closing(state, with_faults)
        elif with_faults and not server.is_stopping:
            yield from self._faults(state, server)

    def came(self, state: State, local: str) -> State:
        """Return the state after a client's handshake."""
        return self._changed(state, "came", (), local).state

    def _server(self, state: State) -> ServerState:
        server: ServerState = self._context.servers[state[SERVER]]
        return server

    def _calling_out(self, state: State, server: ServerState, with_faults: bool) -> Iterator[Step]:
        """Yield the calls of the store over the outgoing connection, which are made one at a time."""
        flush = self._list(state, "flush")
        if flush is not None:
            yield from self._flushing(state, flush, with_faults)
        living = dict(self._calls.contents[state[STORE]][3][0])
        if server.is_away or not living.get(self._states.inbox(server), False):
            yield from self._called(state, self._list(state, "renewal"), "renewed", "renewal", False)
        yield from self._looking(state, server)

    def _flushing(self, state: State, operations: int, with_faults: bool) -> Iterator[Step]:
        """Yield the outcomes of a flush. Its answer is handled at once: only the end of the server depends on it."""
        yield from self._called(state, operations, "answered", "flush", False)
        if with_faults:
            for step in self._called(state, operations, "flushed", "flush", True):
                if step.fault:
                    yield step

    def _reading(self, state: State, server: ServerState, with_faults: bool) -> Iterator[Step]:
        inbox = self._states.inbox(server)
        entries = next((found for name, found in self._calls.contents[state[STORE]][2] if name == inbox), ())
        if not entries:
            return
        content, _, _ = self._calls.execute(state[STORE], (freeze(TakeInbox(inbox, 1)),))
        step = self._changed(changed(state, STORE, content), "read", ("reads", entries[0]), entries[0])
        flush = self._list(step.state, "flush")
        is_detailed = server.is_stopping or not self._is_alone or self._context.scenario.is_detailed
        if flush is None or is_detailed or step.broken:
            yield step
            return
        # The event that follows is flushed in the same step: a later flush is equivalent to a later read.
        for last in self._flushing(step.state, flush, with_faults):
            yield joined(step, last)

    def _looking(self, state: State, server: ServerState) -> Iterator[Step]:
        """Yield looks for turns whose events are neither queued nor in flight; other looks change nothing.

        Such an event is not sent again, so the entry that ends the turn is written in the same step.
        """
        if state[SERVER] not in self._turns:
            self._turns[state[SERVER]] = self._states.turns_out(server)
        for turn in self._turns[state[SERVER]]:
            if self._is_end_written(state, server, turn):
                continue
            reached = changed(state, SERVER, self._context.servers.number(server._replace(look=turn)))
            label: Label = ()
            while self._server(reached).look is not None:
                (step,) = self._called(reached, self._list(reached, "looking"), "looked", "look", False)
                reached, label = step.state, (*label, *step.label)
            if reached != state:
                yield Step(None, reached, label)

    def _is_end_written(self, state: State, server: ServerState, turn: tuple[str, int, str]) -> bool:
        """Return whether the end of a turn is in the inbox, or is written late: another look would add it again."""
        end = self._context.parts.store.codec.lost(turn[0], turn[1])
        inboxes = dict(self._calls.contents[state[STORE]][2])
        late = self._context.networks[state[NETWORK]]
        return end in inboxes.get(self._states.inbox(server), ()) or any(end in self._written(each) for each in late)

    def _written(self, operations: int) -> frozenset[bytes]:
        """Return the entries that a list of operations appends to inboxes."""
        if operations not in self._entries:
            found = map(thaw, self._calls.lists[operations])
            entries = [entry for each in found if isinstance(each, PushInbox) for entry in each.entries]
            self._entries[operations] = frozenset(entries)
        return self._entries[operations]

    # The end

    def _closing(self, state: State, with_faults: bool) -> Iterator[Step]:
        """Yield the outcomes of the end. A pending flush is cancelled, whether or not the store has executed it."""
        yield from self._closed(state, (), with_faults)
        flush = self._list(state, "flush")
        if flush is not None:
            cancelled = self._changed(state, "cancelled", ()).state
            yield from self._closed(cancelled, (), with_faults)
            for outcome in self._calls.outcomes(state[STORE], flush, False):
                flushed = changed(cancelled, STORE, outcome.store)
                yield from self._closed(flushed, (flush, outcome), with_faults)

    def _closed(self, state: State, flush: tuple[Any, ...], with_faults: bool) -> Iterator[Step]:
        operations, inbox = self._list(state, "closing"), self._states.inbox(self._server(state))
        assert operations is not None
        flushes: Label = ("flushes", *flush, "and") if flush else ()
        for outcome in self._calls.outcomes(state[STORE], operations, with_faults):
            reached = changed(state, STORE, self._calls.changed(outcome.store, lease_over, inbox))
            reached = self._context.sent(changed(reached, SERVER, self._context.gone), outcome.late)
            effects = (*flush[1].effects, *outcome.effects) if flush else outcome.effects
            label = "the server", *flushes, "closes", operations, outcome
            yield self._context.step(outcome.fault, reached, effects, label)

    def _faults(self, state: State, server: ServerState) -> Iterator[Step]:
        over = changed(state, STORE, self._calls.changed(state[STORE], lease_over, self._states.inbox(server)))
        if Fault.INTERFACE_KILLED in self._context.kinds:
            killed = changed(over, SERVER, self._context.gone)
            yield self._context.step(Fault.INTERFACE_KILLED, killed, (), ("the server", Fault.INTERFACE_KILLED))
        if Fault.INTERFACE_LAPSED in self._context.kinds and over != state:
            yield self._context.step(Fault.INTERFACE_LAPSED, over, (), ("the server", Fault.INTERFACE_LAPSED))
        if Fault.INTERFACE_STOPPED in self._context.kinds:
            yield self._changed(state, "stopped", (Fault.INTERFACE_STOPPED,))._replace(fault=Fault.INTERFACE_STOPPED)

    # Changes

    def _changed(self, state: State, change: str, label: Label, *arguments: Any) -> Step:
        number, lost = self._change(state[SERVER], change, *arguments)
        return self._context.step(None, changed(state, SERVER, number), lost, ("the server", *label))

    def _change(self, number: int, change: str, *arguments: Any) -> tuple[int, tuple[int, ...]]:
        key = number, change, arguments
        found = self._changes.get(key)
        if found is None:
            method: Callable[..., ServerState] = getattr(self._states, change)
            after = self._context.servers.number(method(self._context.servers[number], *arguments))
            lost = self._states.lost
            found = self._changes[key] = after, (self._calls.events.number(lost),) if lost else ()
        return found

    def _called(
        self, state: State, operations: int | None, change: str, name: str, with_faults: bool
    ) -> Iterator[Step]:
        """Yield the outcomes of a call; the method `change` handles the answer."""
        assert operations is not None
        for outcome in self._calls.outcomes(state[STORE], operations, with_faults):
            number, lost = self._answered(state[SERVER], change, outcome)
            reached = changed(changed(state, STORE, outcome.store), SERVER, number)
            label = "the server", name, operations, outcome
            reached = self._context.sent(reached, outcome.late)
            yield self._context.step(outcome.fault, reached, (*outcome.effects, *lost), label)

    def _answered(self, number: int, change: str, outcome: Outcome) -> tuple[int, tuple[int, ...]]:
        key = number, change, outcome.answer
        found = self._changes.get(key)
        if found is None:
            found = self._changes[key] = self._change(number, change, self._calls.answers[outcome.answer])
        return found

    def _list(self, state: State, question: str) -> int | None:
        """Return the number of the operations that the server would execute; None if there are none."""
        key = question, state[SERVER]
        if key not in self._lists:
            operations = getattr(self._states, question)(self._server(state))
            self._lists[key] = None if operations is None else self._calls.lists.number(operations)
        return self._lists[key]
