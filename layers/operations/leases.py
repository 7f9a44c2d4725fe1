"""Lease operations: renewal, expiry, and the claims of expired owners. Plain data, as `operations`.

An owner is the name of an inbox (it ends in `!`) or of a reader. It renews its lease; when the lease has expired, one
worker process at a time claims the owner, cleans up after it, and forgets it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ..names import is_inbox
from .operation import Operation


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """The durations of leases, in seconds. All processes on one store use the same."""

    #: Lease of a reader. It expires if a worker process does not renew it for this time.
    reader_lease: float = 8.0
    #: Lease of an inbox. An interface server renews it every second, or tries to at least every five.
    inbox_lease: float = 20.0
    #: Time without any renewal after which the store counts as having been unavailable.
    silence: float = 5.0
    #: Time after an outage in which every owner can renew its lease before leases count again.
    grace: float = 25.0
    #: Duration of the claim of an expired owner: far longer than the cleanup takes.
    claim: float = 10.0


#: Time between two renewals of a reader's lease, in seconds.
BEAT_SECONDS = 2.0


class LeaseState(IntEnum):
    """The state of a lease when it was to be renewed."""

    NEW = 0  # nothing: it is the first time, or the store has lost its data
    HELD = 1
    EXPIRED = 2  # it is not renewed


class ExpiredOwner(NamedTuple):
    """An owner whose lease has expired, and the seconds since that was noticed."""

    owner: str
    seconds: float


@dataclass(slots=True)
class Lease(Operation[LeaseState]):
    """Renew the lease of an owner."""

    owner: str
    times: LeaseTimes

    @property
    def seconds(self) -> float:
        """Duration of the lease."""
        return self.times.inbox_lease if is_inbox(self.owner) else self.times.reader_lease


@dataclass(slots=True)
class ReleaseLease(Operation[None]):
    """Release the lease of an owner that stops cleanly."""

    owner: str


@dataclass(slots=True)
class Expire(Operation[None]):
    """Let an owner's lease expire now: another process cleans up after it."""

    owner: str


@dataclass(slots=True)
class CountReaders(Operation[int]):
    """Count the readers that hold a lease."""


@dataclass(slots=True)
class Claim(Operation[list[ExpiredOwner]]):
    """Claim expired owners: for a while, no other process gets them.

    No lease expires while the store may have been unavailable: then none could be renewed.
    """

    times: LeaseTimes


@dataclass(slots=True)
class DelayClaim(Operation[None]):
    """Let any process claim an expired owner after `seconds`."""

    owner: str
    seconds: float


@dataclass(slots=True)
class ForgetOwner(Operation[None]):
    """Delete an expired owner, whose cleanup is complete. Its lease is refused for another day."""

    owner: str
