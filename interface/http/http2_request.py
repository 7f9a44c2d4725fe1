"""A request of HTTP/2, between Twisted's stream and the exchange that answers it."""

from typing import Any, Protocol

from twisted.python.failure import Failure
from twisted.web._http2 import H2Stream  # Twisted has no public name for it

from ..bounds.memory import SMALL_BYTES
from ..counters import Count
from ..eventloop.deadlines import Deadline
from .answer import DATE
from .exchange import Exchange
from .facts import ConnectionFacts, request_head
from .headers import BadRequest
from .http2_head import parse_http2_head
from .pages import page
from .response import ResponseHead
from .site import Site

#: Bytes of one response that may wait in its stream before its sender does.
QUEUE_MAX_BYTES = 64 * 1024


class Carrier(Protocol):
    """The connection, as far as its requests use it."""

    factory: Site
    facts: ConnectionFacts
    #: Requests that wait until their written bytes are sent.
    undrained: "set[Http2Request]"

    def queued_bytes(self, stream_id: int) -> int:
        """Return how much of a response waits in its stream."""

    def queued(self, length: int) -> None:
        """Note the length of content that waits in a stream."""

    def opened(self, head_bytes: int) -> None:
        """Note the length of a large head."""

    # `Any`: Twisted's method has no types.
    writeHeaders: Any


class _NoHeaders:
    """Replaces Twisted's collection of request headers by name; they are read from the frames instead."""

    def getRawHeaders(self, name: bytes) -> None:
        return None

    def setRawHeaders(self, name: bytes, values: list[bytes]) -> None:
        return None


class Http2Request:
    """A request as Twisted's stream sees it, and a `Wire` for its exchange."""

    requestHeaders = _NoHeaders()

    def __init__(self, stream: H2Stream, queued: bool) -> None:
        self._stream = stream
        self._connection: Carrier = stream._conn
        self._deadline = Deadline(self._connection.factory.hub.deadlines, self._expired)
        self._exchange: Exchange | None = None
        self._is_body_complete = False
        #: The length of the head, if it is large.
        self.head_bytes = 0
        #: The end of the response is written, and waits for the client's window.
        self._is_leaving = False
        #: The response was complete before the request.
        self.wants_no_more = False

    def begin(self, headers: list[tuple[bytes, bytes]], has_body: bool) -> None:
        """Take the head of a request."""
        factory = self._connection.factory
        self._is_body_complete = not has_body
        try:
            parsed = parse_http2_head(headers, factory.hub.config.head_max_bytes, factory.hub.config.headers_max_count)
            if parsed.length and not has_body:
                raise BadRequest("the length of the body is not clear")  # RFC 9113, 8.1.1; h2 counts only what comes
            head = request_head(parsed, self._connection.facts, factory.proxies, factory.hub.config)
        except BadRequest as error:
            response, content = page(error.status, None, error.detail, (), DATE.now())
            if any((name, value) == (b":method", b"HEAD") for name, value in headers):
                content = b""
            factory.log_refused(self._connection.facts, error.status, len(content))
            self.start(response, content, is_last=True)
            return
        size = sum(len(name) + len(value) for name, value in headers)
        if size > SMALL_BYTES:
            self.head_bytes = size
            self._connection.opened(size)
        self._exchange = factory.exchange(factory.hub, factory.converse, self, head)
        has_length = any(name == b"content-length" for name, _ in parsed.headers)
        length = 0 if not has_body else parsed.length if has_length else None
        self._exchange.begin(length, parsed.expects_continue)

    # Called by Twisted's stream

    def gotLength(self, length: int | None) -> None:
        """Nothing to do: the head is read in `begin`."""

    def parseCookies(self) -> None:
        """Nothing to do: the application reads its cookies."""

    def handleContentChunk(self, data: bytes) -> None:
        """Take some of the body."""
        if self._exchange is not None and data:
            self._exchange.body_received(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Take the end of the body."""
        if self._exchange is not None and not self._is_body_complete:
            self._is_body_complete = True
            self._exchange.body_complete()

    def connectionLost(self, reason: Failure) -> None:
        """The client has disconnected, or has reset this request."""
        self._deadline.stop()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.client_left()

    # Called by the exchange

    @property
    def is_writable(self) -> bool:
        """Whether the stream's queue has room for another block."""
        return self._connection.queued_bytes(self._stream.streamID) < QUEUE_MAX_BYTES

    def start(self, head: ResponseHead, content: bytes, *, is_last: bool) -> None:
        """Write the head, and content if there is any."""
        headers = [(name.lower(), value) for name, value in head.headers]
        self._connection.writeHeaders(b"HTTP/2", b"%d" % head.status, b"", headers, self._stream.streamID)
        self.write(content, is_last=is_last)

    def write(self, content: bytes, *, is_last: bool) -> None:
        """Queue content in pieces, so that the copied rest of a piece is never large."""
        for begin in range(0, len(content), QUEUE_MAX_BYTES):
            self._stream.write(content[begin : begin + QUEUE_MAX_BYTES])
        self._connection.queued(len(content))
        if is_last:
            self._end()
        elif not self.is_writable:
            self._connection.undrained.add(self)

    def _end(self) -> None:
        """Queue the end of the response; until it has left, it counts as a request, and its client has a deadline."""
        hub = self._connection.factory.hub
        self._exchange = None
        self._is_leaving = True
        hub.requests.overdraw(1)
        self._deadline.set(hub.config.send_timeout_seconds)
        self.wants_no_more = not self._is_body_complete
        self._stream.requestDone(self)

    def left(self) -> None:
        """The end of the response has left, or the stream is reset."""
        self._deadline.stop()
        if self._is_leaving:
            self._is_leaving = False
            self._connection.factory.hub.requests.give_back(1)

    def drained(self) -> None:
        """Let the exchange continue."""
        if self._exchange is not None:
            self._exchange.drained()

    def abort(self) -> None:
        """Reset the stream."""
        self._exchange = None
        self._deadline.stop()
        self._stream.abortConnection()

    def send_continue(self) -> None:
        """Send 100 Continue."""
        self._stream._send100Continue()

    def pause_body(self) -> None:
        """Stop opening the client's window."""
        self._stream.pauseProducing()

    def resume_body(self) -> None:
        """Open the client's window again."""
        self._stream.resumeProducing()

    def set_deadline(self, seconds: float | None) -> None:
        """Set the exchange's deadline."""
        self._deadline.set(seconds)

    def close_after_response(self) -> None:
        """Nothing to do: the connection closes by itself."""

    def _expired(self) -> None:
        if self._exchange is not None:
            self._exchange.timed_out()
        elif self._is_leaving:
            self._connection.factory.hub.counters.add(Count.SLOW_CLIENTS)
            self._stream.abortConnection()
