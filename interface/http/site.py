"""The state that the connections of one listening port share. `HttpFactory` implements it. No logic."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Protocol as Interface

from twisted.internet.protocol import Protocol

from ..interfaces import Converse, UpgradeRequest
from .exchange import Exchange
from .facts import ConnectionFacts
from .proxy import TrustedProxies

if TYPE_CHECKING:
    from ..hub import Hub

BeginWebSocket = Callable[[UpgradeRequest], None]


class Connection(Interface):
    """A client's connection, while its protocol is HTTP."""

    def go_away(self) -> None:
        """Close after the open requests are answered."""


class Site(Interface):
    """The shared state of connections."""

    hub: "Hub"
    #: Opens the conversation of a request.
    converse: Converse
    #: Gets every valid WebSocket handshake.
    begin_websocket: BeginWebSocket
    #: Serves each request.
    exchange: type[Exchange]
    proxies: TrustedProxies

    def build_http2(self) -> Protocol:
        """Make the connection that takes over where TLS agreed on HTTP/2."""

    def opened(self, connection: Connection) -> bool:
        """Register a connection; return False if it exceeds the limit and is to be refused."""

    def closed(self, connection: Connection) -> None:
        """Forget a connection that has ended, or uses another protocol now."""

    def log_refused(self, facts: ConnectionFacts, status: int, size: int) -> None:
        """Write a request that was refused before it was parsed into the access log."""
