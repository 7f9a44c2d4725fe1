"""Operations about delays and schedules as Redis commands, and Redis's answers as results: a part of `commands`."""

import math
from collections.abc import Callable
from typing import Any

from ..delays import (
    FULL_SECONDS,
    LOOK_SECONDS,
    MOST_HANDED_ON,
    MOST_VISITS,
    OVERDUE_SECONDS,
    UNIQUE_BYTES,
    VISIT_SECONDS,
    WAKE_CHANNEL,
    CountDelayed,
    Delay,
    EndVisit,
    Enter,
    HandedOn,
    HandOn,
    Look,
    LookUp,
    Visit,
)
from ..firing import Fire, Fired
from ..keys import Keys
from ..names import is_inbox
from . import scripts
from .in_flight_commands import head_of
from .scripts import Command

#: Counters live this long after their last change, in seconds: a day.
COUNTS_SECONDS = 86_400
#: When a schedule was due last is known for so many seconds: longer than a year, the rarest that makes sense.
FIRED_SECONDS = 400 * 86_400


class TimeCommands:
    """Writes the commands of `delays` and `firing` for one layer."""

    def __init__(self, keys: Keys, expiry: float) -> None:
        self._keys = keys
        self._expiry = expiry
        self._queue_ms = math.ceil(expiry * 2000) + 60_000
        self._inbox_ms = math.ceil(expiry * 1000) + 1000
        self._calendar = keys.calendar(WAKE_CHANNEL)
        self.writers: dict[type, Callable[[Any], Command]] = {
            Delay: self._delay,
            Enter: self._enter,
            LookUp: self._look_up,
            HandOn: self._hand_on,
            EndVisit: self._end_visit,
            CountDelayed: self._count_delayed,
            Fire: self._fire,
        }

    def _delay(self, delay: Delay) -> Command:
        keys = [self._keys.delayed(delay.target), self._keys.counts(delay.target)]
        arguments = delay.capacity, delay.seconds, OVERDUE_SECONDS * 1000, COUNTS_SECONDS, delay.entry
        if delay.batch is None:
            return scripts.DELAY.call(keys, *arguments)
        keys.append(self._keys.in_flight(delay.batch.reader))
        return scripts.DELAY.call(keys, *arguments, head_of(delay.batch.number))

    def _enter(self, enter: Enter) -> Command:
        keys = self._calendar, self._keys.queue(WAKE_CHANNEL), self._keys.wakeup(WAKE_CHANNEL)
        limits = enter.seconds, OVERDUE_SECONDS * 1000, LOOK_SECONDS
        return scripts.ENTER.call(keys, enter.target, *limits, enter.wake)

    def _look_up(self, _: LookUp) -> Command:
        return scripts.LOOK_UP.call([self._calendar], MOST_VISITS, VISIT_SECONDS)

    def _hand_on(self, hand_on: HandOn) -> Command:
        target, counts = hand_on.target, self._keys.counts(hand_on.target)
        if is_inbox(target):
            keys: tuple[str, ...] = self._keys.delayed(target), self._keys.inbox(target), counts
            limits: tuple[Any, ...] = hand_on.capacity, "", self._inbox_ms
        else:
            keys = self._keys.delayed(target), self._keys.queue(target), counts, self._keys.wakeup(target)
            limits = hand_on.capacity, self._expiry, self._queue_ms
        return scripts.HAND_ON.call(keys, *limits, COUNTS_SECONDS, UNIQUE_BYTES, MOST_HANDED_ON)

    def _end_visit(self, visit: EndVisit) -> Command:
        seconds = "" if visit.seconds is None else visit.seconds
        return scripts.END_VISIT.call([self._calendar], visit.target, visit.ticket, seconds)

    def _count_delayed(self, count: CountDelayed) -> Command:
        return "ZCARD", self._keys.delayed(count.target)

    def _fire(self, fire: Fire) -> Command:
        spell, channel = self._keys, fire.channel
        keys = spell.fired(channel), spell.queue(channel), spell.counts(channel), spell.wakeup(channel)
        limits = FIRED_SECONDS, fire.capacity, self._expiry, self._queue_ms, COUNTS_SECONDS
        return scripts.FIRE.call(keys, fire.schedule, repr(fire.due), *limits, fire.body, int(fire.is_missed))


def _look(_: LookUp, answer: Any) -> Look:
    visits = [Visit(target.decode(), ticket) for target, ticket in zip(answer[1::2], answer[2::2], strict=True)]
    return Look(visits, float(answer[0]) if answer[0] else None)


def _handed_on(_: HandOn, answer: Any) -> HandedOn:
    count, seconds = answer
    if seconds == b"full":
        return HandedOn(int(count), FULL_SECONDS)
    return HandedOn(int(count), float(seconds) if seconds else None)


time_readers: dict[type, Callable[[Any, Any], object]] = {
    Delay: lambda _, is_kept: bool(is_kept),
    LookUp: _look,
    HandOn: _handed_on,
    CountDelayed: lambda _, count: int(count),
    Fire: lambda _, fired: Fired(fired),
}
