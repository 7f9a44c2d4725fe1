"""What is due later. Means the same as the scripts of the Redis layer; its owner holds the lock.

All of it is in one place here, so the calendar is what is kept, and tickets have nothing to protect.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from typing import Any

from ..delays import (
    FULL_SECONDS,
    LOOK_SECONDS,
    MOST_HANDED_ON,
    MOST_VISITS,
    UNIQUE_BYTES,
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
from ..in_flight import Acknowledge
from ..names import is_inbox
from ..operations import Count, Push, PushInbox
from .in_flight import Records
from .inboxes import Inboxes
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
        self.executors: dict[type, Callable[[Any], object]] = {
            Delay: self.delay,
            Enter: self.enter,
            LookUp: self.look_up,
            HandOn: self.hand_on,
            EndVisit: self.end_visit,
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

    def enter(self, enter: Enter) -> None:
        """Wake somebody who might sleep for longer."""
        if enter.seconds < LOOK_SECONDS:
            self._queues.push(Push(WAKE_CHANNEL, [enter.wake], 1))

    def look_up(self, _: LookUp) -> Look:
        """Find the targets that are due."""
        now = self._clock()
        ats = sorted(
            (max(waiting[0][0], self._put_off.get(target, waiting[0][0])), target)
            for target, waiting in self._entries.items()
            if waiting
        )
        due = [Visit(target, b"") for at, target in ats if at <= now][:MOST_VISITS]
        return Look(due, max(0.0, ats[len(due)][0] - now) if len(due) < len(ats) else None)

    def hand_on(self, hand_on: HandOn) -> HandedOn:
        """Move what is due, as far as there is room."""
        now, waiting = self._clock(), self._entries[hand_on.target]
        due = [entry for entry in heapq.nsmallest(MOST_HANDED_ON, waiting) if entry[0] <= now]
        moved = self._move(hand_on, [entry[UNIQUE_BYTES:] for _, _, entry in due])
        for _ in range(moved):
            heapq.heappop(waiting)
        self._put_off.pop(hand_on.target, None)
        if moved < len(due):
            self._put_off[hand_on.target] = now + FULL_SECONDS
            return HandedOn(moved, FULL_SECONDS)
        if waiting:
            return HandedOn(moved, max(0.0, waiting[0][0] - now))
        del self._entries[hand_on.target]
        return HandedOn(moved, None)

    def end_visit(self, _: EndVisit) -> None:
        """Do nothing: what remains is known."""

    def count(self, counted: CountDelayed) -> int:
        """Count what is kept."""
        return len(self._entries.get(counted.target, ()))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._put_off.clear()

    def _move(self, hand_on: HandOn, bodies: list[bytes]) -> int:
        """Append as many as there is room for, and count no refusals: what does not fit will be tried again."""
        if is_inbox(hand_on.target):
            moved = max(0, min(len(bodies), hand_on.capacity - self._inboxes.length(hand_on.target)))
            self._inboxes.push(PushInbox(hand_on.target, bodies[:moved], hand_on.capacity))
            return moved
        moved = self._queues.push(Push(hand_on.target, bodies, hand_on.capacity))
        self._queues.count(Count(hand_on.target, "full", moved - len(bodies)))
        return moved
