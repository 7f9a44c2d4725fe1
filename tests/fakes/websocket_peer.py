"""One open WebSocket in memory: takes the bytes of a client, and returns messages and everything that was written."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from towpath.interface.bounds.memory import ClientMemory
from towpath.interface.config import InterfaceConfig
from towpath.interface.websocket.protocol import Socket
from towpath.interface.websocket.sockets import SocketFactory

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Heard(NamedTuple):
    """The result of a client's bytes: messages, all that was written, the close code after the end."""

    messages: list[tuple[bytes, bool]]
    written: bytes
    code: int | None


class Owner:
    """Records the events of a socket."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bool]] = []
        self.code: int | None = None
        self.is_cut_off = False
        self.is_closing = False
        self.socket: Any = None

    def heard(self) -> None:
        pass

    def received(self, payload: bytearray, is_binary: bool) -> None:
        if not is_binary:
            payload.decode()
        if not self.is_closing:
            self.messages.append((bytes(payload), is_binary))

    def closing(self) -> None:
        self.is_closing = True

    def cut_off(self) -> None:
        self.is_cut_off = True
        self.socket.sendCloseFrame(1013)

    def shed(self) -> None:
        raise AssertionError("the buffers of one peer are below the bound of a process")

    def failed(self) -> None:
        raise AssertionError("handling a message raised")

    def disconnected(self, code: int) -> None:
        assert self.code is None, "a socket ends once"
        self.code = code


class Transport:
    """A TCP transport that takes everything at once."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.is_reading = True
        self.protocol: Any = None
        self.producer: Any = None
        self.is_open = True

    def write(self, data: bytes) -> None:
        assert type(data) is bytes
        if self.is_open:
            self.written += data

    def registerProducer(self, producer: object, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.is_reading = False

    def resumeProducing(self) -> None:
        self.is_reading = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass

    def getPeer(self) -> None:
        return None

    def getHost(self) -> None:
        return None

    def loseConnection(self) -> None:
        if self.is_open:
            self.is_open = False
            self.protocol.connectionLost(Failure(ConnectionDone()))

    abortConnection = loseConnection


class Peer:
    """The client of one socket."""

    def __init__(self, factory: SocketFactory, clock: Clock, extensions: Sequence[bytes]) -> None:
        self.clock = clock
        self.owner = Owner()
        self.transport = Transport()
        self.socket: Socket = factory.socket(self.owner, None, extensions)
        self.owner.socket = self.socket
        self.transport.protocol = self.socket
        self.socket.makeConnection(self.transport)  # type: ignore[arg-type]
        self.socket.open(KEY)
        self.transport.written.clear()

    def send(self, parts: Iterable[bytes]) -> Heard:
        """Send packets, each when the server reads; return what came of them."""
        for part in parts:
            while not self.transport.is_reading and self.transport.is_open:
                self.turn()
            if self.transport.is_open:
                self.socket.dataReceived(part)
        while not self.transport.is_reading and self.transport.is_open:
            self.turn()
        return Heard(self.owner.messages, bytes(self.transport.written), self.owner.code)

    def turn(self) -> None:
        """Let the event loop turn once; `Clock.advance` would go on for as long as there is something to do."""
        for call in self.clock.getDelayedCalls():
            function, arguments = call.func, call.args
            call.cancel()
            function(*arguments)


def peer(extensions: Sequence[bytes] = (), **options: Any) -> Peer:
    """Open a socket with these options, for a client that has offered these extensions."""
    clock = Clock()
    config = InterfaceConfig(**options)
    return Peer(SocketFactory(config, clock, ClientMemory(config.buffers_max_bytes)), clock, extensions)
