"""Delayed messages, and the last times of schedules. Does the same as the scripts of Redis; its owner holds the lock.

The entries are the due index, too: they change in one step, so there are no tokens to compare.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import count

from ..names import is_inbox
from ..operations.delays import (
    FULL_SECONDS,
    MOST_DELIVERED,
    MOST_TARGETS,
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
from ..operations.in_flight import Acknowledge
from ..operations.inboxes import PushInbox
from ..operations.operation import READ_BYTES
from ..operations.queues import Count, Push
from ..operations.schedules import Fire, Fired
from .in_flight import Records
from .inboxes import Inboxes
from .part import Executors
from .queues import Queues


class Delays:
    """Every target's delayed entries, by the time they are due."""

    def __init__(self, clock: Callable[[], float], queues: Queues, inboxes: Inboxes, records: Records) -> None:
        self._clock = clock
        self._records = records
        self._queues = queues
        self._inboxes = inboxes
        #: By target: (due, place among equals, entry) in a heap; from when on a full one is tried again.
        self._entries: defaultdict[str, list[tuple[float, int, bytes]]] = defaultdict(list)
        self._put_off: dict[str, float] = {}
        self._places = count()
        self.executors: Executors = {
            Delay: self.delay,
            AddDue: self.add_due,
            FindDue: self.find_due,
            DeliverDue: self.deliver_due,
            EndDelivery: self.end_delivery,
            CountDelayed: self.count,
        }

    def delay(self, delay: Delay) -> bool:
        """Keep an entry, if there is room."""
        if delay.batch is not None and self._records.is_settled(delay.batch):
            return True
        waiting = self._entries[delay.target]
        has_room = len(waiting) < delay.capacity
        self._queues.count(Count(delay.target, "delayed" if has_room else "full", 1))
        if has_room:
            heapq.heappush(waiting, (self._clock() + delay.seconds, next(self._places), delay.entry))
            if delay.batch is not None:
                self._records.acknowledge(Acknowledge(*delay.batch))
        return has_room

    def add_due(self, add_due: AddDue) -> None:
        """Wake a scheduler that might sleep for longer."""
        if add_due.seconds < POLL_SECONDS:
            self._queues.push(Push(WAKE_CHANNEL, [add_due.wake], 1))

    def find_due(self, _: FindDue) -> DueTargets:
        """Find the targets that are due."""
        now = self._clock()
        ats = sorted(
            (max(waiting[0][0], self._put_off.get(target, waiting[0][0])), target)
            for target, waiting in self._entries.items()
            if waiting
        )
        due = [DueTarget(target, b"") for at, target in ats if at <= now][:MOST_TARGETS]
        return DueTargets(due, max(0.0, ats[len(due)][0] - now) if len(due) < len(ats) else None)

    def deliver_due(self, deliver_due: DeliverDue) -> Delivered:
        """Move the entries that are due, while there is room."""
        now, waiting = self._clock(), self._entries[deliver_due.target]
        due = _one_delivery(entry for at, _, entry in heapq.nsmallest(MOST_DELIVERED, waiting) if at <= now)
        moved = self._move(deliver_due, [entry[UNIQUE_BYTES:] for entry in due])
        for _ in range(moved):
            heapq.heappop(waiting)
        self._put_off.pop(deliver_due.target, None)
        if moved < len(due):
            self._put_off[deliver_due.target] = now + FULL_SECONDS
            return Delivered(moved, FULL_SECONDS)
        if waiting:
            return Delivered(moved, max(0.0, waiting[0][0] - now))
        del self._entries[deliver_due.target]
        return Delivered(moved, None)

    def end_delivery(self, _: EndDelivery) -> None:
        """Do nothing: the remaining entries are known."""

    def count(self, counted: CountDelayed) -> int:
        """Count the kept entries."""
        return len(self._entries.get(counted.target, ()))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._put_off.clear()

    def _move(self, deliver_due: DeliverDue, bodies: list[bytes]) -> int:
        """Append as many as there is room for, and count no refusals: the others are tried again."""
        if is_inbox(deliver_due.target):
            moved = max(0, min(len(bodies), deliver_due.capacity - self._inboxes.length(deliver_due.target)))
            self._inboxes.push(PushInbox(deliver_due.target, bodies[:moved], deliver_due.capacity))
            return moved
        moved = self._queues.push(Push(deliver_due.target, bodies, deliver_due.capacity))
        self._queues.count(Count(deliver_due.target, "full", moved - len(bodies)))
        return moved


def _one_delivery(due: Iterable[bytes]) -> list[bytes]:
    """Return the first entries, up to the one that makes them `READ_BYTES` or more."""
    found: list[bytes] = []
    length = 0
    for entry in due:
        found.append(entry)
        length += len(entry)
        if length >= READ_BYTES:
            break
    return found


class Firing:
    """The times that were fired last, by channel and schedule. There is one process, and no time of day to check."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._last: dict[tuple[str, str], float] = {}
        self.executors: Executors = {Fire: self.fire}

    def fire(self, fire: Fire) -> Fired:
        """Send a schedule's message, once for each time it is due."""
        key = fire.channel, fire.schedule
        last = self._last.get(key)
        if last is not None and last >= fire.due:
            return Fired.NO
        is_first = last is None and fire.is_missed
        if not is_first and not self._queues.push(Push(fire.channel, [fire.body], fire.capacity)):
            return Fired.FULL
        self._last[key] = fire.due
        return Fired.FIRST if is_first else Fired.YES

    def clear(self) -> None:
        """Forget everything."""
        self._last.clear()
