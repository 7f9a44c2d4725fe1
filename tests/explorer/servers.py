"""The interface server, in steps: the real `BaseEdge`, `Outbound`, `Conversation`, `Turns` and `Inbox`.

Three things are modelled, since they are on the stack of coroutines while others run: the flush (`Outbound._flush`),
the look for turns (`Recovery.look`), and the end (`InterfaceServer._close`). Timers may expire at any time.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

from towpath.interface.bounds.memory import ClientMemory
from towpath.interface.hub import abandon_all
from towpath.interface.inbox import Inbox as Dispatcher
from towpath.interface.outbound import _Post
from towpath.interface.turns import Phase, Turns
from towpath.interface.websocket.ending import last_will
from towpath.layers.errors import LayerUnavailable
from towpath.layers.protocol import CONNECT, RECEIVE

from .frozen import freeze, thaw
from .server_parts import (
    HANDSHAKE,
    Availability,
    Client,
    Connections,
    Lost,
    Nothing,
    StepOutbound,
    TapedConversation,
    TapedEdge,
    completed,
)

_TURNS = ("number", "phase", "channel", "_waiting", "_waiting_bytes", "_pressure")
_EDGE = ("_number", "_is_unanswered", "_is_fenced", "_is_announced", "_registered")


class ServerState(NamedTuple):
    """The state of a server, frozen.

    `flight` is the flush that was sent: its posts, and the answer that is to be received.
    `look` is the turn that is looked for, with the answers so far. `incarnation` is the number of the inbox.
    """

    incarnation: int
    edge: Any
    open: tuple[str, ...]
    pending: tuple[Any, ...] = ()
    held: tuple[Any, ...] = ()
    unanswered: tuple[Any, ...] = ()
    flight: Any = None
    conversations: tuple[Any, ...] = ()
    is_away: bool = False
    look: Any = None
    #: Connections that are not made yet, and those whose handshake is not answered.
    to_come: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    is_stopping: bool = False


class ServerStates:
    """An interface server that can be put into any state."""

    def __init__(self, receives: dict[str, int], edge_type: type[TapedEdge] = TapedEdge) -> None:
        """`receives` is the number of frames that each client sends after its handshake."""
        self._receives = receives
        self._edge = edge_type()
        nothing = Nothing()
        self._availability = Availability()
        outbound = StepOutbound(self._edge, nothing, nothing, self._availability)  # type: ignore[arg-type]
        self._outbound = outbound
        self._hub: Any = SimpleNamespace(
            edge=self._edge, clock=nothing, counters=nothing, deadlines=nothing, availability=self._availability,
            outbound=outbound, connections=Connections(), turn_seconds=0.0, memory=ClientMemory(2**40),
        )  # fmt: skip
        self._dispatcher = Dispatcher(self._hub)
        self._events: list[Lost] = []

    def new(self) -> ServerState:
        """Return a server that has opened its inbox and has no connections."""
        first = ServerState(1, freeze([1, False, False, True, {}]), (), to_come=tuple(sorted(self._receives)))
        self._put(first)
        return self._taken(first)

    @property
    def lost(self) -> tuple[Lost, ...]:
        """Return the turns that the latest step ended as lost."""
        return tuple(self._events)

    def inbox(self, state: ServerState) -> str:
        """Return the name of the inbox."""
        return f"interface.{state.incarnation}!"

    # Clients

    def came(self, state: ServerState, local: str) -> ServerState:
        """Return the state after a handshake."""
        self._put(state)
        client = self._new_client(local)
        reply_channel = client._conversation.reply_channel
        connect = {"reply_channel": reply_channel, "path": "/"}
        client._conversation.emit(CONNECT, connect, insist=False, will=last_will(reply_channel, "/"))
        to_come = tuple(each for each in state.to_come if each != local)
        return self._taken(state)._replace(to_come=to_come)

    def left(self, state: ServerState, local: str) -> ServerState:
        """Return the state after a client has disconnected."""
        self._put(state)
        self._client(local).left()
        return self._taken(state)

    # Outgoing messages

    def flush(self, state: ServerState) -> Any:
        """Return the operations of the next flush; None if there is none."""
        if state.flight is not None or state.is_away or not (state.pending or state.unanswered):
            return None
        self._put(state)
        posts = self._outbound.select()
        return self._edge.tape.run(lambda: completed(self._edge.send([post.envelope for post in posts])), ())

    def flushed(self, state: ServerState, answer: Any) -> ServerState:
        """Return the state after the next flush was sent; its answer is to be received."""
        self._put(state)
        posts = tuple(map(_frozen_post, self._outbound.select()))
        return self._taken(state)._replace(flight=(posts, answer))

    def cancelled(self, state: ServerState) -> ServerState:
        """Return the state after a flush was cancelled while it waited for its answer."""
        self._put(state)
        posts = self._outbound.select()
        work = self._edge.send([post.envelope for post in posts])
        self._edge.tape.run(lambda: completed(work), ())
        return self._taken(state)

    def answered(self, state: ServerState, answer: Any) -> ServerState:
        """Return the state after a flush and its answer."""
        return self.heard(self.flushed(state, answer))

    def heard(self, state: ServerState) -> ServerState:
        """Return the state after the answer to a flush."""
        posts, answer = state.flight
        self._put(state)
        self._outbound._is_flushing = True
        found = [self._post(post) for post in posts]
        request = self._edge.tape.run(lambda: self._outbound.finish(found), (answer,))
        assert request is None
        return self._taken(state)._replace(flight=None)

    # Incoming entries

    def read(self, state: ServerState, entry: bytes) -> ServerState:
        """Return the state after an entry of the inbox.

        A client whose handshake is accepted sends all its frames at once, and leaves: a later frame is the same as a
        later flush.
        """
        self._put(state)
        for event in self._edge._index.events([entry]):
            completed(self._dispatcher.dispatch(event))
        for local, conversation in self._hub.connections.items():
            client: Any = conversation.owner
            if client.is_accepted_now:
                for _ in range(self._receives[local]):
                    content = {"reply_channel": conversation.reply_channel, "path": "/"}
                    conversation.emit(RECEIVE, content, insist=True)
                client.left()
        return self._taken(state)

    # The look for turns

    def turns_out(self, state: ServerState) -> list[tuple[str, int, str]]:
        """Return the turns that are looked for when they take long: local part, number, channel."""
        self._put(state)
        found = [(each.local, each.accepted_turn, each.channel) for each in self._hub.connections]
        return [(local, turn, channel) for local, turn, channel in found if turn is not None]

    def looking(self, state: ServerState) -> Any:
        """Return the operations that the look executes next; None if it has ended."""
        local, turn, channel, *answers = state.look
        self._put(state)
        return self._edge.tape.run(lambda: self._look(local, turn, channel), answers)

    def looked(self, state: ServerState, answer: Any) -> ServerState:
        """Return the state after an answer to these operations."""
        state = state._replace(look=(*state.look, answer))
        return state if self.looking(state) is not None else self._taken(state)._replace(look=None)

    def _look(self, local: str, turn: int, channel: str) -> None:
        try:
            completed(self._edge.check_turns({local: turn}, [channel]))
        except LayerUnavailable as error:
            self._availability.went_away(error)

    # The lease

    def renewal(self, state: ServerState) -> Any:
        """Return the operations of a renewal."""
        self._put(state)
        return self._edge.tape.run(self._renew, ())

    def renewed(self, state: ServerState, answer: Any) -> ServerState:
        """Return the state after the answer to a renewal."""
        self._put(state)
        request = self._edge.tape.run(self._renew, (answer,))
        assert request is None
        return self._taken(state)

    def _renew(self) -> None:
        try:
            is_alive = completed(self._edge.renew())
        except LayerUnavailable as error:
            self._availability.went_away(error)
            return
        if not is_alive:
            abandon_all(self._hub)
        self._availability.came_back()

    # The end

    def stopped(self, state: ServerState) -> ServerState:
        """Return the state after SIGTERM, when all sockets have been closed."""
        self._put(state)
        for conversation in self._hub.connections:
            client: Any = conversation.owner
            client.left()
        return self._taken(state)._replace(is_stopping=True, to_come=())

    def closing(self, state: ServerState) -> Any:
        """Return the operations that close the inbox, at the end of the grace period, when all tasks are cancelled."""
        self._put(state)
        return self._edge.tape.run(lambda: completed(self._edge.close()), ())

    # States

    def _put(self, state: ServerState) -> None:
        edge, outbound, hub = self._edge, self._outbound, self._hub
        self._events = []
        edge.incarnation = state.incarnation - 1
        edge._begin()
        for name, value in zip(_EDGE, thaw(state.edge), strict=True):
            setattr(edge, name, value)
        edge._open.update(state.open)
        self._availability.is_away = state.is_away
        self._availability.on_back = [outbound._resume]
        hub.connections.clear()
        for frozen in state.conversations:
            self._put_conversation(frozen)
        outbound._pending, outbound._held, outbound._unanswered = [
            [self._post(post) for post in posts] for posts in (state.pending, state.held, state.unanswered)
        ]
        # A flush ends if there is nothing to send, or if the store is unavailable.
        outbound._is_flushing = bool(state.pending or state.unanswered and not state.is_away or state.flight)

    def _put_conversation(self, frozen: Any) -> None:
        local, is_accepted, is_closed, session_state, client, turns = frozen
        conversation = self._new_client(local, client)._conversation
        conversation._is_accepted, conversation._is_closed = is_accepted, is_closed
        conversation._session_state = session_state
        for name, value in zip(_TURNS, thaw(turns), strict=True):
            setattr(conversation._turns, name, value)

    def _new_client(self, local: str, state: str = HANDSHAKE) -> Client:
        conversation = TapedConversation.__new__(TapedConversation)
        conversation.noted = self._events.append
        conversation.local = local
        conversation.reply_channel = self._edge.inbox + local
        conversation._hub = self._hub
        conversation._turns = Turns(1000, 10**9)
        conversation._session_state = None
        conversation._deadline = self._hub.clock
        conversation._is_accepted = conversation._is_closed = False
        conversation._closed_at = 0.0
        conversation._held, conversation._under_way_bytes, conversation._state_bytes = None, 0, 0
        client = Client(state, conversation)
        conversation.owner = client
        self._hub.connections[local] = conversation
        if state == HANDSHAKE:
            self._edge.opened(local)
        return client

    def _client(self, local: str) -> Client:
        client: Any = self._hub.connections[local].owner
        return client

    def _taken(self, state: ServerState) -> ServerState:
        edge, outbound = self._edge, self._outbound
        if outbound._is_flushing and state.flight is None:
            outbound.rest()
        return state._replace(
            incarnation=edge.incarnation,
            edge=freeze([getattr(edge, name) for name in _EDGE]),
            open=tuple(sorted(edge._open)),
            pending=tuple(map(_frozen_post, outbound._pending)),
            held=tuple(map(_frozen_post, outbound._held)),
            unanswered=tuple(map(_frozen_post, outbound._unanswered)),
            conversations=tuple(sorted(map(_frozen_conversation, self._hub.connections))),
            is_away=self._availability.is_away,
            clients=tuple(
                each.local
                for each in self._hub.connections
                if each.owner.state == HANDSHAKE  # type: ignore[attr-defined]
            ),
        )

    def _post(self, frozen: Any) -> _Post:
        envelope, local, name = frozen
        conversation = self._hub.connections.get(local)
        if conversation is None:  # it has ended; a report would be about a turn that is not out
            return _Post(thaw(envelope), None)
        return _Post(thaw(envelope), getattr(conversation, name) if name else None)


def _frozen_post(post: _Post) -> Any:
    report: Any = post.report
    _, _, local = post.envelope.content["reply_channel"].partition("!")
    return freeze(post.envelope), local, report.__name__ if report is not None else None


def _frozen_conversation(conversation: Any) -> Any:
    turns = freeze([getattr(conversation._turns, name) for name in _TURNS])
    return (
        conversation.local, conversation._is_accepted, conversation._is_closed, conversation._session_state,
        conversation.owner.state, turns,
    )  # fmt: skip


def turn_out(conversation: Any) -> tuple[str, int] | None:
    """Return the local part and the number of the turn that is out in a frozen conversation, or None."""
    local, turns = conversation[0], conversation[5]
    number, phase = turns[1], turns[2]
    return (local, number) if Phase.IDLE < phase < Phase.ENDED else None


def is_over(state: ServerState) -> bool:
    """Return whether all connections have been made and have ended."""
    return not (state.to_come or state.conversations)
