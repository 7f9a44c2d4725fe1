"""The deadlines of all connections of one process, behind one timer of the reactor.

Each connection has two or three deadlines, which are reset on each event and rarely expire. So setting one is a
comparison in most cases, and a set operation in the others: a deadline is in the slot of the eighth of a second in
which it is checked next, and moves to a later slot then if it was reset. It expires up to an eighth of a second late.
"""

import logging
import math
from collections.abc import Callable

from .clock import Clock, Timer

log = logging.getLogger(__name__)

#: A power of two, so that whole seconds fall on slots exactly.
SLOTS_PER_SECOND = 8


class Deadlines:
    """Checks deadlines when they are due; the timer runs while there are any."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._slots: dict[int, set[Deadline]] = {}
        self._timer: Timer | None = None
        #: The slots up to this one have been checked.
        self._looked_at = 0

    def place(self, deadline: "Deadline", due: float) -> int:
        """Schedule the check of a deadline at `due`; return its slot, for `remove`."""
        if not self._slots:  # otherwise the time to handle deadlines would skip those of the next slot
            self._looked_at = self._slot_now()
        if self._timer is None:
            self._start_timer()
        slot = max(math.ceil(due * SLOTS_PER_SECOND), self._looked_at + 1)
        self._slots.setdefault(slot, set()).add(deadline)
        return slot

    def remove(self, deadline: "Deadline", slot: int) -> None:
        """Remove a deadline from its slot; without deadlines the timer is cancelled."""
        deadlines = self._slots.get(slot)
        if deadlines is None:
            return
        deadlines.discard(deadline)
        if not deadlines:
            del self._slots[slot]
        if not self._slots and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        first, self._looked_at = self._looked_at + 1, self._slot_now()
        for slot in range(first, self._looked_at + 1):
            for deadline in self._slots.pop(slot, ()):
                try:
                    deadline.look()
                except Exception:
                    log.exception("Handling a deadline that has passed failed")
        if self._slots and self._timer is None:
            self._start_timer()

    def _start_timer(self) -> None:
        self._timer = self.clock.callLater(1 / SLOTS_PER_SECOND, self._look)

    def _slot_now(self) -> int:
        return int(self.clock.seconds() * SLOTS_PER_SECOND)


class Deadline:
    """Calls `expired` when the deadline passes without being set again or cleared."""

    __slots__ = ("_deadlines", "_due", "_expired", "_slot")

    def __init__(self, deadlines: Deadlines, expired: Callable[[], None]) -> None:
        self._deadlines = deadlines
        self._expired = expired
        self._due: float | None = None
        #: The slot of its next check; never later than it is due.
        self._slot: int | None = None

    @property
    def is_set(self) -> bool:
        """Return whether the deadline is set."""
        return self._due is not None

    def set(self, seconds: float | None) -> None:
        """Expire `seconds` from now, in place of an earlier setting; None clears the deadline."""
        if seconds is None:
            self._due = None
            return
        deadlines = self._deadlines
        self._due = due = deadlines.clock.seconds() + seconds
        if self._slot is not None:
            if self._slot <= due * SLOTS_PER_SECOND:
                return
            deadlines.remove(self, self._slot)
        self._slot = deadlines.place(self, due)

    def stop(self) -> None:
        """Clear the deadline for good, and break the reference cycle with its owner."""
        self._due = None
        self._expired = _ignore
        if self._slot is not None:
            self._deadlines.remove(self, self._slot)
            self._slot = None

    def look(self) -> None:
        """Expire, or move to a later slot: called when the slot is due."""
        self._slot = None
        if self._due is None:
            return
        if self._due > self._deadlines.clock.seconds():
            self._slot = self._deadlines.place(self, self._due)
        else:
            self._due = None
            self._expired()


def _ignore() -> None:
    """Do nothing: the deadline was stopped."""
