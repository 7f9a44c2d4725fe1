"""Leases of owners, held and expired. Does the same as the scripts of the Redis layer; its owner holds the lock."""

from collections.abc import Callable

from ..names import is_inbox
from ..operations.leases import (
    Claim,
    CountReaders,
    DelayClaim,
    Expire,
    ExpiredOwner,
    ForgetOwner,
    Lease,
    LeaseState,
    LeaseTimes,
    ReleaseLease,
)
from .expiring import Expiring
from .part import Executors

#: TTL of tombstones, in seconds: a day.
TOMBSTONE_SECONDS = 86_400


class Leases:
    """The leases of one store, held and expired."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        #: By owner: when its lease expires; from when on it can be claimed.
        self._held: dict[str, float] = {}
        self._expired: dict[str, float] = {}
        #: By owner: when its expiry was noticed.
        self._tombstones: Expiring[list[float]] = Expiring(clock, lambda: [clock()])
        #: None: no lease was ever renewed.
        self._renewed_at: float | None = None
        self._counts_from = 0.0
        self.executors: Executors = {
            Lease: self.lease,
            ReleaseLease: self.release_lease,
            Claim: self.claim,
            DelayClaim: self.delay_claim,
            ForgetOwner: self.forget_owner,
            Expire: self.expire,
            CountReaders: self.count_readers,
        }

    def lease(self, lease: Lease) -> LeaseState:
        """Renew a lease; return its state."""
        now = self._clock()
        if self._is_silent(now, lease.times):
            self._counts_from = now + lease.times.grace
        self._renewed_at = now
        if self._tombstones.get(lease.owner) is not None:
            return LeaseState.EXPIRED
        state = LeaseState.HELD if lease.owner in self._held else LeaseState.NEW
        self._held[lease.owner] = now + lease.seconds
        return state

    def release_lease(self, release_lease: ReleaseLease) -> None:
        """Forget an owner that stopped cleanly."""
        self._held.pop(release_lease.owner, None)

    def claim(self, claim: Claim) -> list[ExpiredOwner]:
        """Move expired owners, and claim those that can be claimed."""
        now = self._clock()
        if self._is_silent(now, claim.times) or now < self._counts_from:
            return []
        for owner in [owner for owner, runs_out_at in self._held.items() if runs_out_at <= now]:
            del self._held[owner]
            self._expired[owner] = now
            self._tombstones.touch(owner, TOMBSTONE_SECONDS)
        claimed = [owner for owner, from_ in self._expired.items() if from_ <= now]
        self._expired.update(dict.fromkeys(claimed, now + claim.times.claim))
        return [ExpiredOwner(owner, now - (self._tombstones.get(owner) or [now])[0]) for owner in claimed]

    def delay_claim(self, delay_claim: DelayClaim) -> None:
        """Let any process claim an expired owner after some seconds."""
        if delay_claim.owner in self._expired:
            self._expired[delay_claim.owner] = self._clock() + delay_claim.seconds

    def forget_owner(self, forget_owner: ForgetOwner) -> None:
        """Forget an expired owner; its tombstone stays."""
        self._expired.pop(forget_owner.owner, None)

    def expire(self, expire: Expire) -> None:
        """End a lease now."""
        self._held.pop(expire.owner, None)
        self._expired[expire.owner] = self._clock()
        self._tombstones.touch(expire.owner, TOMBSTONE_SECONDS)

    def count_readers(self, _: CountReaders) -> int:
        """Count the readers that hold a lease."""
        now = self._clock()
        return sum(runs_out_at > now and not is_inbox(owner) for owner, runs_out_at in self._held.items())

    def owners(self) -> list[str]:
        """List the owners that hold a lease, or have expired and are not forgotten."""
        return list({**self._held, **self._expired})

    def clear(self) -> None:
        """Forget everything."""
        for part in (self._held, self._expired, self._tombstones):
            part.clear()
        self._renewed_at, self._counts_from = None, 0.0

    def _is_silent(self, now: float, times: LeaseTimes) -> bool:
        return self._renewed_at is not None and now - self._renewed_at > times.silence
