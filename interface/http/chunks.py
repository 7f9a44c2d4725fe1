"""Where a request body of HTTP/1 ends: after a number of bytes, or after its last chunk.

`feed` takes bytes and returns the content in them, and what follows the body once it is complete (None before).
"""

from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError  # Twisted has no public name for it


class BadChunk(ValueError):
    """Raised when a chunked body is malformed: where it ends cannot be known."""


class LengthBody:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return content, and the rest once the body is complete."""
        if len(data) < self._left:
            self._left -= len(data)
            return data, None
        content, rest = data[: self._left], data[self._left :]
        self._left = 0
        return content, rest


class ChunkedBody:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are read and dropped."""

    def __init__(self) -> None:
        self._content: list[bytes] = []
        self._rest: bytes | None = None
        self._decoder = _ChunkedTransferDecoder(self._content.append, self._finished)

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return content, and the rest once the body is complete.

        Raises:
            BadChunk: the coding is broken.
        """
        try:
            self._decoder.dataReceived(data)
        except _MalformedChunkedDataError as error:
            raise BadChunk(f"the chunked body is not valid: {error}") from error
        content = b"".join(self._content)
        self._content.clear()
        return content, self._rest

    def _finished(self, rest: bytes) -> None:
        self._rest = rest
