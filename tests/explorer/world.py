"""All parts together: the states of a whole system, and the next steps from each.

A state is a tuple of the numbers of the states of its parts; the next steps of a part are computed once for each state.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from towpath.layers.operations.leases import Lease
from towpath.layers.protocol import DISCONNECT, RECEIVE

from .canonical import Canonical
from .context import HISTORIES, NETWORK, SERVER, STORE, WORKERS, Context, State, Step, changed
from .frozen import freeze, thaw
from .invariants import violated_at_rest
from .quiet import no_log
from .reaper_steps import ReaperSteps
from .scenario import Scenario
from .server_steps import ServerSteps
from .servers import ServerState, is_over
from .store import TIMES
from .worker_steps import WorkerSteps
from .workers import WAIT, overdue_by_choice


class World:
    """The system of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.context = Context(scenario)
        self.calls = self.context.calls
        self._workers, self._reapers = WorkerSteps(self.context), ReaperSteps(self.context)
        self._server = ServerSteps(self.context)
        self._canonical = Canonical(self.context)
        self._first: State | None = None

    @contextmanager
    def exploring(self) -> Iterator[None]:
        """Let the explorer make the choices of a clock, without pauses, and drop the log of the library."""
        with overdue_by_choice(self.context.parts.workers), patch("time.sleep"), no_log():
            yield

    def first(self) -> State:
        """Return the initial state: a server and workers have started, and the first client has connected."""
        if self._first is None:
            self._first = self._start()
        return self._first

    def steps(self, state: State, with_faults: bool) -> Iterator[Step]:
        """Yield the possible next steps; those that lead to a quiescent state come first."""
        yield from self._network(state)
        yield from self._workers.steps(state, with_faults)
        yield from self._reapers.steps(state, with_faults)
        yield from self._server.steps(state, with_faults)

    def canonical(self, state: State) -> State:
        """Return the canonical state of all states that are equivalent to this one."""
        return self._canonical.of(state)

    def trim(self) -> None:
        """Forget results that can be computed again, if they are many."""
        self.calls.trim()
        self._canonical.trim()

    def problems(self, state: State, is_strict: bool) -> list[str]:
        """Return the invariants that a quiescent state violates: one in which nothing more happens without a fault.

        `is_strict`: no fault has happened that may lose a message.
        """
        histories = self.context.histories[state[HISTORIES]]
        found = violated_at_rest(histories, is_strict)
        server: ServerState | None = self.context.servers[state[SERVER]]
        queues, lost, _, lives, wills, records, _ = self.calls.contents[state[STORE]]
        if server is not None:
            if not is_over(server):
                found.append("a connection never ends: a turn is out for ever")
            if server.pending or server.held or server.unanswered or server.flight or server.look:
                found.append("the server has something left to send")
        counted = sum(history.counted.bit_count() for _, history in histories)
        if sum(count for _, count in lost) != counted:
            found.append(f"the store has counted {lost} as lost, not {counted}")
        for name, left in (("queue", queues), ("will", wills), ("seized record", records[2]), ("claim", lives[1])):
            if left:
                found.append(f"the store is left with a {name}")
        return found

    def _network(self, state: State) -> Iterator[Step]:
        networks = self.context.networks
        late = networks[state[NETWORK]]
        for position, number in enumerate(late):
            if position and late[position - 1] == number:
                continue
            rest = changed(state, NETWORK, networks.number((*late[:position], *late[position + 1 :])))
            for outcome in self.calls.outcomes(state[STORE], number, False):
                reached = changed(rest, STORE, outcome.store)
                yield self.context.step(None, reached, outcome.effects, ("the store", "executes, late,", number))

    def _start(self) -> State:
        context, states = self.context, self.context.parts.server
        server = states.new()
        content = self.calls.contents.number(context.parts.store.empty())
        content, _, _ = self.calls.execute(content, (freeze(Lease(states.inbox(server), TIMES)),))
        nothing: Any = ()
        state: State = (
            content,
            context.servers.number(server),
            context.runs.number(nothing),
            context.networks.number(nothing),
            context.histories.number(nothing),
        )
        state = self._workers.first(state, [f"w{number}" for number in range(1, self.scenario.workers + 1)])
        state = self._server.came(state, server.to_come[0])
        return self._open(state) if self.scenario.is_open else state

    def _open(self, state: State) -> State:
        """Return the first state in which all handshakes are accepted, and no later event has been sent."""
        queue, seen = [state], {state}
        for each in queue:
            server: ServerState = self.context.servers[each[SERVER]]
            waits = all(self._is_waiting(number) for number in each[WORKERS:])
            sent = {local: thaw(envelope).channel for envelope, local, _ in server.pending}
            wanted = {local: RECEIVE if count else DISCONNECT for local, count in self.scenario.receives.items()}
            if waits and sent == wanted:
                return each
            for step in self.steps(each, False):
                if step.state not in seen:
                    seen.add(step.state)
                    queue.append(step.state)
        raise LookupError("no state has all handshakes accepted")

    def _is_waiting(self, worker: int) -> bool:
        request = self._workers.request(worker)
        return request is not None and request[0] == WAIT
