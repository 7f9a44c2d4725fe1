"""Operations about life and death as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from collections.abc import Callable
from typing import Any

from ..keys import Keys, channel_of_queue
from ..lives import (
    Bury,
    Claim,
    Dead,
    InHand,
    Lease,
    Life,
    Readers,
    Record,
    Release,
    Retire,
    Revisit,
)
from ..names import is_inbox
from . import scripts
from .scripts import Command

#: A record of what a reader has taken lives this long, in seconds: a day. Somebody counts it before.
HAND_SECONDS = 86_400
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
            Readers: self._readers,
            Release: self._release,
            InHand: self._in_hand,
        }

    def _lease(self, lease: Lease) -> Command:
        keys, times = (self._living, self._graves, self._watch), lease.times
        return scripts.LEASE.call(keys, lease.owner, lease.seconds, times.silence, times.grace, LEASES_SECONDS)

    def _retire(self, retire: Retire) -> Command:
        return "ZREM", self._living, retire.owner

    def _claim(self, claim: Claim) -> Command:
        keys = self._living, self._dead, self._graves, self._watch
        return scripts.CLAIM.call(keys, claim.times.claim, claim.times.silence, LEASES_SECONDS)

    def _revisit(self, revisit: Revisit) -> Command:
        return scripts.REVISIT.call([self._dead], revisit.owner, revisit.seconds)

    def _bury(self, bury: Bury) -> Command:
        return scripts.BURY.call([self._dead, self._graves], bury.owner, int(not is_inbox(bury.owner)))

    def _readers(self, readers: Readers) -> Command:
        return "ZUNION", 2, self._living, self._dead

    def _release(self, release: Release) -> Command:
        return "DEL", self._keys.hand(release.reader)

    def _in_hand(self, in_hand: InHand) -> Command:
        return "LRANGE", self._keys.hand(in_hand.reader), 0, -1


def _dead(_: Claim, answer: Any) -> list[Dead]:
    return [Dead(owner.decode(), float(seconds)) for owner, seconds in zip(answer[::2], answer[1::2], strict=True)]


def _reader_names(_: Readers, answer: Any) -> list[str]:
    return [name for name in map(bytes.decode, answer) if not is_inbox(name)]


def _record(_: InHand, answer: Any) -> Record | None:
    return Record(channel_of_queue(answer[0]), answer[1:]) if answer else None


life_readers: dict[type, Callable[[Any, Any], object]] = {
    Lease: lambda _, life: Life(life),
    Claim: _dead,
    Readers: _reader_names,
    InHand: _record,
}
