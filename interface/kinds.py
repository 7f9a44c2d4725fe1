"""The classes of one server's requests, WebSockets and conversations. Metrics and traces replace them by their own.

So what is not measured costs nothing: no class of a connection asks whether it is observed.
"""

from dataclasses import dataclass

from .conversation import Conversation
from .http.exchange import Exchange
from .inbox import Inbox
from .websocket.connection import WebSocket


@dataclass(frozen=True, slots=True)
class Kinds:
    """The classes of a server without observers, or with them."""

    exchange: type[Exchange] = Exchange
    conversation: type[Conversation] = Conversation
    websocket: type[WebSocket] = WebSocket
    inbox: type[Inbox] = Inbox

    @property
    def socket_owner(self) -> type[WebSocket]:
        """The class of WebSockets, with conversations of the right class."""
        if self.conversation is Conversation:
            return self.websocket
        return type("WebSocket", (self.websocket,), {"conversation_class": self.conversation})
