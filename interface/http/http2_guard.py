"""A bound for HTTP/2 frames that cost the server more than the client. Bytes in, a verdict out, no IO.

The heads of all frames are read here before the protocol reads them: nine bytes each, with a length, a type and flags.

| frame | costs |
|---|---|
| HEADERS | nothing: requests, and how often they are reset, are bounded elsewhere |
| DATA | 1, and each KiB in it gives 1 |
| CONTINUATION | 1; a head may be twice as long as one of HTTP/1, since compression and padding are counted |
| any other: PING, SETTINGS, WINDOW_UPDATE, PRIORITY, RST_STREAM, unknown ones | 1 |

Each KiB that is sent to the client gives 1, too: a client acknowledges what it gets.
"""

import struct
from collections.abc import Callable

#: Frames that a client may send at once, and each second, in addition to those that its content pays for.
BURST_COUNT = 4000
RATE_COUNT = 400
#: Bytes of content that pay for one frame.
BYTES_PER_FRAME = 1024

PREFACE_BYTES = 24
HEAD_BYTES = 9
DATA, HEADERS, CONTINUATION = 0, 1, 9
_END_HEADERS = 4
_HEAD = struct.Struct("!BHBB")


class FrameGuard:
    """Counts the frames of one client."""

    __slots__ = ("_block_bytes", "_block_max_bytes", "_credit", "_partial", "_refilled_at", "_seconds", "_skip")

    def __init__(self, seconds: Callable[[], float], head_max_bytes: int) -> None:
        self._seconds = seconds
        self._block_max_bytes = 2 * head_max_bytes
        self._credit = float(BURST_COUNT)
        self._refilled_at = seconds()
        #: Bytes to come before the head of the next frame.
        self._skip = PREFACE_BYTES
        #: The received part of a frame's head.
        self._partial = b""
        #: Bytes of a request's head whose last frame is missing.
        self._block_bytes = 0

    @property
    def block_bytes(self) -> int:
        """The bytes of an incomplete head of a request."""
        return self._block_bytes

    def sent(self, length: int) -> None:
        """Add credit for content in either direction."""
        self._credit = min(self._credit + length / BYTES_PER_FRAME, BURST_COUNT)

    def allows(self, data: bytes) -> bool:
        """Return whether the connection may continue; False: a flood, or a head without end."""
        if len(data) <= self._skip:
            self._skip -= len(data)
            return True
        data, at = self._partial + data, self._skip
        end = len(data)
        while at + HEAD_BYTES <= end:
            high, low, kind, flags = _HEAD.unpack_from(data, at)
            length = high << 16 | low
            if not self._is_allowed(kind, flags, length):
                return False
            at += HEAD_BYTES + length
        self._partial = data[at:]
        self._skip = max(at - end, 0)
        return self._credit > 0 or self._refill()

    def _is_allowed(self, kind: int, flags: int, length: int) -> bool:
        if kind in (HEADERS, CONTINUATION):
            self._block_bytes = 0 if flags & _END_HEADERS else self._block_bytes + length
            self._credit -= kind == CONTINUATION
            return self._block_bytes <= self._block_max_bytes
        if kind == DATA:
            self.sent(length)
        self._credit -= 1
        return True

    def _refill(self) -> bool:
        now = self._seconds()
        passed = max(now - self._refilled_at, 0.0)
        self._refilled_at = now
        self._credit = min(self._credit + min(passed * RATE_COUNT, BURST_COUNT), BURST_COUNT)
        return self._credit > 0
