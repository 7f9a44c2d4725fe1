"""The number of entries that one read of an inbox may take. Plain logic.

Entries may be long, so a number alone does not bound memory. Reads begin with `FIRST_COUNT` entries of any length;
longer ones stop after `READ_BYTES`.
"""

from collections.abc import Sequence

#: Entries of a read at first, and at most.
FIRST_COUNT, MOST_COUNT = 8, 512


class InboxReads:
    """The limit of the next read, by the reads before."""

    __slots__ = ("limit",)

    def __init__(self) -> None:
        self.limit = FIRST_COUNT

    def note(self, entries: Sequence[bytes]) -> None:
        """Take a read into account: twice as many may follow a full one, half as many one that was nearly empty."""
        if len(entries) >= self.limit:
            self.limit = min(2 * self.limit, MOST_COUNT)
        elif 4 * len(entries) < self.limit:
            self.limit = max(self.limit // 2, FIRST_COUNT)
