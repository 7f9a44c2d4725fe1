"""Bytes on disk, first in, first out: a list of unnamed files, each closed once it has been read.

Unnamed files disappear with their process, also after a crash. Every method blocks on the disk and so runs in the
thread of the disk.
"""

import os
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

#: The size in bytes after which the next file begins, so that the space of files that have been read is freed.
SEGMENT_MAX_BYTES = 64 * 1024 * 1024
#: Blocks that are written in one call of the system; 1024 is the most that Linux takes.
BLOCKS_MAX_COUNT = 512


class Piece(NamedTuple):
    """Bytes that were read, and how many bytes of files were freed by it."""

    data: bytes
    freed_bytes: int


class _Segment:
    """One file. Its unread bytes are those from `begin` to `end`."""

    def __init__(self, folder: str) -> None:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            self.descriptor = os.dup(file.fileno())
        self.begin = self.end = 0

    def empty(self) -> int:
        """Drop a file that has been read; return its length in bytes."""
        freed, self.begin, self.end = self.end, 0, 0
        os.ftruncate(self.descriptor, 0)
        return freed


def _write_all(descriptor: int, blocks: Sequence[bytes], offset: int) -> int:
    """Write blocks at an offset; return their length."""
    length = sum(map(len, blocks))
    count = os.pwritev(descriptor, blocks, offset)
    if count < length:  # a signal, or the disk is nearly full
        rest = memoryview(b"".join(blocks))
        while count < length:
            count += os.pwrite(descriptor, rest[count:], offset + count)
    return length


class Segments:
    """The files of one spool, in the folder `folder`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._segments: deque[_Segment] = deque()

    def write(self, blocks: Sequence[bytes]) -> None:
        """Append blocks: all of them, or none.

        Raises:
            OSError: a file cannot be made or written.
        """
        if not self._segments or self._segments[-1].end >= SEGMENT_MAX_BYTES:
            self._segments.append(_Segment(self._folder))
        segment = self._segments[-1]
        end = segment.end
        for begin in range(0, len(blocks), BLOCKS_MAX_COUNT):
            end += _write_all(segment.descriptor, blocks[begin : begin + BLOCKS_MAX_COUNT], end)
        segment.end = end

    def read(self, max_bytes: int) -> Piece:
        """Return the next bytes; fewer than `max_bytes` at the end of a file, none if there are none.

        Raises:
            OSError: the file cannot be read.
        """
        if not self._segments:
            return Piece(b"", 0)
        segment = self._segments[0]
        data = os.pread(segment.descriptor, min(max_bytes, segment.end - segment.begin), segment.begin)
        segment.begin += len(data)
        if segment.begin < segment.end:
            return Piece(data, 0)
        if len(self._segments) > 1:
            os.close(self._segments.popleft().descriptor)
            return Piece(data, segment.end)
        return Piece(data, segment.empty())

    def close(self) -> None:
        """Close the files, and drop their contents."""
        while self._segments:
            os.close(self._segments.popleft().descriptor)
