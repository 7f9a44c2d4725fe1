"""How many entries one read of an inbox may take. Plain logic.

Entries are as long as replies of the application are, so a number alone bounds no memory: a read takes few entries
until a full one of them was short.
"""

from collections.abc import Sequence

#: Entries of a read at first, and at most.
FIRST_COUNT, MOST_COUNT = 64, 512
#: A full read of more bytes than this is not followed by a longer one.
LONG_BYTES = 1024 * 1024


class InboxReads:
    """The limit of the next read, by the reads before."""

    __slots__ = ("limit",)

    def __init__(self) -> None:
        self.limit = FIRST_COUNT

    def note(self, entries: Sequence[bytes]) -> None:
        """Take a read into account: twice as many may follow a full read of short entries."""
        if len(entries) < self.limit or sum(map(len, entries)) > LONG_BYTES:
            self.limit = FIRST_COUNT
        else:
            self.limit = min(2 * self.limit, MOST_COUNT)
