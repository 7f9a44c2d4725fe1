"""The framing of HTTP/1 request bodies: a number of bytes, or chunks. Bytes in, bytes out, no IO.

`feed` takes bytes and returns the content in them, and the bytes behind the body once it is complete (None before).
Lines of a chunked body are read as strictly as those of a head: a body is refused if two parsers could end it at two
places.
"""

import re

from .headers import HEADER_LINE, VALUE

#: The longest line of a chunk's size in hexadecimal and its extensions, in bytes; it bounds the buffer.
SIZE_LINE_MAX_BYTES = 1024
#: All trailers together, with their line ends.
TRAILERS_MAX_BYTES = 16 * 1024

# 15 digits: less than 2**60, so that it is not another number in any parser.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;" + VALUE + rb")?")


class BadChunk(ValueError):
    """Raised when a chunked body is malformed, so that its end is unknown."""


class LengthBody:
    """A body of known length."""

    #: Received bytes that are neither content nor dropped.
    kept_bytes = 0

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
        self._buffer = bytearray()
        self._at = 0
        #: Content of the current chunk that is still to come; None outside of a chunk.
        self._left: int | None = None
        self._is_after_chunk = False
        self._is_after_last = False
        self._trailers_left = TRAILERS_MAX_BYTES
        self._is_complete = False

    @property
    def kept_bytes(self) -> int:
        """The received part of a line."""
        return len(self._buffer)

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return content, and the rest once the body is complete.

        Raises:
            BadChunk: the coding is broken, or a line or the trailers are too long.
        """
        self._buffer += data
        content: list[bytes] = []
        while self._step(content):
            pass
        rest = bytes(self._buffer[self._at :]) if self._is_complete else None
        del self._buffer[: self._at]
        self._at = 0
        return b"".join(content), rest

    def _step(self, content: list[bytes]) -> bool:
        """Read one line, or the received part of a chunk; False: the body is complete, or more bytes are needed."""
        if self._is_after_last:
            return self._take_trailer()
        if self._left is not None:
            return self._take_content(content, self._left)
        if self._is_after_chunk:
            return self._take_line_end()
        return self._take_size()

    def _take_size(self) -> bool:
        line = self._line(SIZE_LINE_MAX_BYTES)
        if line is None:
            return False
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise BadChunk("the size of a chunk is not valid")
        length = int(match[1], 16)
        if length:
            self._left = length
        else:
            self._is_after_last = True
        return True

    def _take_content(self, content: list[bytes], left: int) -> bool:
        piece = bytes(self._buffer[self._at : self._at + left])
        self._at += len(piece)
        content.append(piece)
        if len(piece) < left:
            self._left = left - len(piece)
            return False
        self._left = None
        self._is_after_chunk = True
        return True

    def _take_line_end(self) -> bool:
        end = self._buffer[self._at : self._at + 2]
        if len(end) < 2:
            return False
        if end != b"\r\n":
            raise BadChunk("a chunk does not end where it should")
        self._at += 2
        self._is_after_chunk = False
        return True

    def _take_trailer(self) -> bool:
        line = self._line(max(self._trailers_left - 2, 0))
        if line is None:
            return False
        if not line:
            self._is_complete = True
            return False
        self._trailers_left -= len(line) + 2
        if HEADER_LINE.fullmatch(line) is None:
            raise BadChunk("a trailer is not valid")
        return True

    def _line(self, max_bytes: int) -> bytes | None:
        """Return the next line without its end, or None while it is incomplete."""
        end = self._buffer.find(b"\r\n", self._at, self._at + max_bytes + 2)
        if end < 0:
            if len(self._buffer) - self._at >= max_bytes + 2:
                raise BadChunk("a line of a chunked body is too long")
            return None
        line = bytes(self._buffer[self._at : end])
        self._at = end + 2
        return line
