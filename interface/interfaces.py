"""The protocols between the parts of the interface server: connections, conversations, HTTP, WebSocket. No logic.

`RequestHead` is the one parsed and validated form of a request's head; client headers are not parsed again after it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from twisted.internet import protocol as twisted_protocol

from towpath.layers.contract import Content, Will
from towpath.layers.inbox_events import Replies, Settled

#: [host, port]; None on UNIX sockets.
Address = tuple[str, int]


class RequestHead(NamedTuple):
    """A request's head, checked. Header names are lower-case; order and duplicates are the client's."""

    method: str
    #: Percent-decoded, without the mount.
    path: str
    #: The target as sent: `/path?query`, an absolute URI, or `*`.
    target: bytes
    query_string: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    http_version: Literal["1.0", "1.1", "2"]
    scheme: Literal["http", "https"]
    #: The mount, without a slash at its end; empty for the root.
    root_path: str
    client: Address | None
    server: Address | None
    #: The requested authority (from a trusted proxy's headers, if there is one); empty on 1.0 without Host.
    host: bytes
    #: The other end of the connection is a trusted proxy.
    is_trusted: bool = False
    #: The header and the value of the request's id; None without `request_id_header`.
    request_id: tuple[bytes, bytes] | None = None

    @property
    def request_id_text(self) -> str | None:
        """The id of the request as text; None without one."""
        return None if self.request_id is None else self.request_id[1].decode("ascii")

    def log_fields(self) -> dict[str, object]:
        """Return the fields of this request in log lines (see `layers.log_fields`)."""
        client = None if self.client is None else f"{self.client[0]}:{self.client[1]}"
        return {"path": self.path, "client": client, "request_id": self.request_id_text}

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of every header called `name` (lower-case), in order."""
        return [value for key, value in self.headers if key == name]

    def get(self, name: bytes) -> bytes | None:
        """Return the value of the first header called `name` (lower-case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class GroupMessage:
    """A message of a group, for the members that are connected to this process."""

    __slots__ = ("content", "group", "shared")

    def __init__(self, group: str, content: Content) -> None:
        self.group = group
        self.content = content
        #: Made of the content by the first member that is a WebSocket, for all others; None until then.
        self.shared: Any = None


class Owner(Protocol):
    """An HTTP exchange or a WebSocket: the owner of a conversation."""

    @property
    def is_socket(self) -> bool:
        """Return whether this is a WebSocket: its events are bounded in bytes, and it is drained at the end."""

    @property
    def is_open(self) -> bool:
        """Return whether this is a WebSocket that is open, neither in its handshake nor at its end."""

    def deliver(self, content: Content) -> None:
        """Take one reply message, in order."""

    def deliver_group(self, message: GroupMessage) -> None:
        """Take a group message."""

    def replied(self) -> None:
        """All replies of one inbox event have been delivered."""

    def refused(self) -> None:
        """The first event was not accepted: its channel is full, or the layer is unavailable."""

    def lost(self) -> None:
        """The turn of an event has ended without a settlement."""

    def failed(self) -> None:
        """Handling something for this connection raised, and it was logged: end the connection with an error."""

    def shed(self) -> None:
        """Close: a buffer of this connection is one of the largest, and the process holds too much."""

    def abort(self) -> None:
        """End the connection at once."""

    def congested(self) -> None:
        """Stop reading from the client: too many events wait."""

    def relieved(self) -> None:
        """Read from the client again."""

    def go_away(self) -> None:
        """Finish, because the server shuts down."""

    def log_fields(self) -> dict[str, object]:
        """Return the fields of this connection in log lines (see `layers.log_fields`)."""


class Emitter(Protocol):
    """One connection's events on their way to the layer, in order: a conversation, as its owner sees it."""

    @property
    def reply_channel(self) -> str:
        """The channel that replies to this connection are sent to."""

    def emit(self, channel: str, content: Content, *, insist: bool, will: Will | None = None) -> None:
        """Send an event when its turn comes; `insist` tries again while the channel is full.

        The first event may carry a `will`: the last event, should this process expire.
        """

    def close(self, channel: str | None = None, content: Content | None = None) -> None:
        """Close, after a last event if there is one."""


class Registered(Protocol):
    """A conversation, as the inbox, the recovery of turns and the end of the server see it."""

    @property
    def local(self) -> str:
        """The local part of the reply channel."""

    @property
    def reply_channel(self) -> str:
        """The channel that replies to this connection are sent to."""

    @property
    def owner(self) -> Owner:
        """The HTTP exchange or WebSocket."""

    @property
    def user_id(self) -> object:
        """The user that the session state names; None without one."""

    @property
    def is_closed(self) -> bool:
        """Return whether the connection is closed; its last events may not be sent yet."""

    @property
    def channel(self) -> str:
        """The channel of the latest turn's event."""

    @property
    def accepted_turn(self) -> int | None:
        """The turn that is out and whose event is, or was, on its channel; None if there is none."""

    @property
    def waiting_count(self) -> int:
        """The number of events that wait for their turn."""

    @property
    def has_turn_out(self) -> bool:
        """Return whether an event is sent and not settled."""

    def settled(self, event: Settled) -> None:
        """A consumer has run: deliver its replies, keep its state, release the next event."""

    def replied(self, event: Replies) -> None:
        """Deliver messages outside of a settlement."""

    def kept(self, turn: int) -> None:
        """The consumer of this turn is still running."""

    def lost(self, turn: int) -> None:
        """This turn will not be settled."""

    def looked_for(self, turn: int) -> None:
        """The turn was looked up: it continues, or its settlement is in the inbox."""

    def fail(self) -> None:
        """Handling something for this connection raised: close it."""

    def abandon(self) -> None:
        """The lease of this process had expired: end the connection, and send nothing more."""


#: Opens the conversation of an owner; raises TooManyConnections.
Converse = Callable[[Owner], Emitter]


class UpgradeRequest(Protocol):
    """A valid WebSocket handshake that waits for one answer: `respond_error`, `respond` or `take_over`."""

    @property
    def head(self) -> RequestHead:
        """The handshake's head. Its Upgrade, Connection and Sec-WebSocket-* headers have been checked."""

    def on_left(self, left: Callable[[], None]) -> None:
        """Call `left` if the client disconnects before the answer."""

    def respond_error(self, status: int, reason: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Answer with a small HTML page and close the connection; nothing happens if the client has left."""

    def respond(self, status: int, headers: Sequence[Any], content: bytes) -> None:
        """Answer with a response of the application's and close the connection; nothing happens if the client has left.

        Raises:
            BadResponse: a header is not valid; nothing is answered.
        """

    def take_over(self, protocol: twisted_protocol.Protocol) -> bytes:
        """Take the transport from HTTP and connect `protocol` to it; nothing is written.

        Returns the bytes that the client sent after the head; the caller passes them to `protocol`.

        Raises:
            RuntimeError: the client has left, or the request is answered.
        """
