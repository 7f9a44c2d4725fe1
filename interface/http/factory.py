"""The factory of a listening port: makes and registers the connection of each client."""

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IAddress, IProtocolNegotiationFactory
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.web.http import H2_ENABLED
from zope.interface import implementer

from ..accesslog import no_log
from ..interfaces import Converse
from .exchange import Exchange
from .facts import ConnectionFacts
from .http1 import Http1Connection
from .proxy import TrustedProxies
from .site import BeginWebSocket, Connection

if TYPE_CHECKING:
    from ..hub import Hub


@implementer(IProtocolNegotiationFactory)
class HttpFactory(ServerFactory):
    """Serves HTTP for a hub.

    `converse` opens the conversation of a request; `begin_websocket` gets every valid WebSocket handshake.
    """

    noisy = False

    def __init__(self, hub: "Hub", converse: Converse, begin_websocket: BeginWebSocket) -> None:
        self.hub = hub
        self.converse = converse
        self.begin_websocket = begin_websocket
        #: What serves each request.
        self.exchange = Exchange
        self.proxies = TrustedProxies(hub.config.trusted_proxies)
        self._connections: set[Connection] = set()
        self._goes_away = False

    def __len__(self) -> int:
        return len(self._connections)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Make the connection of a new client: HTTP/1 until TLS has agreed on HTTP/2."""
        return Http1Connection(self)

    def build_http2(self) -> Protocol:
        """Make the connection that takes over where TLS agreed on HTTP/2."""
        from .http2 import Http2Connection  # optional: needs the extra `http2`

        protocol: Protocol = Http2Connection(self)
        return protocol

    def acceptableProtocols(self) -> list[bytes]:
        """Return the protocols to offer in TLS (ALPN), in order of preference."""
        return [b"h2", b"http/1.1"] if H2_ENABLED else [b"http/1.1"]

    def opened(self, connection: Connection) -> bool:
        """Register a connection; return False if it exceeds `max_connections` and is to be refused."""
        self._connections.add(connection)
        if self._goes_away:
            connection.go_away()
        return len(self._connections) <= self.hub.config.max_connections

    def closed(self, connection: Connection) -> None:
        """Forget a connection that has ended, or uses another protocol now."""
        self._connections.discard(connection)

    def log_refused(self, facts: ConnectionFacts, status: int, size: int) -> None:
        """Write a request that was refused before it was parsed into the access log."""
        if self.hub.log_action is not no_log:
            client = None if facts.client is None else "{}:{}".format(*facts.client)
            details = {"method": "-", "path": "-", "status": status, "size": size, "time_taken": 0.0, "client": client}
            self.hub.log_action("http", "complete", details)

    def go_away(self) -> None:
        """Close idle connections now, and the others after the response to their request."""
        self._goes_away = True
        for connection in list(self._connections):
            connection.go_away()
