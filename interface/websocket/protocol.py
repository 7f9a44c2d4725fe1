"""Frames: Autobahn's server protocol, for sockets that the application has accepted already.

The client's own handshake never reaches Autobahn: it was parsed once, by HTTP, and Autobahn reads a head of constants
with a validated key and the chosen subprotocol. All of Autobahn's timers are off: the owner of the connection has one
for all deadlines. A socket whose client agreed to compression has another class (`compressed`).
"""

import logging
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from towpath.layers.log_fields import about
from towpath.layers.protocol import ABNORMAL_CLOSURE, NO_STATUS, PROTOCOL_ERROR

from ..bounds.memory import SMALL_BYTES, ClientMemory
from ..eventloop.clock import Clock
from .output import TRANSPORT_BYTES, Flow, Output, Outputs, Progress

log = logging.getLogger(__name__)


#: Heads and payloads of frames that are read without a pause for other connections: one packet may hold ten thousand
#: pings, which would take a quarter of a second.
STEPS_AT_A_TIME = 64

_NO_QUEUE: deque[Any] = deque()

_HEAD = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{fields}\r\n"
)


class Factory(Protocol):
    """The parts of a `SocketFactory` that a socket uses; Autobahn uses more of it."""

    clock: Clock
    outputs: Outputs
    memory: ClientMemory


class Connection(Protocol):
    """The calls of a socket to the connection it belongs to."""

    def heard(self) -> None:
        """Bytes of the client were received."""

    def received(self, payload: bytearray, is_binary: bool) -> None:
        """A message has arrived; if it is text, it is valid UTF-8."""

    def closing(self) -> None:
        """A close frame was sent, or the connection is being closed: no more messages may be sent."""

    def cut_off(self) -> None:
        """The client is too slow (see `output`)."""

    def shed(self) -> None:
        """Close: an incomplete message is one of the largest buffers, and all together exceed their bound."""

    def failed(self) -> None:
        """Handling a message raised; it was logged."""

    def disconnected(self, code: int) -> None:
        """The connection is closed; the close code is the client's, the server's, or 1006."""

    def log_fields(self) -> Mapping[str, object]:
        """Return the fields of this connection in log lines (see `layers.log_fields`)."""


class Socket(WebSocketServerProtocol):
    """One open WebSocket. `SocketFactory.socket` makes them."""

    #: TCP, UNIX or TLS: they share more methods than Twisted's interfaces declare.
    transport: Any
    #: Autobahn turns Nagle's algorithm off before it copies the factory's options, so it must find this one here.
    tcpNoDelay = True
    #: The extension that is offered to Autobahn for the client.
    offer: str | None = None
    #: The incomplete message is, or was, one of the large buffers of the process.
    _is_counted = False
    _is_shed = False
    #: Headers that the application adds to the answer to the handshake, until that is written.
    _header_lines = b""

    def __init__(self, factory: Factory, owner: Connection, subprotocol: str | None) -> None:
        super().__init__()
        self.factory = factory
        self._owner = owner
        self._subprotocol = subprotocol
        self._output: Output | None = None
        self._received = bytearray()
        self._is_binary = False
        #: Reading is paused: received bytes wait in Autobahn's buffer.
        self.is_held = False
        #: Reading is paused for a moment, so that other connections are served.
        self._is_resting = False

    def open(self, key: str, header_lines: bytes = b"") -> None:
        """Answer the client's handshake, whose Sec-WebSocket-Key is `key`, with 101 and additional headers.

        Raises:
            RuntimeError: Autobahn did not take the handshake that was made for it.
        """
        self._output = output = Output(self.factory.outputs, self.transport, self._owner)
        self.registerProducer(output, True)
        fields = f"Sec-WebSocket-Protocol: {self._subprotocol}\r\n" if self._subprotocol else ""
        if self.offer is not None:
            fields += f"Sec-WebSocket-Extensions: {self.offer}\r\n"
        self._header_lines = header_lines
        self.data = _HEAD.format(key=key, fields=fields).encode("ascii")
        self.consumeData()
        if self.state != self.STATE_OPEN:
            self.dropConnection(abort=True)
            raise RuntimeError(f"Autobahn refused the handshake: {self.wasNotCleanReason}")
        # A sixth of what an idle socket holds: unused headers, and a queue that `sendData` bypasses.
        self.http_headers = {}
        self.send_queue = _NO_QUEUE

    def hold(self) -> None:
        """Stop reading: the client's TCP window fills."""
        self.is_held = True
        self.transport.pauseProducing()

    def release(self) -> None:
        """Read again, beginning with the bytes that wait."""
        self.is_held = False
        if self.data and not self._is_resting:
            self.consumeData()
        if self._is_counted:
            self._count()
        self._read_on()

    def abort(self) -> None:
        """Abort the connection at once."""
        self.transport.abortConnection()

    def close_code(self, was_clean: bool) -> int:
        """Return the code that a disconnect message carries."""
        if was_clean and not self.failedByMe:
            return NO_STATUS if self.remoteCloseCode is None else int(self.remoteCloseCode)
        return ABNORMAL_CLOSURE if self.localCloseCode is None else int(self.localCloseCode)

    # Called by Twisted and Autobahn.

    def onConnect(self, request: object) -> str | None:
        """Return the subprotocol that the application chose."""
        return self._subprotocol

    def dataReceived(self, data: bytes) -> None:
        """Take bytes from the client."""
        self._owner.heard()
        self.data += data
        if not self._is_resting:
            self.consumeData()
        if self.data or self._received or self._is_counted:
            self._count()

    def _count(self) -> None:
        """Report the bytes of an incomplete message, and those behind it, to the account of the process."""
        held = 0 if self._is_shed or self.state == self.STATE_CLOSED else len(self.data) + len(self._received)
        self._is_counted = held > SMALL_BYTES
        self.factory.memory.hold(self, held)

    def shed(self) -> None:
        """Drop the incomplete message, and close: all buffers of the process together exceed their bound."""
        self._is_counted = False
        self._is_shed = True
        self._received = bytearray()
        self._owner.shed()

    def consumeData(self) -> None:
        """Parse received bytes, up to the frame after which the server stopped reading."""
        if self.state not in (self.STATE_OPEN, self.STATE_CLOSING):
            super().consumeData()
            return
        steps = STEPS_AT_A_TIME
        while not self.is_held and self.processData() and self.state != self.STATE_CLOSED:
            steps -= 1
            if not steps:
                self._rest()
                break
        if self.failedByMe and self.localCloseCode == PROTOCOL_ERROR:
            # RFC 6455, 7.1.7: bytes behind a violation are not read as frames.
            self.data = b""
            self.dropConnection()

    def _rest(self) -> None:
        self._is_resting = True
        self.transport.pauseProducing()
        self.factory.clock.callLater(0, self._rested)

    def _rested(self) -> None:
        self._is_resting = False
        if self.state != self.STATE_CLOSED:
            if not self.is_held:
                self.consumeData()
            if self._is_counted:
                self._count()
            self._read_on()

    def _read_on(self) -> None:
        if not self.is_held and not self._is_resting:
            self.transport.resumeProducing()

    @property
    def output_progress(self) -> Progress | None:
        """The client's progress in reading; None before the socket is open."""
        return None if self._output is None else self._output.progress

    @property
    def is_writable(self) -> bool:
        """Whether the only waiting bytes are in the transport's buffer, below its bound."""
        return self._output is not None and self._output.flow is Flow.FLOWING

    def send_frame(self, data: bytes, is_shared: bool = False) -> None:
        """Send a message that is encoded already; `is_shared`: others are sent the same object."""
        output = self._output
        if output is None or (output.flow is Flow.FLOWING and len(data) <= TRANSPORT_BYTES):
            self.transport.write(data)
        else:
            output.write(data, is_shared=is_shared)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Write Autobahn's own output: control frames, and the answer to the handshake."""
        if self._header_lines:
            data, self._header_lines = data.removesuffix(b"\r\n") + self._header_lines + b"\r\n", b""
        output = self._output
        if output is None or output.flow is Flow.FLOWING:
            self.transport.write(data)
        else:
            output.write(data, is_control=True)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:
        """Send a close frame: the answer to the client's, after an error, or for the application."""
        super().sendCloseFrame(*args, **kwargs)
        self._owner.closing()

    def dropConnection(self, abort: bool = False) -> None:
        """End the TCP connection: cleanly after a complete closing handshake, where Autobahn would abort it."""
        if self._output is not None:
            self._output.finish()
        super().dropConnection(abort and not self.wasClean)
        self._owner.closing()

    def onMessageBegin(self, isBinary: bool) -> None:  # noqa: N803  (Autobahn's names)
        """Begin a message."""
        super().onMessageBegin(isBinary)  # counts the length
        self._is_binary = isBinary
        self._received = bytearray()

    def onMessageFrameData(self, payload: bytes) -> None:
        """Append received bytes of a message; many small pieces cost as much as a large one."""
        if not self.failedByMe and not self._is_shed:
            self._received += payload

    def onMessageFrameEnd(self) -> None:
        """End a frame; there is nothing to join."""

    def onMessageEnd(self) -> None:
        """Deliver a message."""
        received, self._received = self._received, bytearray()
        if self.failedByMe:
            return
        try:
            self._owner.received(received, self._is_binary)
        except Exception:
            log.exception("Handling a message of %s failed: closing it", self.peer, extra=about(self._owner))
            self._owner.failed()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Free the transport and its buffers now: Autobahn's future has this socket as its result, which is a cycle."""
        super().connectionLost(reason)
        self.is_closed = None

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N803
        """The connection has gone."""
        if self._output is not None:
            self._output.stop()
        self.factory.memory.hold(self, 0)
        try:
            self._owner.disconnected(self.close_code(wasClean))
        except Exception:
            log.exception("Handling the end of %s failed", self.peer, extra=about(self._owner))
