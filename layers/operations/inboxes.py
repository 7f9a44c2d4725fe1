"""Operations on inboxes. Plain data (see `operation`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .in_flight import BatchId
from .operation import Operation

#: Deliveries and group messages an inbox holds before more are refused. Its reader empties it hundreds at a time.
INBOX_CAPACITY = 10_000
#: Entries taken from an inbox in one read.
INBOX_READ = 512


@dataclass(slots=True)
class PushInbox(Operation[int]):
    """Append entries to an inbox. Deliveries and group messages are refused above `capacity`, all others never.

    `settles` is a batch that is settled with them. Result: the number of refused entries (int).
    """

    inbox: str
    entries: Sequence[bytes]
    capacity: int
    settles: BatchId | None = None


@dataclass(slots=True)
class TakeInbox(Operation[list[bytes]]):
    """Take up to `limit` entries from an inbox; none after `READ_BYTES` of them."""

    inbox: str
    limit: int


@dataclass(slots=True)
class CloseInbox(Operation[None]):
    """Delete the entries of an inbox."""

    inbox: str
