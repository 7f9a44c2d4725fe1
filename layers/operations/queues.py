"""Operations on channels: their queues and counters. Plain data (see `operation`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .in_flight import Source
from .operation import Operation

#: Result of a push whose writer is fenced.
FENCED = -1
#: Capacity of a channel for messages that were accepted before and are queued again.
UNLIMITED = 2**53


class PushNumber(NamedTuple):
    """The number of a write of one writer, an inbox or a reader: numbers begin at 1 and only grow.

    The store records, for each writer and channel, the highest number and its result. A push with that number or a
    lower one is not executed again: it has the recorded result. Pushes of a writer that is fenced are refused.
    """

    writer: str
    number: int


@dataclass(slots=True)
class Push(Operation[int]):
    """Append bodies to a channel's queue while it holds fewer than `capacity`.

    With a `number` it is executed at most once, also if it is repeated. `wills` is empty, or has a pair for each body:
    the local part of a connection and its sealed will, which is registered if the body is accepted. An empty will takes
    the registered one away; an empty local part does nothing. Result: how many were accepted (int), the first ones;
    `FENCED` if the writer is fenced.
    """

    channel: str
    bodies: Sequence[bytes]
    capacity: int
    number: PushNumber | None = None
    wills: Sequence[tuple[str, bytes]] = ()


@dataclass(slots=True)
class Postpone(Operation[bool]):
    """Replace a message in flight by `body`, at the end of the queue of its channel, however full that is.

    It is executed at most once for its number. Result: whether it was done, now or before (bool). False: the message is
    not in flight any more, since others have counted it as lost.
    """

    source: Source
    channel: str
    body: bytes
    number: PushNumber


@dataclass(slots=True)
class Fence(Operation[None]):
    """Refuse the pushes of a writer from now on."""

    writer: str


class Batch(NamedTuple):
    """Entries of one channel, oldest first, and the store's clock (seconds) when they were taken."""

    channel: str
    now: float
    entries: Sequence[bytes]


#: Result of a take whose reader's name has ended.
ENDED = Batch("", 0.0, ())


@dataclass(slots=True)
class Take(Operation[Batch | None]):
    """Take up to `counts[i]` entries from the first of `channels` that has any; none after `READ_BYTES` of them.

    With a `reader` they become its in-flight batch `number`. If it has that batch already, because an answer was lost,
    the same batch is the result again; while the batch before is not settled, nothing is taken. `has_waited` says that
    the reader was woken, so that it wakes another one if there is more. Result: `Batch`, or None if all are empty, or
    `ENDED` if the reader was seized or closed: nothing is taken under its name any more.
    """

    channels: Sequence[str]
    counts: Sequence[int]
    reader: str | None = None
    number: int = 0
    has_waited: bool = False


@dataclass(slots=True)
class Drop(Operation[None]):
    """Forget a channel's queue."""

    channel: str


@dataclass(slots=True)
class Count(Operation[None]):
    """Add to one of a channel's counters (`sent`, `full`, `expired`, `dropped`, `lost`).

    With a `number`, at most once, also if it is repeated.
    """

    channel: str
    counter: str
    amount: int
    number: PushNumber | None = None


class ChannelState(NamedTuple):
    """Counters by name, entries waiting, and the age of the oldest in seconds (0.0 where none waits)."""

    counters: dict[str, int]
    pending: int
    oldest_age: float


@dataclass(slots=True)
class Statistics(Operation[ChannelState]):
    """Read a channel's counters and queue."""

    channel: str
