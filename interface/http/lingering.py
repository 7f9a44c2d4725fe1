"""Closing a connection so that the client can read the last response, also while it is still sending.

A socket that is closed with unread bytes in it resets the connection, and the reset overtakes the response (RFC 9112,
9.6). So only the writing half is closed, and received bytes are dropped, for a bounded time and number.
"""

from typing import Any

#: Seconds, and bytes of the client, after which the connection is closed completely.
LINGER_SECONDS = 5.0
LINGER_MAX_BYTES = 4 * 1024 * 1024


class Lingering:
    """The last seconds of a connection. The owner has a deadline for them."""

    # `Any`: see `handover`.
    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._thrown_away_bytes = 0

    def begin(self, has_unread: bool, is_secure: bool) -> None:
        """Close; TLS has its own closing handshake, and reads until it is answered."""
        self._transport.unregisterProducer()
        close_writing = getattr(self._transport, "loseWriteConnection", None)
        if has_unread and close_writing is not None and not is_secure:
            close_writing()
        else:
            self._transport.loseConnection()

    def throw_away(self, data: bytes) -> None:
        """Count received bytes, and abort the connection above the bound."""
        self._thrown_away_bytes += len(data)
        if self._thrown_away_bytes > LINGER_MAX_BYTES:
            self._transport.abortConnection()
