"""Operations on leases as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

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
from .table import Lifetimes, Row, Table, as_int

#: TTL of the leases' keys after the last renewal, and of tombstones, in seconds: a day.
LEASES_SECONDS = 86_400


def _owners(_: Claim, answer: Any) -> list[ExpiredOwner]:
    return [
        ExpiredOwner(owner.decode(), float(seconds)) for owner, seconds in zip(answer[::2], answer[1::2], strict=True)
    ]


class LeaseCommands:
    """The operations of `leases` for one layer."""

    def __init__(self, keys: Keys, _: Lifetimes) -> None:
        self._keys = keys
        self._held, self._expired, self._tombstones, self._watch = map(
            keys.leases, ("held", "expired", "tombstones", "watch")
        )

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

    table: Table = {
        Lease: Row(_lease, lambda _, state: LeaseState(state)),
        ReleaseLease: Row(_release_lease),
        Claim: Row(_claim, _owners),
        DelayClaim: Row(_delay_claim),
        ForgetOwner: Row(_forget_owner),
        Expire: Row(_expire),
        CountReaders: Row(_count_readers, as_int),
    }
