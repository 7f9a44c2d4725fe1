"""Operations about life and death: who lives, who died, and what the dead leave behind. Plain data, as `operations`.

An owner is the name of an inbox (it ends in `!`) or of a reader. Its lease says that it lives; when that has run out,
one living worker at a time claims the dead one, does what it owes the living, and buries it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from .names import is_inbox


@dataclass(frozen=True, slots=True)
class LifeTimes:
    """How long leases last and when they count, in seconds. All processes on one store use the same."""

    #: A worker process that gets nothing done for so long, not even a beat of a thread of its own, is taken for dead.
    reader_lease: float = 8.0
    #: The same for an interface server, which renews every second, or tries to at least every five.
    inbox_lease: float = 20.0
    #: If no lease at all was renewed for so long, the store was away, or nobody lived.
    silence: float = 5.0
    #: Then everybody has so long to come back before leases count again.
    grace: float = 25.0
    #: How long one worker has the charge of a dead owner: far longer than what is done for it takes.
    claim: float = 10.0


#: Time between two renewals of a reader's lease, in seconds.
BEAT_SECONDS = 2.0


class Life(IntEnum):
    """What a store knows of an owner that renews its lease."""

    NEW = 0  # nothing: it is the first time, or the store has lost its data
    KNOWN = 1  # it lives
    DEAD = 2  # it was taken for dead: the lease is refused


class Dead(NamedTuple):
    """An owner that died, and when that was noticed, in seconds before now."""

    owner: str
    seconds: float


class Lease(NamedTuple):
    """Say that an owner lives. Result: `Life`."""

    owner: str
    times: LifeTimes

    @property
    def seconds(self) -> float:
        """How long it is believed."""
        return self.times.inbox_lease if is_inbox(self.owner) else self.times.reader_lease


class Retire(NamedTuple):
    """Take an owner that has ended in order out of the living. Result: None."""

    owner: str


class Expire(NamedTuple):
    """End an owner's lease now, as if its time were over: others are to do what remains. Result: None."""

    owner: str


class LivingReaders(NamedTuple):
    """Count the readers whose lease has not run out. Result: int."""


class Claim(NamedTuple):
    """Take charge of who is dead, for a while during which nobody else gets them. Result: list of `Dead`.

    Nobody is declared dead while the store may have been away: then no lease was renewed.
    """

    times: LifeTimes


class Revisit(NamedTuple):
    """Give up the charge of a dead owner: whoever claims after so many seconds gets it. Result: None."""

    owner: str
    seconds: float


class Bury(NamedTuple):
    """Say that nothing more is to be done for a dead owner. Result: None.

    A reader may live again under its name. An inbox may not: its lease is refused for another day.
    """

    owner: str
