"""An HTTP server in memory whose application answers each request at once, and records it."""

import re
import tempfile
from collections.abc import Iterable
from typing import Any, NamedTuple

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from towpath.interface.accesslog import no_log
from towpath.interface.bounds.budget import Budget
from towpath.interface.bounds.memory import ClientMemory
from towpath.interface.config import InterfaceConfig
from towpath.interface.counters import Counters
from towpath.interface.eventloop.deadlines import Deadlines
from towpath.interface.http.factory import HttpFactory
from towpath.interface.http.spool import SpoolStore

CLIENT, SERVER = IPv4Address("TCP", "192.0.2.7", 50000), IPv4Address("TCP", "192.0.2.1", 80)
_STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d) ")


class Outcome(NamedTuple):
    """The result of some bytes: requests that reached the application, statuses, and the end of the connection."""

    requests: list[dict[str, Any]]
    statuses: list[int]
    is_closed: bool


class Application:
    """The other end of a conversation: records requests and answers them."""

    reply_channel = "interface.me!you"
    is_closed = False

    def __init__(self, owner: Any, site: "Site") -> None:
        self._owner = owner
        self._site = site

    def emit(self, channel: str, content: dict[str, Any], *, insist: bool) -> None:
        assert channel == "http.request"
        self._site.seen.append(content)
        self._owner.deliver({"status": 200, "headers": [], "content": self._site.content})

    def close(self, channel: str | None = None, content: dict[str, Any] | None = None) -> None:
        self.is_closed = True


class Transport(StringTransport):
    """A client's end."""

    ends_writing = False

    def loseWriteConnection(self) -> None:
        self.ends_writing = True

    @property
    def is_closed(self) -> bool:
        return self.disconnecting or self.ends_writing or self.disconnected


class FakeHub:
    """The parts of a process that HTTP needs."""

    def __init__(self, **options: Any) -> None:
        self.config = InterfaceConfig(**options)
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)
        self.counters = Counters()
        self.log_action = no_log
        self.requests = Budget(self.config.max_connections)
        self.memory = ClientMemory(self.config.buffers_max_bytes)
        self.inline_bodies = Budget(32 * 1024 * 1024)
        memory, space = Budget(self.config.spool_memory_max_bytes), Budget(self.config.spool_max_bytes)
        self.spools = SpoolStore(memory, space, self.counters, tempfile.gettempdir())


class Site:
    """One server; each call of `send` is a client of its own."""

    def __init__(self, **options: Any) -> None:
        self.hub = FakeHub(**options)
        self.seen: list[dict[str, Any]] = []
        self.handshakes: list[Any] = []
        #: Of all responses.
        self.content = b"seen"
        hub: Any = self.hub
        self.factory = HttpFactory(hub, self._converse, self.handshakes.append)

    def connect(self, peer: Any = CLIENT) -> tuple[Any, Transport]:
        """Return a connection and its transport."""
        transport = Transport(hostAddress=SERVER, peerAddress=peer)
        connection: Any = self.factory.buildProtocol(None)
        connection.makeConnection(transport)
        return connection, transport

    def send(self, parts: Iterable[bytes], peer: Any = CLIENT) -> Outcome:
        """Send bytes, each part in a packet of its own."""
        before = len(self.seen)
        connection, transport = self.connect(peer)
        for part in parts:
            connection.dataReceived(part)
        written = transport.value().replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
        statuses = [int(status) for status in _STATUS.findall(written)]
        outcome = Outcome(self.seen[before:], statuses, transport.is_closed)
        connection.connectionLost(Failure(ConnectionDone()))
        return outcome

    def _converse(self, owner: Any) -> Any:
        return Application(owner, self)
