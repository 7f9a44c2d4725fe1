"""Operations on in-flight records: the messages that a reader has taken and not settled yet. Plain data.

Each reader has one record: the entries of its last batch, with the batch's number. Numbers begin at 1 and only grow.
A batch is settled when its number is acknowledged, which comes before the next take. Every operation has the number of
its batch, so that it is idempotent, also if it is executed late: after an error it is executed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .operation import Operation


class BatchId(NamedTuple):
    """A batch of a reader, by its number."""

    reader: str
    number: int


class Source(NamedTuple):
    """A message in flight: its batch, and its stored entry."""

    batch: BatchId
    raw: bytes


class Record(NamedTuple):
    """Entries of one channel: waiting in its queue (`number` 0), or the unsettled batch `number` of a reader."""

    channel: str
    entries: Sequence[bytes]
    number: int = 0


#: Seconds for which the registration of a reader without a lease lasts; it registers again after half of them.
REGISTERED_SECONDS = 600.0


@dataclass(slots=True)
class Register(Operation[None]):
    """Make a reader known to `Outstanding`, for `REGISTERED_SECONDS`."""

    reader: str


@dataclass(slots=True)
class Acknowledge(Operation[None]):
    """Record that a reader's batch `number`, and every batch before it, is settled."""

    reader: str
    number: int


@dataclass(slots=True)
class InFlight(Operation[Record | None]):
    """Read the record of a reader, settled or not. Result: `Record`, or None if it holds no entries."""

    reader: str


@dataclass(slots=True)
class Requeue(Operation[bool]):
    """Move entries of a reader's batch `number` to the front of their channel's queue, in the order given.

    Of the rest of the batch, `stay` remain in flight and all others are settled. Result: whether it was done (bool).
    False: the batch is not in flight any more, or these entries were requeued before.
    """

    reader: str
    number: int
    channel: str
    entries: Sequence[bytes]
    stay: Sequence[bytes] = ()


@dataclass(slots=True)
class Seize(Operation[Record | None]):
    """Seize the messages in flight of a reader whose lease has expired, and end its name: later takes find nothing.

    Result: `Record`, or None.

    A record that was seized before, and not counted yet, comes first: the process that had seized it has stopped.
    """

    reader: str


@dataclass(slots=True)
class CountLost(Operation[None]):
    """Delete the messages that were seized from a reader, and count them as lost, once."""

    reader: str
    channel: str
    amount: int


@dataclass(slots=True)
class CloseReader(Operation[Record | None]):
    """Delete the record of a reader that stops; a take that is executed later finds nothing.

    `number` is the last batch that it has seen. A later one that is in flight stays, and nothing is forgotten: then the
    result is its `Record`, else None.
    """

    reader: str
    number: int


@dataclass(slots=True)
class Outstanding(Operation[list[Record]]):
    """Read, in one step, the queues of channels and all unsettled records.

    A message that is not settled is in one of them, whatever moves at the same time.
    """

    channels: Sequence[str]
