"""The real parts of an interface server, which stop at each call of the store; and stubs of everything around them."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from towpath.interface.conversation import Conversation
from towpath.interface.counters import Count
from towpath.interface.outbound import Outbound, _Post
from towpath.layers.capacity import Capacities
from towpath.layers.edge import BaseEdge
from towpath.layers.entries import EntryCodec
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.protocol import DISCONNECT

from .frozen import freeze
from .quiet import Defect
from .tape import Tape, outcome

HANDSHAKE, OPEN, CLOSED = "handshake", "open", "closed"


@dataclass(frozen=True)
class Lost:
    """The server has ended a turn as lost."""

    local: str
    turn: int
    channel: str


class TapedEdge(BaseEdge):
    """The real edge; a tape answers its calls."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.incarnation = 0
        super().__init__(EntryCodec(), Capacities(100))

    def _begin(self) -> None:
        super()._begin()
        self.incarnation += 1
        self.inbox = f"interface.{self.incarnation}!"

    async def _execute(self, operations: Sequence[AnyOperation]) -> Sequence[object]:
        if not operations:
            return []
        results: list[object] = outcome(self.tape.request(tuple(map(freeze, operations))))
        return results

    async def _read_inbox(self) -> Sequence[bytes]:
        raise NotImplementedError


class StepOutbound(Outbound):
    """The real `Outbound`, with a flush in two steps."""

    def _start_flush(self) -> None:
        self._is_flushing = True

    def select(self) -> list[_Post]:
        """Do the first half of `_send_next`; return the posts that it sends."""
        if self._unanswered:
            posts, self._unanswered = self._unanswered, []
            return posts
        return self._next_pending()

    def finish(self, posts: list[_Post]) -> None:
        """Do the second half of `_send_next`, with the answer, and the end of `_flush`."""
        refused = completed(self._send(posts))
        assert not refused, "no channel of the explorer is full"
        self.rest()

    def rest(self) -> None:
        """Do the end of `_flush`, if nothing is left to send or the store is unavailable."""
        if self._availability.is_away:
            self._hold_pending()
            self._is_flushing = False
        elif not (self._unanswered or self._pending):
            self._is_flushing = False


class TapedConversation(Conversation):
    """The real conversation; it notes the turns that it ends as lost."""

    __slots__ = ("noted",)

    noted: Callable[[Lost], None]

    def _lose(self, turn: int, channel: str) -> None:
        self.noted(Lost(self.local, turn, channel))
        super()._lose(turn, channel)


class Client:
    """The owner of a conversation. It reacts to replies and losses as `websocket.connection.WebSocket` does."""

    is_socket = True

    def __init__(self, state: str, conversation: Conversation) -> None:
        self.state = state
        self._conversation = conversation
        self.is_accepted_now = False

    @property
    def is_open(self) -> bool:
        """Return whether the handshake is accepted and the client is there."""
        return self.state == OPEN

    def deliver(self, content: Any) -> None:
        """Accept the handshake."""
        if self.state == HANDSHAKE:
            self.state, self.is_accepted_now = OPEN, True

    def deliver_group(self, message: Any) -> None:
        """Ignore group messages: there are none."""

    def replied(self) -> None:
        """Do nothing."""

    def refused(self) -> None:
        """Answer 503."""
        self.state = CLOSED
        self._conversation.close()

    def lost(self) -> None:
        """Answer 503 in the handshake."""
        if self.state == HANDSHAKE:
            self.left()

    def left(self) -> None:
        """End, because the client has disconnected or is refused."""
        if self.state != CLOSED:
            self.state = CLOSED
            content = {"reply_channel": self._conversation.reply_channel, "path": "/", "code": 1006}
            self._conversation.close(DISCONNECT, content)

    def abort(self) -> None:
        """End at once."""
        if self.state == OPEN:
            self.left()

    def failed(self) -> None:
        """Fail, since no handler may raise."""
        raise AssertionError("handling something for a connection raised")

    def congested(self) -> None:
        """Do nothing: few events wait."""

    relieved = go_away = shed = congested


class Connections(dict[str, Conversation]):
    """The connections, as in `interface.connections`."""

    def __iter__(self) -> Iterator[Conversation]:  # type: ignore[override]
        return iter(list(self.values()))

    def remove(self, local: str) -> None:
        """Forget a connection."""
        del self[local]


class Nothing:
    """A deadline that does not expire, a clock that does not advance, and counters that count nothing."""

    def seconds(self) -> float:
        """Return the time."""
        return 0.0

    def set(self, seconds: float | None) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def add(self, what: Count, where: str = "", amount: int = 1) -> None:
        """Count nothing."""
        if what is Count.HANDLERS_FAILED:
            raise Defect(what)

    def went_away(self, error: Exception) -> None:
        """Do nothing."""


class Availability:
    """The availability, as in `interface.availability`, without waits."""

    is_away = False

    def __init__(self) -> None:
        self.on_back: list[Callable[[], None]] = []

    def went_away(self, error: Exception) -> None:
        """Note that the store is unavailable."""
        self.is_away = True

    def came_back(self) -> None:
        """Note that the store is available."""
        if self.is_away:
            self.is_away = False
            for call in self.on_back:
                call()


def completed(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits only for its next turn in the event loop; return its result."""
    while True:
        try:
            work.send(None)
        except StopIteration as stop:
            return stop.value
