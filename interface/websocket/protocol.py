"""Frames: Autobahn's server protocol, for sockets that the application has accepted already.

The client's own handshake never reaches Autobahn: it was parsed once, by HTTP, and what Autobahn gets to see is a
head of constants with a checked key and the chosen subprotocol. All of Autobahn's timers are off: the owner of the
connection keeps one for everything. A socket whose client agreed to compression is one of another class.
"""

import logging
from collections import deque
from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ..bounds.memory import SMALL_BYTES, ClientMemory
from ..eventloop.clock import Clock
from .output import TRANSPORT_BYTES, Flow, Output, Outputs, Progress

log = logging.getLogger(__name__)

PROTOCOL_ERROR = 1002
NO_STATUS = 1005
ABNORMAL_CLOSURE = 1006

#: Heads and payloads of frames that are read in one go: one packet may hold ten thousand pings, which would take a
#: quarter of a second.
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
        """The client sent something."""

    def received(self, payload: bytearray, is_binary: bool) -> None:
        """A message has arrived; if it is text, it is valid UTF-8."""

    def closing(self) -> None:
        """A close frame was sent, or the end of the connection begun: no more messages may be sent."""

    def cut_off(self) -> None:
        """The client is too slow (see `output`)."""

    def shed(self) -> None:
        """Close: the message that comes is one of the largest buffers, and the process holds too much."""

    def failed(self) -> None:
        """Handling a message raised; it was logged."""

    def disconnected(self, code: int) -> None:
        """The connection has gone; the close code is the client's, or ours, or 1006."""


class Socket(WebSocketServerProtocol):
    """One open WebSocket. `SocketFactory.socket` makes them."""

    #: TCP, UNIX or TLS: what they have in common is more than Twisted's interfaces say.
    transport: Any
    #: Autobahn turns Nagle's algorithm off before it copies the factory's options, so it must find this one here.
    tcpNoDelay = True
    #: The extension that is offered to Autobahn in the client's name.
    offer: str | None = None
    #: The message that comes is one of the large buffers of the process, or was.
    _is_counted = False
    _is_shed = False
    #: What the application adds to the answer to the handshake, until that is written.
    _header_lines = b""

    def __init__(self, factory: Factory, owner: Connection, subprotocol: str | None) -> None:
        super().__init__()
        self.factory = factory
        self._owner = owner
        self._subprotocol = subprotocol
        self._output: Output | None = None
        self._received = bytearray()
        self._is_binary = False
        #: The server does not read for now: what has come already waits in Autobahn's buffer.
        self.is_held = False
        #: It does not for a moment, so that the others get their turn.
        self._is_resting = False

    def open(self, key: str, header_lines: bytes = b"") -> None:
        """Answer the client's handshake, whose Sec-WebSocket-Key is `key`, with 101 and these headers besides.

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
        """Read again, first what has come already."""
        self.is_held = False
        if self.data and not self._is_resting:
            self.consumeData()
        if self._is_counted:
            self._count()
        self._read_on()

    def abort(self) -> None:
        """End the connection at once, whatever it waits for."""
        self.transport.abortConnection()

    def close_code(self, was_clean: bool) -> int:
        """Return the code that a disconnect message carries."""
        if was_clean and not self.failedByMe:
            return NO_STATUS if self.remoteCloseCode is None else int(self.remoteCloseCode)
        return ABNORMAL_CLOSURE if self.localCloseCode is None else int(self.localCloseCode)

    # What Twisted and Autobahn call.

    def onConnect(self, request: object) -> str | None:
        """Choose the subprotocol: it was chosen already."""
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
        """Tell the process how much of a message, and behind it, has come."""
        held = 0 if self._is_shed or self.state == self.STATE_CLOSED else len(self.data) + len(self._received)
        self._is_counted = held > SMALL_BYTES
        self.factory.memory.hold(self, held)

    def shed(self) -> None:
        """Drop the message that comes, and close: the buffers of the process are too large together."""
        self._is_counted = False
        self._is_shed = True
        self._received = bytearray()
        self._owner.shed()

    def consumeData(self) -> None:
        """Parse what has come, up to the frame that made the server stop reading."""
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
            # RFC 6455, 7.1.7: after a violation what follows cannot be trusted to be frames.
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
        """How far the client has come with what it was sent; None before the socket is open."""
        return None if self._output is None else self._output.progress

    @property
    def is_writable(self) -> bool:
        """Whether nothing waits for the client but in the transport's buffer, below its bound."""
        return self._output is not None and self._output.flow is Flow.FLOWING

    def send_frame(self, data: bytes, is_shared: bool = False) -> None:
        """Send a message that is encoded already; `is_shared`: others are sent the same object."""
        output = self._output
        if output is None or (output.flow is Flow.FLOWING and len(data) <= TRANSPORT_BYTES):
            self.transport.write(data)
        else:
            output.write(data, is_shared=is_shared)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Write what Autobahn sends by itself: control frames, and the answer to the handshake."""
        if self._header_lines:
            data, self._header_lines = data.removesuffix(b"\r\n") + self._header_lines + b"\r\n", b""
        output = self._output
        if output is None or output.flow is Flow.FLOWING:
            self.transport.write(data)
        else:
            output.write(data, is_control=True)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:
        """Send a close frame: an answer, an error, or of our own will."""
        super().sendCloseFrame(*args, **kwargs)
        self._owner.closing()

    def dropConnection(self, abort: bool = False) -> None:
        """End the TCP connection: in order after a complete closing handshake, whatever Autobahn prefers."""
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
        """Collect what has come; many tiny pieces cost no more than one."""
        if not self.failedByMe and not self._is_shed:
            self._received += payload

    def onMessageFrameEnd(self) -> None:
        """End a frame; there is nothing to join."""

    def onMessageEnd(self) -> None:
        """Hand over a message."""
        received, self._received = self._received, bytearray()
        if self.failedByMe:
            return
        try:
            self._owner.received(received, self._is_binary)
        except Exception:
            log.exception("Handling a message of %s failed: closing it", self.peer)
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
            log.exception("Handling the end of %s failed", self.peer)
