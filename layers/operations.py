"""The operations of a layer's store, as plain data. A store executes a list of them in order, in one round trip.

The blocking and the async side, Redis and memory all execute these; `redis/commands.py` turns each operation into
one script call, `memory` into a few lines of Python. Every operation touches one channel, one inbox or one group, so
that all its keys share a hash slot.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .delays import DelayOperation
from .firing import Fire
from .in_flight import BatchId, InFlightOperation, Source
from .leases import Claim, CountReaders, DelayClaim, Expire, ForgetOwner, Lease, ReleaseLease
from .pauses import Pause, ReadPaused, Resume
from .sockets import SocketOperation


class PushNumber(NamedTuple):
    """The number of a write of one writer, an inbox or a reader: numbers begin at 1 and only grow.

    The store records, for each writer and channel, the highest number and its result. A push with that number or a
    lower one is not executed again: it has the recorded result. Pushes of a writer that is fenced are refused.
    """

    writer: str
    number: int


class Push(NamedTuple):
    """Append bodies to a channel's queue while it holds fewer than `capacity`.

    With a `number` it is executed at most once, however often it is asked for. `opens` has the WebSocket (local part,
    registration) that each body opens, `closes` the local part that each body closes: registered, or no longer, if the
    body is accepted. Result: how many were accepted (int), the first ones; `FENCED` if the writer is fenced.
    """

    channel: str
    bodies: Sequence[bytes]
    capacity: int
    number: PushNumber | None = None
    opens: Sequence[tuple[str, bytes]] = ()
    closes: Sequence[str] = ()


class Postpone(NamedTuple):
    """Replace a message in flight by `body`, at the end of the queue of its channel, however full that is.

    It is executed at most once for its number. Result: whether it was done, now or before (bool). False: the message is
    not in flight any more, since others have counted it as lost.
    """

    source: Source
    channel: str
    body: bytes
    number: PushNumber


class Fence(NamedTuple):
    """Refuse the pushes of a writer from now on. Result: None."""

    writer: str


class Take(NamedTuple):
    """Take up to `counts[i]` entries from the first of `channels` that has any.

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


class Batch(NamedTuple):
    """Entries of one channel, oldest first, and the store's clock (seconds) when they were taken."""

    channel: str
    now: float
    entries: Sequence[bytes]


#: Result of a take whose reader's name has ended.
ENDED = Batch("", 0.0, ())


class Drop(NamedTuple):
    """Forget a channel's queue. Result: None."""

    channel: str


class Count(NamedTuple):
    """Add to one of a channel's counters (`sent`, `full`, `expired`, `dropped`, `lost`). Result: None.

    With a `number`, at most once, however often it is asked for.
    """

    channel: str
    counter: str
    amount: int
    number: PushNumber | None = None


class Statistics(NamedTuple):
    """Read a channel's counters and queue. Result: `ChannelState`."""

    channel: str


class ChannelState(NamedTuple):
    """Counters by name, entries waiting, and the age of the oldest in seconds (0.0 where none waits)."""

    counters: dict[str, int]
    pending: int
    oldest_age: float


class PushInbox(NamedTuple):
    """Append entries to an inbox. Deliveries and group messages are refused above `capacity`, all others never.

    `settles` is a batch that is settled with them. Result: how many were refused (int).
    """

    inbox: str
    entries: Sequence[bytes]
    capacity: int
    settles: BatchId | None = None


class TakeInbox(NamedTuple):
    """Take up to `limit` entries from an inbox. Result: list of bytes."""

    inbox: str
    limit: int


class CloseInbox(NamedTuple):
    """Forget what is in an inbox. Result: None."""

    inbox: str


class Join(NamedTuple):
    """Mark that a group has members in an inbox (`locals_` names them), or a plain channel (`locals_` empty).

    The mark of an inbox lives `MARK_SECONDS` and wants renewing; that of a plain channel `group_expiry`. Result: None.
    """

    group: str
    mark: str
    locals_: Sequence[str] = ()


class Leave(NamedTuple):
    """Take members of an inbox, or a plain channel, out of a group; the last takes the mark along. Result: None."""

    group: str
    mark: str
    locals_: Sequence[str] = ()


class Renew(NamedTuple):
    """Renew an inbox's mark in a group. Result: False if the store does not know it any more (then `Join` again)."""

    group: str
    inbox: str


class Marks(NamedTuple):
    """List the living marks of a group: inboxes (ending in `!`) and plain channels. Result: list of str."""

    group: str


class Members(NamedTuple):
    """List a group's members in one inbox, by local part. Result: list of str."""

    group: str
    inbox: str


Operation = (
    Push
    | Postpone
    | Fence
    | Take
    | Drop
    | Count
    | Statistics
    | PushInbox
    | TakeInbox
    | CloseInbox
    | Join
    | Leave
    | Renew
    | Marks
    | Members
    | Lease
    | CountReaders
    | ReleaseLease
    | Expire
    | Claim
    | DelayClaim
    | ForgetOwner
    | InFlightOperation
    | SocketOperation
    | DelayOperation
    | Fire
    | Pause
    | Resume
    | ReadPaused
)

#: Result of a push whose writer is fenced.
FENCED = -1
#: Capacity of a channel for messages that were accepted before and are queued again.
UNLIMITED = 2**53
#: Seconds that an inbox's mark in a group outlives its last renewal.
MARK_SECONDS = 50
#: Seconds between two renewals of the same mark: one may fail before it dies.
RENEW_SECONDS = 20
#: Deliveries and group messages an inbox holds before more are refused. Its reader empties it hundreds at a time.
INBOX_CAPACITY = 10_000
#: Entries taken from an inbox in one read.
INBOX_READ = 512
