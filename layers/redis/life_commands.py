"""Operations about life and death as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from collections.abc import Callable
from typing import Any

from ..keys import Keys
from ..lives import Bury, Claim, Dead, Expire, Lease, Life, LivingReaders, Retire, Revisit
from ..names import is_inbox
from . import scripts
from .scripts import Command

#: Leases as a whole, and graves, live this long after the last renewal or death, in seconds: a day.
LEASES_SECONDS = 86_400


class LifeCommands:
    """Writes the commands of `lives` for one layer."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._living, self._dead, self._graves, self._watch = map(keys.leases, ("living", "dead", "graves", "watch"))
        self.writers: dict[type, Callable[[Any], Command]] = {
            Lease: self._lease,
            Retire: self._retire,
            Claim: self._claim,
            Revisit: self._revisit,
            Bury: self._bury,
            Expire: self._expire,
            LivingReaders: self._living_readers,
        }

    def _lease(self, lease: Lease) -> Command:
        keys, times = (self._living, self._graves, self._watch), lease.times
        return scripts.LEASE.call(keys, lease.owner, lease.seconds, times.silence, times.grace, LEASES_SECONDS)

    def _retire(self, retire: Retire) -> Command:
        return "ZREM", self._living, retire.owner

    def _claim(self, claim: Claim) -> Command:
        keys = self._living, self._dead, self._graves, self._watch
        times = claim.times
        longest = max(times.reader_lease, times.inbox_lease)
        return scripts.CLAIM.call(keys, times.claim, times.silence, LEASES_SECONDS, longest, times.grace)

    def _expire(self, expire: Expire) -> Command:
        return scripts.EXPIRE.call([self._living, self._dead, self._graves], expire.owner, LEASES_SECONDS)

    def _living_readers(self, _: LivingReaders) -> Command:
        return scripts.LIVING_READERS.call([self._living])

    def _revisit(self, revisit: Revisit) -> Command:
        return scripts.REVISIT.call([self._dead], revisit.owner, revisit.seconds)

    def _bury(self, bury: Bury) -> Command:
        return scripts.BURY.call([self._dead, self._graves], bury.owner, int(not is_inbox(bury.owner)))


def _dead(_: Claim, answer: Any) -> list[Dead]:
    return [Dead(owner.decode(), float(seconds)) for owner, seconds in zip(answer[::2], answer[1::2], strict=True)]


life_readers: dict[type, Callable[[Any, Any], object]] = {
    Lease: lambda _, life: Life(life),
    Claim: _dead,
    LivingReaders: lambda _, count: int(count),
}
