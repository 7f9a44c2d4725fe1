"""Operations on leases as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from collections.abc import Callable
from typing import Any

from ..keys import Keys
from ..operations.leases import (
    Claim,
    CountReaders,
    DelayClaim,
    Expire,
    ExpiredOwner,
    ForgetOwner,
    Lease,
    LeaseState,
    ReleaseLease,
)
from . import scripts
from .scripts import Command

#: TTL of the leases' keys after the last renewal, and of tombstones, in seconds: a day.
LEASES_SECONDS = 86_400


class LeaseCommands:
    """Writes the commands of `leases` for one layer."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._held, self._expired, self._tombstones, self._watch = map(
            keys.leases, ("held", "expired", "tombstones", "watch")
        )
        self.writers: dict[type, Callable[[Any], Command]] = {
            Lease: self._lease,
            ReleaseLease: self._release_lease,
            Claim: self._claim,
            DelayClaim: self._delay_claim,
            ForgetOwner: self._forget_owner,
            Expire: self._expire,
            CountReaders: self._count_readers,
        }

    def _lease(self, lease: Lease) -> Command:
        keys, times = (self._held, self._tombstones, self._watch), lease.times
        return scripts.LEASE.call(keys, lease.owner, lease.seconds, times.silence, times.grace, LEASES_SECONDS)

    def _release_lease(self, release_lease: ReleaseLease) -> Command:
        return "ZREM", self._held, release_lease.owner

    def _claim(self, claim: Claim) -> Command:
        keys = self._held, self._expired, self._tombstones, self._watch
        times = claim.times
        longest = max(times.reader_lease, times.inbox_lease)
        return scripts.CLAIM.call(keys, times.claim, times.silence, LEASES_SECONDS, longest, times.grace)

    def _expire(self, expire: Expire) -> Command:
        return scripts.EXPIRE.call([self._held, self._expired, self._tombstones], expire.owner, LEASES_SECONDS)

    def _count_readers(self, _: CountReaders) -> Command:
        return scripts.COUNT_READERS.call([self._held])

    def _delay_claim(self, delay_claim: DelayClaim) -> Command:
        return scripts.DELAY_CLAIM.call([self._expired], delay_claim.owner, delay_claim.seconds)

    def _forget_owner(self, forget_owner: ForgetOwner) -> Command:
        return "ZREM", self._expired, forget_owner.owner


def _expired(_: Claim, answer: Any) -> list[ExpiredOwner]:
    return [
        ExpiredOwner(owner.decode(), float(seconds)) for owner, seconds in zip(answer[::2], answer[1::2], strict=True)
    ]


lease_readers: dict[type, Callable[[Any, Any], object]] = {
    Lease: lambda _, state: LeaseState(state),
    Claim: _expired,
    CountReaders: lambda _, count: int(count),
}
