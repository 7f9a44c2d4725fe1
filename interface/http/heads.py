"""Finding the head of a request in the bytes of an HTTP/1 client, which arrive whole or in pieces. No IO."""

import re

from .headers import BadRequest, ParsedHead, parse_head

#: LF without CR before it, or CR without LF after it: some parsers end a line there, others do not.
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?=[^\n])")


class HeadReader:
    """Reads one head after the other."""

    __slots__ = ("_has_skipped", "_looked_at", "_max_bytes", "_max_count", "has_begun")

    def __init__(self, head_max_bytes: int, headers_max_count: int) -> None:
        self._max_bytes = head_max_bytes
        self._max_count = headers_max_count
        self._has_skipped = False
        #: Bytes of an incomplete head that have been searched for its end.
        self._looked_at = 0
        #: A part of a head has been received.
        self.has_begun = False

    def read(self, data: bytes) -> tuple[ParsedHead | None, bytes]:
        """Return the head at the beginning of `data` and the bytes behind it, or None and the bytes to pass in again.

        Raises:
            BadRequest: it is malformed, or too long (414, 431).
        """
        if not self.has_begun:
            data = self._skip_empty_line(data)
            self._looked_at = 0
        end = data.find(b"\r\n\r\n", max(self._looked_at - 3, 0))
        if end < 0:
            self.has_begun = data not in (b"", b"\r")
            self._check_partial(data)
            self._looked_at = len(data)
            return None, data
        if end > self._max_bytes:
            raise self._too_long(data)
        self.has_begun = self._has_skipped = False
        return parse_head(data[:end].split(b"\r\n"), self._max_count), data[end + 4 :]

    def _skip_empty_line(self, data: bytes) -> bytes:
        """Skip one empty line before a request line (RFC 9112, 2.2)."""
        if data[:2] == b"\r\n" and not self._has_skipped:
            self._has_skipped = True
            return data[2:]
        return data

    def _check_partial(self, data: bytes) -> None:
        if len(data) > self._max_bytes:
            raise self._too_long(data)
        if _BARE_LINE_END.search(data, max(self._looked_at - 1, 0)) is not None:
            raise BadRequest("a line of the head does not end in CRLF")

    def _too_long(self, data: bytes) -> BadRequest:
        if b"\r\n" in data[: self._max_bytes]:
            return BadRequest(f"the head is longer than {self._max_bytes} bytes", 431)
        return BadRequest("the request target is too long", 414)
