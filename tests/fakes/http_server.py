"""An HTTP server in memory whose tests act as the application: a clock that they advance, a hub that records."""

import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from towpath.interface.bounds.budget import Budget
from towpath.interface.connections import TooManyConnections
from towpath.interface.http.factory import HttpFactory
from towpath.interface.http.spool import SpoolStore
from towpath.interface.outbound import Outcome

from .http_site import FakeHub

CLIENT = IPv4Address("TCP", "192.0.2.7", 50000)
SERVER = IPv4Address("TCP", "192.0.2.1", 80)


class Disk:
    """Files in no other thread: what an operation did is reported at the clock's next step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        try:
            result = work()
        except OSError as error:
            result = error
        self._clock.callLater(0, done, result)


class Hub(FakeHub):
    """Records the messages that are sent; a test answers each."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        memory, space = Budget(self.config.spool_memory_max_bytes), Budget(self.config.spool_max_bytes)
        self.spools = SpoolStore(memory, space, self.counters, tempfile.gettempdir(), Disk(self.clock))  # type: ignore[arg-type]
        self.posts: list[SimpleNamespace] = []
        self.dropped: list[str] = []

    def post(self, channel: str, content: dict[str, Any], done: Callable[[Outcome], None]) -> None:
        self.posts.append(SimpleNamespace(channel=channel, content=content, done=done))

    def drop_channel(self, channel: str, done: Callable[[], None]) -> None:
        self.dropped.append(channel)
        done()


class Conversation:
    """Notes events; a test replies through `owner`."""

    reply_channel = "interface.me!you"

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.is_closed = False

    def emit(self, channel: str, content: dict[str, Any], *, insist: bool) -> None:
        assert not insist
        self.events.append((channel, content))

    def close(self, channel: str | None = None, content: dict[str, Any] | None = None) -> None:
        self.is_closed = True
        if channel is not None:
            self.events.append((channel, content or {}))

    @property
    def request(self) -> dict[str, Any]:
        channel, content = self.events[0]
        assert channel == "http.request"
        return content

    def reply(self, **content: Any) -> None:
        self.owner.deliver(content)


class Transport(StringTransport):
    """A client's end: the written bytes, whether it is paused, how it was closed."""

    ends_writing = False
    #: A producer that is paused by the next write.
    blocks_after: Any = None

    def write(self, data: bytes) -> None:
        super().write(data)
        producer, self.blocks_after = self.blocks_after, None
        if producer is not None:
            producer.pauseProducing()

    def loseWriteConnection(self) -> None:
        self.ends_writing = True

    @property
    def is_paused(self) -> bool:
        return self.producerState == "paused"


class Client:
    """A connection to the server, seen from the client's side."""

    def __init__(self, factory: HttpFactory, transport: Transport) -> None:
        self.transport = transport
        self.connection: Any = factory.buildProtocol(None)
        self.connection.makeConnection(transport)

    def send(self, *parts: bytes) -> None:
        """Send bytes, each part in a packet of its own, to whichever protocol has the transport by then."""
        for part in parts:
            getattr(self.transport, "protocol", self.connection).dataReceived(part)

    def leave(self) -> None:
        self.connection.connectionLost(Failure(ConnectionDone()))

    def received(self) -> bytes:
        """Return what came since the last call."""
        data = self.transport.value()
        self.transport.clear()
        return data

    @property
    def is_closed(self) -> bool:
        return self.transport.disconnecting or self.transport.ends_writing

    @property
    def is_aborted(self) -> bool:
        return self.transport.disconnected or getattr(self.transport, "aborting", False)

    def block(self) -> None:
        """Stop reading from the server."""
        assert self.transport.producer is not None
        self.transport.producer.pauseProducing()

    def unblock(self) -> None:
        """Take all that the server writes."""
        assert self.transport.producer is not None
        self.transport.producer.resumeProducing()

    def unblock_for_a_block(self) -> None:
        """Read the next bytes of the server, and then none."""
        producer: Any = self.transport.producer
        if producer is not None:
            self.transport.blocks_after = producer
            producer.resumeProducing()
            if self.transport.blocks_after is not None:
                self.transport.blocks_after = None
                producer.pauseProducing()


class Server:
    """A factory with its fakes."""

    def __init__(self, **options: Any) -> None:
        self.hub = Hub(**options)
        self.conversations: list[Conversation] = []
        self.handshakes: list[Any] = []
        self.is_full = False
        self.factory = HttpFactory(self.hub, self._converse, self.handshakes.append)  # type: ignore[arg-type]

    def _converse(self, owner: Any) -> Conversation:
        if self.is_full:
            raise TooManyConnections("full")
        self.conversations.append(Conversation(owner))
        return self.conversations[-1]

    def connect(self, host: Any = SERVER, peer: Any = CLIENT) -> Client:
        return Client(self.factory, Transport(hostAddress=host, peerAddress=peer))

    @property
    def conversation(self) -> Conversation:
        """The only conversation, or the newest."""
        return self.conversations[-1]

    def actions(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Log actions from now on, into the list that is returned."""
        logged: list[tuple[str, str, dict[str, Any]]] = []
        self.hub.log_action = lambda *action: logged.append(action)
        return logged
