"""A connection of HTTP/2: Twisted's protocol, with our requests (`http2_request`) on its streams.

Twisted keeps the protocol state and flow control. Priorities, which RFC 9113 has deprecated, are ignored: clients could
make Twisted's tree of them raise. Corrected here: the head is read from the frames in their order and checked as one of
HTTP/1 is; a connection with an open request is not idle; a response may be complete before its request; a stream whose
window is used up waits for the client's next frame (Twisted would poll it, with a whole processor); the end of a
response has a deadline, too; bytes of a body that is not read are acknowledged for the connection's window; and a
writer is notified when its stream has drained, also if the client's window is much larger than the bytes that may wait
in memory. Floods of frames end the connection (`http2_guard`).
A connection that is closed counts until the client has closed it, too, for at most a few seconds: TLS waits for that.
"""

import logging
from typing import Any

from h2.connection import H2Connection as ProtocolState
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError, StreamClosedError
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web._http2 import H2Connection  # Twisted has no public name for them

from ..counters import Count
from .facts import ConnectionFacts
from .http2_guard import FrameGuard
from .http2_request import QUEUE_MAX_BYTES, Http2Request
from .lingering import LINGER_SECONDS, Lingering
from .site import Site

log = logging.getLogger(__name__)

#: Bytes of all responses that may wait in the streams of one connection before they count in those of the process.
OUTPUT_FREE_BYTES = 2 * QUEUE_MAX_BYTES
#: Bytes of the table of sent headers (RFC 7541, 4.2), also if the client allows more: the table is searched for each
#: header of each response.
TABLE_MAX_BYTES = 4096
#: The number of ended streams that are kept, so that frames already sent to them are not an error.
CLOSED_STREAMS_COUNT = 200


class BoundedState(ProtocolState):
    """The state of the protocol, which keeps few ended streams: h2's own keeps 65,536 streams, in 8 MiB."""

    MAX_CLOSED_STREAMS = CLOSED_STREAMS_COUNT


class Http2Connection(H2Connection):  # type: ignore[misc]  # Twisted's class has no types
    """One client on HTTP/2."""

    #: Twisted's: waits until there is something to send.
    _sendingDeferred: "Deferred[Any] | None"
    _abortingCall: Any
    conn: ProtocolState
    #: Twisted's: seconds until a connection that should close is aborted.
    abortTimeout = LINGER_SECONDS

    def __init__(self, factory: Site) -> None:
        super().__init__(reactor=factory.hub.clock)
        self.conn = BoundedState(self.conn.config)
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
        self._lingering: Lingering | None = None

    def connectionMade(self) -> None:
        """Begin, and register for the transport's backpressure."""
        self.facts = ConnectionFacts(self.transport, self.factory.proxies)
        super().connectionMade()
        self.transport.registerProducer(self, True)
        self.factory.opened(self)

    def connectionLost(self, reason: Failure, _cancelTimeouts: bool = True) -> None:  # noqa: N803  # Twisted's name
        """The client has left, or (`_cancelTimeouts` False) must leave: abort its streams."""
        self._is_over = True
        if _cancelTimeouts:
            self.factory.closed(self)
        else:
            self._linger()
        super().connectionLost(reason, _cancelTimeouts)
        self.factory.hub.memory.hold(self, 0)

    def _linger(self) -> None:
        """Close: TLS does not close while a producer is registered, and waits for the client's close."""
        self._lingering = Lingering(self.transport)
        self._lingering.begin(has_unread=False, is_secure=self.facts.is_secure)
        self.setTimeout(None)
        if self._abortingCall is None:
            self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)

    def timeoutConnection(self) -> None:
        """Close an idle connection; one with requests is not idle, and they have deadlines of their own."""
        if self.streams:
            self.setTimeout(self.factory.hub.config.idle_timeout_seconds)
        else:
            self._close()

    def _close(self) -> None:
        """Close cleanly: nothing is under way."""
        super().timeoutConnection()
        self._linger()

    def go_away(self) -> None:
        """Close after the open requests are answered."""
        self._goes_away = True
        if not self.streams and self._lingering is None:
            self._close()

    def queued_bytes(self, stream_id: int) -> int:
        """Return the bytes of a response that wait in its stream."""
        queue = self._outboundStreamQueues.get(stream_id, ())
        return sum(len(data) for data in queue if isinstance(data, bytes))

    # Twisted calls these for all that one packet holds, also after what ended the connection.

    def _requestReceived(self, event: RequestReceived) -> None:
        if self._is_over:
            return
        super()._requestReceived(event)
        request: Http2Request = self.streams[event.stream_id]._request
        request.begin(event.headers or [], has_body=event.stream_ended is None)

    def _requestDataReceived(self, event: DataReceived) -> None:
        if event.stream_id in self.streams:
            super()._requestDataReceived(event)
        elif not self._is_over:
            self._acknowledge(event.stream_id, event.flow_controlled_length)

    def _requestEnded(self, event: StreamEnded) -> None:
        if event.stream_id in self.streams:
            super()._requestEnded(event)

    def _requestAborted(self, event: StreamReset) -> None:
        if event.stream_id in self.streams:
            super()._requestAborted(event)
            if self._is_over:
                self.factory.hub.counters.add(Count.FLOODS)

    def _requestDone(self, streamID: int) -> None:  # noqa: N803
        stream = self.streams[streamID]
        request: Http2Request = stream._request
        self._output_bytes -= self.queued_bytes(streamID)
        self._head_bytes -= request.head_bytes
        super()._requestDone(streamID)
        request.left()
        self.undrained.discard(request)
        if self._is_over:
            return
        self._acknowledge(streamID, sum(length or 0 for _, length in stream._inboundDataBuffer))
        if request.wants_no_more:
            self._stop_body(streamID)
        if self._goes_away and not self.streams:
            self._close()

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
        if self._lingering is not None:
            self._lingering.throw_away(data)
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
        """Log the reason, and close."""
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
        """Suspend streams with data and without window; an end of stream needs no window."""
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
