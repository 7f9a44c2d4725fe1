"""The memory that clients fill in one process: the size of each large buffer, and their sum. Plain logic.

A buffer holds bytes of one connection: received and not handled yet, or waiting until the client reads them. Buffers up
to `SMALL_BYTES` are not counted, so that ordinary traffic costs nothing; `max_connections` bounds their number. Above
the bound of the process the largest buffer is shed, with its connection, until the sum fits. Of buffers of about one
size the oldest goes first: a client that completes its messages does not keep one for long.
"""

from typing import Protocol

#: A buffer up to this size is not counted.
SMALL_BYTES = 4096
#: Buffers are of about one size from 4 to 16 KiB, to 64 KiB, and so on: two bits of their length make a class.
SIZE_CLASS_BITS = 2
_CLASSES = 64 // SIZE_CLASS_BITS


class Buffer(Protocol):
    """A buffer of one connection."""

    def shed(self) -> None:
        """Drop the content, and close the connection: all buffers exceed their bound. Called from within any `hold`."""


class ClientMemory:
    """Counts the large buffers of one process."""

    __slots__ = ("held_bytes", "_classes", "_held", "_is_shedding", "max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        #: All large buffers together.
        self.held_bytes = 0
        self._held: dict[Buffer, int] = {}
        #: The large buffers by size, in the order in which they reached it.
        self._classes: list[dict[Buffer, None]] = [{} for _ in range(_CLASSES)]
        self._is_shedding = False

    @property
    def is_short(self) -> bool:
        """Whether more than half of the bound is used: reading from clients should pause."""
        return self.held_bytes * 2 > self.max_bytes

    def hold(self, buffer: Buffer, amount: int) -> None:
        """Note the size of a buffer in bytes; shed the largest buffers if the sum exceeds the bound."""
        before = self._held.get(buffer, 0)
        counted = amount if amount > SMALL_BYTES else 0
        if counted == before:
            return
        if before:
            self._move(buffer, before, counted)
        else:
            self._classes[_size_class(counted)][buffer] = None
        if counted:
            self._held[buffer] = counted
        else:
            del self._held[buffer]
        self.held_bytes += counted - before
        if self.held_bytes > self.max_bytes and not self._is_shedding:
            self._shed()

    def _move(self, buffer: Buffer, before: int, after: int) -> None:
        old, new = _size_class(before), _size_class(after)
        if old != new or not after:
            del self._classes[old][buffer]
            if after:
                self._classes[new][buffer] = None

    def _shed(self) -> None:
        self._is_shedding = True
        try:
            while self.held_bytes > self.max_bytes:
                buffers = next(buffers for buffers in reversed(self._classes) if buffers)
                buffer = next(iter(buffers))
                self.hold(buffer, 0)
                buffer.shed()
        finally:
            self._is_shedding = False


def _size_class(amount: int) -> int:
    return (amount.bit_length() - 1) // SIZE_CLASS_BITS
