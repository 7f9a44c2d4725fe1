"""Leases: which owners live, and which expired. Means the same as the scripts of the Redis layer; its owner holds the
lock."""

from collections.abc import Callable

from ..lives import Bury, Claim, Dead, Expire, Lease, Life, LifeTimes, LivingReaders, Retire, Revisit
from ..names import is_inbox
from .expiring import Expiring

#: How long graves are remembered, in seconds: a day.
GRAVES_SECONDS = 86_400


class Lives:
    """The leases and the dead of one store."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        #: By owner: when its lease runs out; from when on anybody may care for it.
        self._living: dict[str, float] = {}
        self._dead: dict[str, float] = {}
        #: By owner: when its death was noticed.
        self._graves: Expiring[list[float]] = Expiring(clock, lambda: [clock()])
        #: None: no lease was ever renewed.
        self._heard_at: float | None = None
        self._counts_from = 0.0

    def lease(self, lease: Lease) -> Life:
        """Renew a lease; say what is known of its owner."""
        now = self._clock()
        if self._is_silent(now, lease.times):
            self._counts_from = now + lease.times.grace
        self._heard_at = now
        if self._graves.get(lease.owner) is not None:
            return Life.DEAD
        life = Life.KNOWN if lease.owner in self._living else Life.NEW
        self._living[lease.owner] = now + lease.seconds
        return life

    def retire(self, retire: Retire) -> None:
        """Forget an owner that ended in order."""
        self._living.pop(retire.owner, None)

    def claim(self, claim: Claim) -> list[Dead]:
        """Notice who died; take charge of those nobody cares for."""
        now = self._clock()
        if self._is_silent(now, claim.times) or now < self._counts_from:
            return []
        for owner in [owner for owner, runs_out_at in self._living.items() if runs_out_at <= now]:
            del self._living[owner]
            self._dead[owner] = now
            self._graves.touch(owner, GRAVES_SECONDS)
        claimed = [owner for owner, from_ in self._dead.items() if from_ <= now]
        self._dead.update(dict.fromkeys(claimed, now + claim.times.claim))
        return [Dead(owner, now - (self._graves.get(owner) or [now])[0]) for owner in claimed]

    def revisit(self, revisit: Revisit) -> None:
        """Let others care for a dead one after a while."""
        if revisit.owner in self._dead:
            self._dead[revisit.owner] = self._clock() + revisit.seconds

    def bury(self, bury: Bury) -> None:
        """Forget a dead owner; of an inbox the grave stays."""
        self._dead.pop(bury.owner, None)
        if not is_inbox(bury.owner):
            self._graves.pop(bury.owner)

    def expire(self, expire: Expire) -> None:
        """End a lease now."""
        self._living.pop(expire.owner, None)
        self._dead[expire.owner] = self._clock()
        self._graves.touch(expire.owner, GRAVES_SECONDS)

    def living_readers(self, _: LivingReaders) -> int:
        """Count the readers whose lease has not run out."""
        now = self._clock()
        return sum(runs_out_at > now and not is_inbox(owner) for owner, runs_out_at in self._living.items())

    def owners(self) -> list[str]:
        """List all that hold a lease, or are dead and not buried."""
        return list({**self._living, **self._dead})

    def clear(self) -> None:
        """Forget everything."""
        for part in (self._living, self._dead, self._graves):
            part.clear()
        self._heard_at, self._counts_from = None, 0.0

    def _is_silent(self, now: float, times: LifeTimes) -> bool:
        return self._heard_at is not None and now - self._heard_at > times.silence
