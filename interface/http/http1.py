"""A connection of HTTP/1.0 and 1.1: heads and bodies in, one response at a time out.

The state of a connection, and the treatment of received bytes in it, is a `State` (see `http1_state`).
"""

import logging
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from towpath.layers.client_log import ClientLines

from ..bounds.memory import SMALL_BYTES
from ..counters import Count
from ..eventloop.deadlines import Deadline
from .answer import DATE
from .chunks import BadChunk, ChunkedBody, LengthBody
from .facts import ConnectionFacts, request_head
from .handover import hand_over
from .headers import BadRequest, ParsedHead
from .heads import HeadReader
from .http1_state import State
from .http1_writer import CONTINUE, encode_chunk, encode_head
from .lingering import LINGER_SECONDS, Lingering
from .pages import page
from .response import Ending, ResponseHead
from .site import Site
from .upgrade import VERSION_HEADERS, Handshake, WrongVersion, check_handshake, wants_websocket
from .wire import Occupant

log = logging.getLogger(__name__)
log.addFilter(ClientLines())

#: Bytes of later requests that are kept while one is answered: enough to notice a disconnection, not for uploads.
HELD_MAX_BYTES = 64 * 1024
#: Seconds that a client has for its first request if it was connected when the server began to drain.
NEWCOMER_SECONDS = 1.0


@implementer(IPushProducer)
class Http1Connection(Protocol):
    """One client on HTTP/1; a `Wire` for one request after the other. Begins HTTP/2 where TLS has agreed on it."""

    def __init__(self, factory: Site) -> None:
        self.factory: Site = factory
        self._hub = factory.hub
        self._state = State.IDLE
        self._is_first_data = True
        self._buffer = b""
        #: The length of the head of the request that is answered.
        self._head_bytes = 0
        self._is_counted = False
        self._is_busy = False
        self._heads = HeadReader(self._hub.config.head_max_bytes, self._hub.config.headers_max_count)
        self._lingering: Lingering | None = None
        self._occupant: Occupant | None = None
        self._body: LengthBody | ChunkedBody | None = None
        self._ending = Ending.LENGTH
        self._keeps_open = True
        self._has_started = False
        self._goes_away = False
        self._is_blocked = False
        self._is_body_paused = False
        self._is_reading = True
        self._deadline = Deadline(self._hub.deadlines, self._expired)

    # Called by Twisted, the factory and the occupant

    def connectionMade(self) -> None:
        """Begin to read from a client, or refuse it if too many are connected."""
        transport = self._transport
        set_no_delay = getattr(transport, "setTcpNoDelay", None)
        if set_no_delay is not None:
            set_no_delay(True)
        transport.registerProducer(self, True)
        self._facts = ConnectionFacts(transport, self.factory.proxies)
        self._deadline.set(self._hub.config.idle_timeout_seconds)
        if not self.factory.opened(self):
            self._refuse(BadRequest("Too many connections are open.", 503))

    def dataReceived(self, data: bytes) -> None:
        """Take bytes that the client sent."""
        if self._is_first_data:
            self._is_first_data = False
            if getattr(self.transport, "negotiatedProtocol", None) == b"h2":
                self._become_http2(data)
                return
        self._buffer = self._buffer + data if self._buffer else data
        self._work()
        if self._buffer or self._body is not None or self._head_bytes > SMALL_BYTES or self._is_counted:
            self._count()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client has gone."""
        self._state = State.GONE
        self._deadline.stop()
        self.factory.closed(self)
        self._hub.memory.hold(self, 0)
        occupant, self._occupant = self._occupant, None
        if occupant is not None:
            occupant.client_left()

    def pauseProducing(self) -> None:
        """The transport's output buffer is full: the client takes too little."""
        self._is_blocked = True
        self._adjust_reading()

    def resumeProducing(self) -> None:
        """The transport's output buffer is empty."""
        self._is_blocked = False
        self._adjust_reading()
        if self._occupant is not None:
            self._occupant.drained()
        elif self._state is State.IDLE:
            self._deadline.set(self._hub.config.idle_timeout_seconds)
            self._work()

    def stopProducing(self) -> None:
        """Nothing to do: `connectionLost` follows."""

    def go_away(self) -> None:
        """Close after the open request is answered; at once if the client has had an answer and is idle."""
        self._goes_away = True
        if self._state is State.HEAD or (self._state is State.IDLE and self._is_first_data):
            self._deadline.set(NEWCOMER_SECONDS)
        elif self._state is State.IDLE:
            self._close()

    @property
    def is_writable(self) -> bool:
        """Whether the transport has room for another block."""
        return not self._is_blocked

    def start(self, head: ResponseHead, content: bytes, *, is_last: bool) -> None:
        """Write a response's head and content at once."""
        self._has_started = True
        self._ending = head.ending
        self._keeps_open = self._keeps_open and not (
            self._goes_away or head.is_last or head.ending is Ending.CLOSE or self._state is not State.ANSWERING
        )
        self.write(content, is_last=is_last, before=encode_head(head, self._keeps_open))

    def write(self, content: bytes, *, is_last: bool, before: bytes = b"") -> None:
        """Write content in the framing of this response."""
        if self._ending is Ending.CHUNKED:
            content = encode_chunk(content, is_last)
        data = before + content
        if data:
            self._transport.write(data)
        if is_last:
            self._end_response()

    def abort(self) -> None:
        """Abort the connection, so that the client recognizes an incomplete response."""
        self._occupant = None
        self._transport.abortConnection()

    def send_continue(self) -> None:
        """Send 100 Continue, unless the client has begun to send the body."""
        if not self._buffer:
            self._transport.write(CONTINUE)

    def pause_body(self) -> None:
        """Stop reading."""
        self._is_body_paused = True
        self._adjust_reading()

    def resume_body(self) -> None:
        """Go on reading."""
        self._is_body_paused = False
        self._adjust_reading()

    def set_deadline(self, seconds: float | None) -> None:
        """Set the occupant's deadline."""
        self._deadline.set(seconds)

    def close_after_response(self) -> None:
        """Take no further request."""
        self._goes_away = True

    def take_over(self, protocol: Protocol) -> bytes:
        """Pass the transport to another protocol; return the client's unread bytes."""
        pending, self._buffer = self._buffer, b""
        self._occupant = None
        self._leave_transport(protocol)
        return pending

    # Heads

    def _work(self) -> None:
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._buffer and _STEPS[self._state](self):
                pass
        finally:
            self._is_busy = False

    def _take_head(self) -> bool:
        if self._is_blocked:  # the client reads no response: its next requests wait
            return False
        try:
            length = len(self._buffer)
            parsed, self._buffer = self._heads.read(self._buffer)
            if parsed is not None:
                self._head_bytes = length - len(self._buffer)
                self._begin(parsed)
                return True
        except BadRequest as error:
            self._refuse(error)
            return True
        if self._heads.has_begun and self._state is State.IDLE:
            self._state = State.HEAD
            self._deadline.set(NEWCOMER_SECONDS if self._goes_away else self._hub.config.head_timeout_seconds)
        return False

    def _refuse(self, error: BadRequest) -> None:
        """Answer a request that is refused, and close."""
        self._state = State.HEAD
        headers = VERSION_HEADERS if isinstance(error, WrongVersion) else ()
        head, content = page(error.status, None, error.detail, headers, DATE.now())
        self._deadline.set(None)
        self.factory.log_refused(self._facts, error.status, len(content))
        self.start(head, content, is_last=True)

    def _break_off(self, error: BadRequest) -> None:
        """Answer a request whose body is malformed, unless its response has begun."""
        if self._has_started:
            self._transport.abortConnection()
        else:
            self._refuse(error)

    def _begin(self, parsed: ParsedHead) -> None:
        self._keeps_open = not parsed.is_last
        self._has_started = self._is_body_paused = False
        head = request_head(parsed, self._facts, self.factory.proxies, self._hub.config)
        if wants_websocket(parsed):
            self._begin_handshake(parsed, Handshake(self, head, self.take_over))
            return
        exchange = self.factory.exchange(self._hub, self.factory.converse, self, head)
        self._occupant = exchange
        if parsed.length == 0:
            self._state = State.ANSWERING
        else:
            self._state = State.BODY
            self._body = LengthBody(parsed.length) if parsed.length is not None else ChunkedBody()
        exchange.begin(parsed.length, parsed.expects_continue)

    def _begin_handshake(self, parsed: ParsedHead, handshake: Handshake) -> None:
        check_handshake(parsed)
        self._state = State.ANSWERING
        self._occupant = handshake
        self._deadline.set(None)
        self.factory.begin_websocket(handshake)

    # Bodies, and the bytes behind them

    def _take_body(self) -> bool:
        body, occupant = self._body, self._occupant
        data, self._buffer = self._buffer, b""
        if body is None or occupant is None:
            return False
        try:
            content, rest = body.feed(data)
        except BadChunk as error:
            log.info("A chunked body of %s is not valid: %s", self._facts.client, error)
            self._occupant = None
            occupant.client_left()
            self._break_off(BadRequest(str(error)))
            return True
        if rest is not None:
            self._buffer = rest
            self._body = None
            self._state = State.ANSWERING
        if content:
            occupant.body_received(content)
        if rest is not None and self._occupant is occupant:
            occupant.body_complete()
        return True

    def _hold(self) -> bool:
        self._adjust_reading()
        return False

    def _throw_away(self) -> bool:
        data, self._buffer = self._buffer, b""
        if self._lingering is not None:
            self._lingering.throw_away(data)
        return False

    def _adjust_reading(self) -> None:
        """Pause or resume reading from the client; the only place that does."""
        held = len(self._buffer) if self._state is State.ANSWERING else 0
        wanted = not (
            (self._is_body_paused and self._state is State.BODY)
            or (self._is_blocked and self._state in (State.IDLE, State.HEAD))
            or held > HELD_MAX_BYTES
        )
        if wanted is not self._is_reading and self._state is not State.GONE:
            self._is_reading = wanted
            if wanted:
                self._transport.resumeProducing()
            else:
                self._transport.pauseProducing()

    def _count(self) -> None:
        """Report the number of the client's bytes that are kept to the account of the process."""
        kept = len(self._buffer) + self._head_bytes + (0 if self._body is None else self._body.kept_bytes)
        self._is_counted = kept > SMALL_BYTES
        self._hub.memory.hold(self, 0 if self._state is State.GONE else kept)

    def shed(self) -> None:
        """Close: this client's buffer is one of the largest, and all buffers together exceed their bound."""
        self._hub.counters.add(Count.BUFFERS_SHED)
        if self._state is State.HEAD:
            self._refuse(BadRequest("The server has no room for this request right now.", 503))
        else:
            self._transport.abortConnection()

    # Ends

    def _end_response(self) -> None:
        self._occupant = None
        self._body = None
        self._head_bytes = 0
        if self._is_counted:
            self._count()
        if not self._keeps_open or self._goes_away or self._state is not State.ANSWERING:
            self._close()
            return
        self._state = State.IDLE
        config = self._hub.config
        self._deadline.set(config.send_timeout_seconds if self._is_blocked else config.idle_timeout_seconds)
        if not self._is_reading or self._is_blocked:
            self._adjust_reading()
        if self._buffer:
            self._work()

    def _close(self) -> None:
        """Close when everything is written; the client may be in the middle of a request."""
        if self._state in (State.LINGERING, State.GONE):
            return
        has_unread = self._state in (State.BODY, State.HEAD) or bool(self._buffer)
        self._state = State.LINGERING
        self._buffer = b""
        self._hub.memory.hold(self, 0)
        self._adjust_reading()
        self._deadline.set(self._hub.config.send_timeout_seconds if self._is_blocked else LINGER_SECONDS)
        self._lingering = Lingering(self._transport)
        self._lingering.begin(has_unread, self._facts.is_secure)

    def _expired(self) -> None:
        if self._occupant is not None:
            self._occupant.timed_out()
        elif self._state is State.HEAD:
            self._refuse(BadRequest("The request did not come in time.", 408))
        elif self._state is State.IDLE and not self._is_blocked:
            self._close()
        else:
            self._transport.abortConnection()

    # Other protocols

    def _become_http2(self, data: bytes) -> None:
        protocol = self.factory.build_http2()
        self._leave_transport(protocol)
        protocol.dataReceived(data)

    def _leave_transport(self, protocol: Protocol) -> None:
        self._state = State.GONE
        self._deadline.stop()
        self.factory.closed(self)
        self._hub.memory.hold(self, 0)
        transport, self.transport = self._transport, None  # a cycle would keep its buffers until a collection
        hand_over(transport, protocol)
        if not self._is_reading:
            self._is_reading = True
            transport.resumeProducing()

    # `Any`: Twisted spreads a transport's methods over a dozen interfaces; this one writes, closes, aborts and pauses.
    @property
    def _transport(self) -> Any:
        return self.transport


#: The handler of received bytes in each state; False: wait for more, or for the response.
_STEPS: dict[State, Callable[[Http1Connection], bool]] = {
    State.IDLE: Http1Connection._take_head,
    State.HEAD: Http1Connection._take_head,
    State.BODY: Http1Connection._take_body,
    State.ANSWERING: Http1Connection._hold,
    State.LINGERING: Http1Connection._throw_away,
    State.GONE: Http1Connection._throw_away,
}
