"""Operations about messages that are due later. Plain data, as `operations`.

A target is a named channel or an inbox. What is delayed for it is kept beside it, ordered by the store's clock, and is
handed on inside the store in one step, so that no message is handed on twice and none is lost on its way.

A calendar says when which target is to be visited next. Target and calendar are two steps (of a cluster, two slots),
so the calendar may name a target too early or for nothing, but never too late: whoever delays a message puts it beside
its target first and into the calendar afterwards, and whoever visits a target leaves its entry in the calendar until
he has seen what remains. The entry that he leaves is his ticket; one that was changed meanwhile is not taken out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .in_flight import BatchId

#: The 1.x channel that takes messages to be delayed: `{"channel": str, "content": dict, "delay": milliseconds}`.
DELAY_CHANNEL = "asgi.delay"
#: A message here ends the wait of a process that waits for the next entry of the calendar: there is an earlier one.
WAKE_CHANNEL = "towpath.due"

#: What is kept begins with so many random bytes, which are not handed on: two equal messages are two.
UNIQUE_BYTES = 12
#: Messages that wait for their time beside one target, before more are refused.
DELAYED_CAPACITY = 10_000
#: Longest delay, in seconds: a year. What is further away belongs into a database.
MAX_DELAY_SECONDS = 366 * 86_400
#: What nobody hands on is forgotten so many seconds after it was due: a week.
OVERDUE_SECONDS = 7 * 86_400
#: How often every process that hands on looks into the calendar, in seconds. For what is due sooner, one is woken.
LOOK_SECONDS = 5.0
#: How long a visit may take before the target is visited again, in seconds: far longer than it does.
VISIT_SECONDS = 10.0
#: When a target that is full is visited again, in seconds.
FULL_SECONDS = 1.0
#: Most targets in one look, and most messages handed on in one visit: bounds of what the store does at a time.
MOST_VISITS = 100
MOST_HANDED_ON = 200


class Visit(NamedTuple):
    """A target that is due, with the ticket to give up its entry in the calendar."""

    target: str
    ticket: bytes


class Look(NamedTuple):
    """What a look into the calendar found: who is to be visited now, and when to look again, in seconds (None: no)."""

    visits: Sequence[Visit]
    next_seconds: float | None


class HandedOn(NamedTuple):
    """How many messages were handed on, and when the target is to be visited again, in seconds (None: nothing left)."""

    moved: int
    next_seconds: float | None


@dataclass(frozen=True, slots=True)
class Delay:
    """Keep a body or inbox entry beside its target, unless `capacity` wait there. Result: whether it is kept (bool).

    With a `batch`, which is settled with it: only if that is in flight still; else it was done before.
    """

    target: str
    entry: bytes
    seconds: float
    capacity: int
    batch: BatchId | None = None


@dataclass(frozen=True, slots=True)
class Enter:
    """Enter a target into the calendar; `wake` is the body that ends a wait for a later one. Result: None."""

    target: str
    seconds: float
    wake: bytes


@dataclass(frozen=True, slots=True)
class LookUp:
    """Find the targets that are due, and let nobody else find them for `VISIT_SECONDS`. Result: `Look`."""


@dataclass(frozen=True, slots=True)
class HandOn:
    """Move what is due from beside a target into it, as far as it has room for it. Result: `HandedOn`."""

    target: str
    capacity: int


@dataclass(frozen=True, slots=True)
class EndVisit:
    """End a visit: the target is to be visited in so many seconds, or not any more (None). Result: None."""

    target: str
    ticket: bytes
    seconds: float | None


@dataclass(frozen=True, slots=True)
class CountDelayed:
    """Count what waits beside a target. Result: int."""

    target: str


DelayOperation = Delay | Enter | LookUp | HandOn | EndVisit | CountDelayed
