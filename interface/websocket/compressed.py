"""A socket whose client has agreed to permessage-deflate."""

from collections.abc import Sequence
from typing import Any

from autobahn.websocket.compress import PerMessageDeflateOfferAccept

from towpath.layers.protocol import MESSAGE_TOO_BIG

from .compression import Agreement, Deflater
from .protocol import Connection, Factory, Socket


class CompressedSocket(Socket):
    """Sends messages compressed, and takes them so; `SocketFactory` sets what all of them share."""

    deflater: Deflater
    #: The bound of a message; Autobahn's own is `compression.room_for` it.
    max_message_bytes: int
    #: Autobahn's.
    maxMessagePayloadSize: int
    _perMessageCompress: Any

    def __init__(self, factory: Factory, owner: Connection, subprotocol: str | None, agreement: Agreement) -> None:
        super().__init__(factory, owner, subprotocol)
        self.offer = agreement.offer
        self._agreement = agreement

    def send_frame(self, data: bytes, is_shared: bool = False) -> None:
        """Send a message, compressed if it is worth it."""
        super().send_frame(self.deflater.compressed(data, self._agreement.server_window_bits), is_shared)

    def perMessageCompressionAccept(self, offers: Sequence[Any]) -> PerMessageDeflateOfferAccept:
        """Accept the offer that `Agreement.offer` made."""
        return PerMessageDeflateOfferAccept(
            offers[0],
            request_no_context_takeover=True,
            request_max_window_bits=self._agreement.client_window_bits or 0,
            max_message_size=self.maxMessagePayloadSize,
        )

    def onMessageEnd(self) -> None:
        """Deliver a message, and keep neither it nor its window."""
        self._perMessageCompress._decompressor = None
        if len(self._received) > self.max_message_bytes and not self.failedByMe:
            self._fail_connection(
                MESSAGE_TOO_BIG, f"received WebSocket message exceeds {self.max_message_bytes} octets"
            )
        super().onMessageEnd()
