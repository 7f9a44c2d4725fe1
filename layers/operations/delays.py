"""Operations about messages that are due later. Plain data, as `operations`.

A target is a named channel or an inbox. Its delayed messages are kept in a sorted set, by the store's clock, and moved
into the target inside the store in one step: none is delivered twice, and none is lost on its way.

The due index holds the time at which each target is due next. Sorted set and index are written in two steps (in a
cluster, two slots), so a target may be in the index too early or for nothing, but never too late: a message is added to
the set before its target is added to the index, and a process that delivers a target keeps its entry until it knows
what remains. It then removes the entry only if that is unchanged (compare-and-delete): the entry's time is its token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .in_flight import BatchId
from .operation import Operation

#: The 1.x channel that takes messages to be delayed: `{"channel": str, "content": dict, "delay": milliseconds}`.
DELAY_CHANNEL = "asgi.delay"
#: A message here wakes a scheduler that waits for the next entry of the due index: there is an earlier one.
WAKE_CHANNEL = "towpath.due"

#: Random bytes at the beginning of a delayed entry, which are not delivered: two equal messages are two entries.
UNIQUE_BYTES = 12
#: Delayed messages of one target, before more are refused.
DELAYED_CAPACITY = 10_000
#: Longest delay, in seconds: a year. Store anything later in a database.
MAX_DELAY_SECONDS = 366 * 86_400
#: TTL of a message that is not delivered, in seconds after it was due: a week.
OVERDUE_SECONDS = 7 * 86_400
#: How often each scheduler reads the due index, in seconds. One is woken if a message is due sooner.
POLL_SECONDS = 5.0
#: Seconds after which another process delivers a target: far longer than a delivery takes.
DELIVERY_SECONDS = 10.0
#: Seconds after which a full target is tried again.
FULL_SECONDS = 1.0
#: Most targets that are found at a time, and most messages of one delivery: bounds of one step of the store.
MOST_TARGETS = 100
MOST_DELIVERED = 200


class DueTarget(NamedTuple):
    """A target that is due, and the token of its entry in the due index."""

    target: str
    token: bytes


class DueTargets(NamedTuple):
    """The targets that are due, and the seconds until the next one is; None: there is none."""

    targets: Sequence[DueTarget]
    next_seconds: float | None


class Delivered(NamedTuple):
    """The number of delivered messages, and the seconds until the target is due again; None: nothing is left."""

    moved: int
    next_seconds: float | None


@dataclass(slots=True)
class Delay(Operation[bool]):
    """Keep a body or inbox entry until it is due, unless the target has `capacity`. Result: whether it is kept (bool).

    With a `batch`, which is settled with it: only if that is in flight still; else it was done before.
    """

    target: str
    entry: bytes
    seconds: float
    capacity: int
    batch: BatchId | None = None


@dataclass(slots=True)
class AddDue(Operation[None]):
    """Add a target to the due index; `wake` is the body that wakes a scheduler."""

    target: str
    seconds: float
    wake: bytes


@dataclass(slots=True)
class FindDue(Operation[DueTargets]):
    """Find the targets that are due; no other process finds them for `DELIVERY_SECONDS`."""


@dataclass(slots=True)
class DeliverDue(Operation[Delivered]):
    """Move the messages that are due into their target, while it has room."""

    target: str
    capacity: int


@dataclass(slots=True)
class EndDelivery(Operation[None]):
    """End a delivery: the target is due again in `seconds`; None: nothing is left."""

    target: str
    token: bytes
    seconds: float | None


@dataclass(slots=True)
class CountDelayed(Operation[int]):
    """Count the delayed messages of a target."""

    target: str
