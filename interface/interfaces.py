"""The protocols between the HTTP side and the rest of the interface server. No logic.

`RequestHead` is the one parsed and checked form of a request's head; nothing parses client headers again after it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from twisted.internet import protocol as twisted_protocol

from towpath.layers.contract import Content

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
    #: The authority that the client asked for (by a trusted proxy's word, if there is one); empty on 1.0 without Host.
    host: bytes

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of every header called `name` (lower-case), in order."""
        return [value for key, value in self.headers if key == name]

    def get(self, name: bytes) -> bytes | None:
        """Return the value of the first header called `name` (lower-case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Owner(Protocol):
    """An HTTP exchange or a WebSocket: the owner of a conversation."""

    def deliver(self, content: Content) -> None:
        """Take one reply message, in order."""

    def refused(self, channel: str) -> None:
        """Hear that the first event was not accepted: its channel is full, or the layer is unavailable."""

    def lost(self, channel: str) -> None:
        """Hear that the turn of an event on `channel` ended without a settlement."""

    def congested(self) -> None:
        """Stop reading from the client: too many events wait."""

    def relieved(self) -> None:
        """Read from the client again."""

    def go_away(self) -> None:
        """Finish, because the server shuts down."""


class Conversation(Protocol):
    """One connection's events on their way to the layer, in order."""

    @property
    def reply_channel(self) -> str:
        """The channel that replies to this connection are sent to."""

    def emit(self, channel: str, content: Content, *, insist: bool) -> None:
        """Send an event when its turn comes; `insist` tries again while the channel is full."""

    def close(self, channel: str | None = None, content: Content | None = None) -> None:
        """Leave, after a last event if there is one."""


#: Opens the conversation of an owner; raises TooManyConnections.
Converse = Callable[[Owner], Conversation]


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

        Returns the bytes that the client sent after the head; the caller gives them to `protocol` when it likes.

        Raises:
            RuntimeError: the client has left, or the request is answered.
        """
