"""A connection of HTTP/2: Twisted's protocol, with our requests on its streams.

Twisted keeps the protocol state and flow control. Priorities, which RFC 9113 has deprecated, are ignored: clients could
make Twisted's tree of them raise. Corrected here: the head is read from the frames in their order and checked as one of
HTTP/1 is; a connection with an open request is not idle; a response may be complete before its request; a stream whose
window is used up waits for the client's next frame (Twisted would poll it, with a whole processor); the end of a
response has a deadline, too; bytes of a body that is not read are acknowledged for the connection's window; and a
writer is notified when its stream has drained, also if the client's window is much larger than the bytes that may wait
in memory. Floods of frames end the connection (`http2_guard`).
"""

import logging
from typing import Any

from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError, StreamClosedError
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web._http2 import H2Connection, H2Stream  # Twisted has no public name for them

from ..bounds.memory import SMALL_BYTES
from ..counters import Count
from ..eventloop.deadlines import Deadline
from .answer import DATE
from .exchange import Exchange
from .facts import ConnectionFacts, request_head
from .headers import BadRequest
from .http2_guard import FrameGuard
from .http2_head import parse_http2_head
from .pages import page
from .response import ResponseHead
from .site import Site

log = logging.getLogger(__name__)

#: Bytes of one response that may wait in its stream before its sender does.
QUEUE_MAX_BYTES = 64 * 1024
#: Bytes of all responses that may wait in the streams of one connection before they count in those of the process.
OUTPUT_FREE_BYTES = 2 * QUEUE_MAX_BYTES
#: Bytes of the table of sent headers (RFC 7541, 4.2), also if the client allows more: the table is searched for each
#: header of each response.
TABLE_MAX_BYTES = 4096


class Http2Connection(H2Connection):  # type: ignore[misc]  # Twisted's class has no types
    """One client on HTTP/2."""

    #: Twisted's: waits until there is something to send.
    _sendingDeferred: "Deferred[Any] | None"

    def __init__(self, factory: Site) -> None:
        super().__init__(reactor=factory.hub.clock)
        self.factory = factory
        self.requestFactory = Http2Request
        self.timeOut = factory.hub.config.idle_timeout_seconds
        self.callLater = factory.hub.clock.callLater
        #: Requests that wait until their written bytes have been sent.
        self.undrained: set[Http2Request] = set()
        self._goes_away = False
        self._guard = FrameGuard(factory.hub.clock.seconds, factory.hub.config.head_max_bytes)
        #: Bytes of responses that wait in streams, and of large heads of requests that are open.
        self._output_bytes = self._head_bytes = 0
        #: Nothing more is read, or the connection has ended.
        self._is_over = False

    def connectionMade(self) -> None:
        """Begin, and register for the transport's backpressure."""
        self.facts = ConnectionFacts(self.transport, self.factory.proxies)
        super().connectionMade()
        self.transport.registerProducer(self, True)
        self.factory.opened(self)

    def connectionLost(self, reason: Failure, _cancelTimeouts: bool = True) -> None:  # noqa: N803  # Twisted's name
        """The client has left: abort its streams."""
        self._is_over = True
        self.factory.closed(self)
        super().connectionLost(reason, _cancelTimeouts)
        self.factory.hub.memory.hold(self, 0)

    def timeoutConnection(self) -> None:
        """Close an idle connection; one with requests is not idle, and they have deadlines of their own."""
        if self.streams:
            self.setTimeout(self.factory.hub.config.idle_timeout_seconds)
        else:
            super().timeoutConnection()

    def go_away(self) -> None:
        """Close after the open requests are answered."""
        self._goes_away = True
        if not self.streams:
            super().timeoutConnection()

    def queued_bytes(self, stream_id: int) -> int:
        """Return the bytes of a response that wait in its stream."""
        queue = self._outboundStreamQueues.get(stream_id, ())
        return sum(len(data) for data in queue if isinstance(data, bytes))

    def _requestReceived(self, event: RequestReceived) -> None:
        super()._requestReceived(event)
        request: Http2Request = self.streams[event.stream_id]._request
        request.begin(event.headers or [], has_body=event.stream_ended is None)

    def _requestDataReceived(self, event: DataReceived) -> None:
        if event.stream_id in self.streams:
            super()._requestDataReceived(event)
        else:
            self._acknowledge(event.stream_id, event.flow_controlled_length)

    def _requestEnded(self, event: StreamEnded) -> None:
        if event.stream_id in self.streams:
            super()._requestEnded(event)

    def _requestDone(self, streamID: int) -> None:  # noqa: N803
        stream = self.streams[streamID]
        request: Http2Request = stream._request
        self._output_bytes -= self.queued_bytes(streamID)
        self._head_bytes -= request.head_bytes
        super()._requestDone(streamID)
        request.left()
        self.undrained.discard(request)
        self._acknowledge(streamID, sum(length or 0 for _, length in stream._inboundDataBuffer))
        if request.wants_no_more:
            self._stop_body(streamID)
        if self._goes_away and not self.streams:
            super().timeoutConnection()

    def _acknowledge(self, stream_id: int, length: int) -> None:
        """Acknowledge received bytes that no request reads, so that the window of the connection opens again."""
        if length:
            self.conn.acknowledge_received_data(length, stream_id)
            self._tryToWriteControlData()

    def _stop_body(self, stream_id: int) -> None:
        """Reset the stream without an error: the rest of its body is not read (RFC 9113, 8.1)."""
        try:
            self.conn.reset_stream(stream_id, error_code=ErrorCodes.NO_ERROR)
        except StreamClosedError:
            return  # its end, or its own reset, came first
        self._tryToWriteControlData()

    def dataReceived(self, data: bytes) -> None:
        """Take frames, and send on streams whose windows they have opened."""
        if self._is_over:
            return
        if not self._guard.allows(data):
            self.factory.hub.counters.add(Count.FLOODS)
            self._end(ErrorCodes.ENHANCE_YOUR_CALM, "the client sends too many frames")
            return
        try:
            super().dataReceived(data)
        except Exception as error:
            log.error("HTTP/2 of %s failed, and is closed: %.200r", self.facts.client, error)
            self.factory.hub.counters.add(Count.HANDLERS_FAILED)
            self._end(ErrorCodes.INTERNAL_ERROR, "failed")
            return
        if self.conn.encoder.header_table_size > TABLE_MAX_BYTES:
            self.conn.encoder.header_table_size = TABLE_MAX_BYTES
        self.count()
        self._wake_streams()

    def _handlePriorityUpdate(self, event: object) -> None:
        """Nothing to do: all streams have their turn."""

    def _end(self, code: ErrorCodes, reason: str) -> None:
        """Say why, and close."""
        self._is_over = True
        try:
            self.conn.close_connection(error_code=code)
        except ProtocolError:
            self.transport.abortConnection()  # it is closed already, as far as the protocol is concerned
        else:
            self._terminate(Failure(ConnectionLost(reason)))

    # Memory

    def queued(self, length: int) -> None:
        """Note the length of content that waits in a stream."""
        self._output_bytes += length
        if self._output_bytes > OUTPUT_FREE_BYTES:
            self.count()

    def opened(self, head_bytes: int) -> None:
        """Note the length of a large head."""
        self._head_bytes += head_bytes

    def count(self) -> None:
        """Report the bytes that this connection keeps, beyond its own allowance, to the account of the process."""
        output = max(self._output_bytes - OUTPUT_FREE_BYTES, 0)
        held = 0 if self._is_over else output + self._head_bytes + self._guard.block_bytes
        self.factory.hub.memory.hold(self, held)

    def shed(self) -> None:
        """Close: this connection's buffer is one of the largest, and all buffers together exceed their bound."""
        self.factory.hub.counters.add(Count.BUFFERS_SHED)
        self._is_over = True
        self.transport.abortConnection()

    def _wake_streams(self) -> None:
        waiting = [stream_id for stream_id, queue in self._outboundStreamQueues.items() if queue]
        woken = [stream_id for stream_id in waiting if self.conn.local_flow_control_window(stream_id) > 0]
        for stream_id in woken:
            self.priority.unblock(stream_id)
        sending = self._sendingDeferred
        if woken and sending is not None:
            self._sendingDeferred = None
            sending.callback(None)

    def _rest_streams(self) -> None:
        """Let streams wait that have data and no window; an end of stream needs none."""
        for stream_id, queue in self._outboundStreamQueues.items():
            if queue and isinstance(queue[0], bytes) and self.conn.local_flow_control_window(stream_id) <= 0:
                self.priority.block(stream_id)

    def _sendPrioritisedData(self, *args: object) -> None:
        window = self.conn.outbound_flow_control_window
        super()._sendPrioritisedData(*args)
        sent = max(window - self.conn.outbound_flow_control_window, 0)
        if sent:
            self._output_bytes -= sent
            self._guard.sent(sent)
            self.count()
        self._rest_streams()
        for request in [request for request in self.undrained if request.is_writable]:
            self.undrained.discard(request)
            request.drained()


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
        self._connection: Http2Connection = stream._conn
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
        """Let the exchange go on."""
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
        """Give it room again."""
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
