"""Operations about delays and schedules as Redis commands, and Redis's answers as results: a part of `commands`."""

from typing import Any

from ..keys import Keys
from ..names import is_inbox
from ..operations.delays import (
    DELIVERY_SECONDS,
    FULL_SECONDS,
    MOST_DELIVERED,
    MOST_TARGETS,
    OVERDUE_SECONDS,
    POLL_SECONDS,
    UNIQUE_BYTES,
    WAKE_CHANNEL,
    AddDue,
    CountDelayed,
    Delay,
    DeliverDue,
    Delivered,
    DueTarget,
    DueTargets,
    EndDelivery,
    FindDue,
)
from ..operations.schedules import Fire, Fired
from . import scripts
from .in_flight_commands import head_of
from .scripts import Command
from .table import COUNTS_SECONDS, Lifetimes, Row, Table, as_bool, as_int

#: TTL of the time at which a schedule was last due, in seconds: longer than a year, the rarest schedule.
FIRED_SECONDS = 400 * 86_400


def _due_targets(_: FindDue, answer: Any) -> DueTargets:
    targets = [DueTarget(target.decode(), token) for target, token in zip(answer[1::2], answer[2::2], strict=True)]
    return DueTargets(targets, float(answer[0]) if answer[0] else None)


def _delivered(_: DeliverDue, answer: Any) -> Delivered:
    count, seconds = answer
    if seconds == b"full":
        return Delivered(int(count), FULL_SECONDS)
    return Delivered(int(count), float(seconds) if seconds else None)


class TimeCommands:
    """The operations of `delays` and `schedules` for one layer."""

    def __init__(self, keys: Keys, lives: Lifetimes) -> None:
        self._keys = keys
        self._expiry, self._queue_ms, self._inbox_ms = lives.expiry, lives.queue_ms, lives.inbox_ms
        self._due_index = keys.due_index(WAKE_CHANNEL)

    def _delay(self, delay: Delay) -> Command:
        keys = [self._keys.delayed(delay.target), self._keys.counts(delay.target)]
        arguments = delay.capacity, delay.seconds, OVERDUE_SECONDS * 1000, COUNTS_SECONDS, delay.entry
        if delay.batch is None:
            return scripts.DELAY.call(keys, *arguments)
        keys.append(self._keys.in_flight(delay.batch.reader))
        return scripts.DELAY.call(keys, *arguments, head_of(delay.batch.number))

    def _add_due(self, add_due: AddDue) -> Command:
        keys = self._due_index, self._keys.queue(WAKE_CHANNEL), self._keys.wakeup(WAKE_CHANNEL)
        limits = add_due.seconds, OVERDUE_SECONDS * 1000, POLL_SECONDS
        return scripts.ADD_DUE.call(keys, add_due.target, *limits, add_due.wake)

    def _find_due(self, _: FindDue) -> Command:
        return scripts.FIND_DUE.call([self._due_index], MOST_TARGETS, DELIVERY_SECONDS)

    def _deliver_due(self, deliver_due: DeliverDue) -> Command:
        target, counts = deliver_due.target, self._keys.counts(deliver_due.target)
        if is_inbox(target):
            keys: tuple[str, ...] = self._keys.delayed(target), self._keys.inbox(target), counts
            limits: tuple[Any, ...] = deliver_due.capacity, "", self._inbox_ms
        else:
            keys = self._keys.delayed(target), self._keys.queue(target), counts, self._keys.wakeup(target)
            limits = deliver_due.capacity, self._expiry, self._queue_ms
        return scripts.DELIVER_DUE.call(keys, *limits, COUNTS_SECONDS, UNIQUE_BYTES, MOST_DELIVERED)

    def _end_delivery(self, ended: EndDelivery) -> Command:
        seconds = "" if ended.seconds is None else ended.seconds
        return scripts.END_DELIVERY.call([self._due_index], ended.target, ended.token, seconds)

    def _count_delayed(self, count: CountDelayed) -> Command:
        return "ZCARD", self._keys.delayed(count.target)

    def _fire(self, fire: Fire) -> Command:
        spell, channel = self._keys, fire.channel
        keys = spell.fired(channel), spell.queue(channel), spell.counts(channel), spell.wakeup(channel)
        limits = FIRED_SECONDS, fire.capacity, self._expiry, self._queue_ms, COUNTS_SECONDS
        return scripts.FIRE.call(keys, fire.schedule, repr(fire.due), *limits, fire.body, int(fire.is_missed))

    table: Table = {
        Delay: Row(_delay, as_bool),
        AddDue: Row(_add_due),
        FindDue: Row(_find_due, _due_targets),
        DeliverDue: Row(_deliver_due, _delivered),
        EndDelivery: Row(_end_delivery),
        CountDelayed: Row(_count_delayed, as_int),
        Fire: Row(_fire, lambda _, fired: Fired(fired)),
    }
