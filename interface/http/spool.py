"""Bytes that wait for their reader: in memory up to a bound, then on disk, in their order.

    take <- head (memory) <- segments (disk) <- tail (memory, on its way to the disk) <- append

Nothing here blocks. `take` returns bytes that are in memory; if there are none, and some are on disk, `changed` is
called once they are loaded. If the disk is full, the tail stays in memory: the owner asks `is_full`, and stops writing.
"""

import logging
import os
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ..bounds.budget import Budget
from ..counters import Count, Counters
from .disk import Disk
from .segments import Piece, Segments

log = logging.getLogger(__name__)

#: Bytes that are read from disk at a time, unless memory is short.
READ_BYTES = 1024 * 1024


@dataclass(slots=True)
class SpoolStore:
    """The bounds and the disk thread that all spools of one process share."""

    memory: Budget
    space: Budget
    counters: Counters
    folder: str
    disk: Disk = field(default_factory=Disk)

    def spool(self, memory_max_bytes: int, changed: Callable[[], None]) -> "Spool":
        """Return an empty spool that keeps at most `memory_max_bytes` in memory; see `Spool` for `changed`."""
        return Spool(self, memory_max_bytes, changed)

    def has_room(self, amount: int) -> bool:
        """Return whether this number of bytes would fit, in memory or on disk."""
        return self.memory.has_room(amount) or self.space.has_room(amount)


def default_folder() -> str:
    """Return the folder for large temporary files: TMPDIR, else /var/tmp, which is on disk where /tmp may not be."""
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


class Spool:
    """One body of a request or a response, between its writer and its reader."""

    __slots__ = (
        "_store", "_memory_max_bytes", "_changed", "_head", "_head_bytes", "_segments", "_disk_bytes", "_space_bytes",
        "_tail", "_tail_bytes", "_writing_bytes", "_is_reading", "_is_closed", "_is_unwritable", "is_broken",
    )  # fmt: skip

    def __init__(self, store: SpoolStore, memory_max_bytes: int, changed: Callable[[], None]) -> None:
        self._store = store
        self._memory_max_bytes = memory_max_bytes
        self._changed = changed
        self._head: deque[memoryview] = deque()
        self._head_bytes = 0
        self._segments: Segments | None = None
        #: Bytes on disk that have not been read, and bytes of files that are counted in `store.space`.
        self._disk_bytes = self._space_bytes = 0
        self._tail: list[bytes] = []
        self._tail_bytes = 0
        self._writing_bytes = 0
        self._is_reading = False
        self._is_closed = False
        self._is_unwritable = False
        #: The bytes on disk cannot be read: nothing more can be taken.
        self.is_broken = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes that were appended and not taken."""
        return self._head_bytes + self._disk_bytes + self.backlog_bytes

    @property
    def backlog_bytes(self) -> int:
        """Bytes that are in memory until the disk has them; a writer should wait while they are many."""
        return self._writing_bytes + self._tail_bytes

    @property
    def is_full(self) -> bool:
        """Whether the disk is full, so that bytes stay in memory beyond the bound."""
        return self._tail_bytes > 0 and self._writing_bytes == 0

    @property
    def is_in_memory(self) -> bool:
        """Whether all waiting bytes are in memory."""
        return not (self._disk_bytes or self.backlog_bytes)

    def append(self, data: bytes) -> None:
        """Append bytes."""
        memory, length = self._store.memory, len(data)
        if self.is_in_memory and self._head_bytes + length <= self._memory_max_bytes and memory.take(length):
            self._head.append(memoryview(data))
            self._head_bytes += length
            return
        memory.overdraw(length)
        self._tail.append(data)
        self._tail_bytes += length
        self._write()

    def take(self, max_bytes: int) -> bytes:
        """Return the next bytes, `max_bytes` or fewer; b"" if there are none, or not yet."""
        if not self._head:
            if self._disk_bytes:
                self._read(max_bytes)
            elif self._tail and not self._writing_bytes:
                self._move_tail()
        taken = []
        while self._head and max_bytes:
            block = self._head[0]
            taken.append(block[:max_bytes])
            if len(block) > max_bytes:
                self._head[0] = block[max_bytes:]
            else:
                self._head.popleft()
            max_bytes -= len(taken[-1])
        data = b"".join(taken)
        self._head_bytes -= len(data)
        self._store.memory.give_back(len(data))
        return data

    def close(self) -> None:
        """Drop the kept bytes, and free their room."""
        if self._is_closed:
            return
        self._is_closed = True
        self._store.memory.give_back(self._head_bytes + self._tail_bytes)  # what is being written: when it is
        self._store.space.give_back(self._space_bytes)
        self._head.clear()
        self._tail.clear()
        self._head_bytes = self._tail_bytes = self._disk_bytes = self._space_bytes = 0
        if self._segments is not None:
            self._store.disk.run(self._segments.close, _ignore)

    def _move_tail(self) -> None:
        self._head.extend(map(memoryview, self._tail))
        self._head_bytes, self._tail_bytes = self._tail_bytes, 0
        self._tail.clear()

    def _write(self) -> None:
        if self._writing_bytes or not self._tail or self._is_unwritable or not self._store.space.take(self._tail_bytes):
            return
        if self._segments is None:
            self._segments = Segments(self._store.folder)
        blocks, self._tail = self._tail, []
        self._space_bytes += self._tail_bytes
        self._writing_bytes, self._tail_bytes = self._tail_bytes, 0
        self._store.disk.run(partial(self._segments.write, blocks), partial(self._written, blocks))

    def _written(self, blocks: list[bytes], result: OSError | None) -> None:
        length, self._writing_bytes = self._writing_bytes, 0
        if self._is_closed:
            self._store.memory.give_back(length)
            return
        if result is None:
            self._disk_bytes += length
            self._store.memory.give_back(length)
            self._write()
        else:
            self._is_unwritable = True
            self._report(result)
            self._tail[:0] = blocks
            self._tail_bytes += length
            self._space_bytes -= length
            self._store.space.give_back(length)
        self._changed()

    def _read(self, max_bytes: int) -> None:
        if self._segments is not None and not (self._is_reading or self.is_broken):
            self._is_reading = True
            length = READ_BYTES if self._store.memory.has_room(READ_BYTES) else max_bytes
            self._store.disk.run(partial(self._segments.read, length), self._was_read)

    def _was_read(self, result: Piece | OSError) -> None:
        self._is_reading = False
        if self._is_closed:
            return
        if isinstance(result, OSError):
            self.is_broken = True
            self._report(result)
        else:
            self._head.append(memoryview(result.data))
            self._head_bytes += len(result.data)
            self._disk_bytes -= len(result.data)
            self._store.memory.overdraw(len(result.data))
            self._space_bytes -= result.freed_bytes
            self._store.space.give_back(result.freed_bytes)
        self._changed()

    def _report(self, error: OSError) -> None:
        log.error("Bodies cannot be kept in %s: %s", self._store.folder, error)
        self._store.counters.add(Count.SPOOL_FAILED)


def _ignore(result: object) -> None:
    """Ignore the end of this operation: no caller waits for it."""
