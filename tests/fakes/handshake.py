"""A WebSocket handshake that waits for its answer, on a TCP transport in memory."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.python.failure import Failure

from towpath.interface.http.response import checked_header
from towpath.interface.interfaces import RequestHead

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
HOST = b"example.com"


class FakeTransport:
    """A TCP transport whose other end is the test."""

    def __init__(self) -> None:
        self.written = b""
        self.protocol: Any = None
        self.producer: Any = None
        self.is_reading = True
        self.end: str | None = None
        #: With this, loseConnection waits, as it does when the client does not read.
        self.is_stuck = False

    def write(self, data: bytes) -> None:
        assert type(data) is bytes
        if self.end is None:
            self.written += data

    def registerProducer(self, producer: object, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.is_reading = False

    def resumeProducing(self) -> None:
        self.is_reading = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.has_no_delay = enabled

    def getPeer(self) -> None:
        return None

    def getHost(self) -> None:
        return None

    def loseConnection(self) -> None:
        if not self.is_stuck:
            self.lose("lost", ConnectionDone())

    def abortConnection(self) -> None:
        self.lose("aborted", ConnectionAborted())

    def lose(self, end: str, error: Exception) -> None:
        if self.end is None:
            self.end = end
            self.protocol.connectionLost(Failure(error))

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        written, self.written = self.written, b""
        return written


class FakeRequest:
    """A handshake that waits for its answer."""

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self.transport = FakeTransport()
        self.answer: int | None = None
        self.response: Any = None
        self.is_taken = False
        self.sent_early = b""
        self._left: Callable[[], None] | None = None

    def on_left(self, left: Callable[[], None]) -> None:
        self._left = left

    def respond_error(self, status: int, reason: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        assert not self.is_taken
        assert self.answer is None
        self.answer = status

    def respond(self, status: int, headers: Sequence[Any], content: bytes) -> None:
        checked = [checked_header(pair) for pair in headers]
        self.respond_error(status, "")
        self.response = checked, content

    def take_over(self, protocol: Any) -> bytes:
        if self.answer is not None:
            raise RuntimeError("answered")
        self.is_taken = True
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        return self.sent_early

    def leave(self) -> None:
        """The client disconnects before the answer."""
        self.answer = 0
        assert self._left is not None
        self._left()


def request_head(*headers: tuple[bytes, bytes], **changes: Any) -> RequestHead:
    """Return the head of a handshake."""
    options: dict[str, Any] = {
        "method": "GET",
        "path": "/chat/",
        "target": b"/chat/?room=1",
        "query_string": b"room=1",
        "headers": ((b"host", HOST), (b"sec-websocket-key", KEY), *headers),
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": ("192.0.2.1", 4000),
        "server": ("192.0.2.2", 80),
        "host": HOST,
    }
    return RequestHead(**{**options, **changes})
