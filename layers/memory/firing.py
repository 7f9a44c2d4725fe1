"""When schedules were due last. Means the same as the script of the Redis layer, but for the time of day: this store's
clock does not know it, and there is one process. Its owner holds the lock."""

from ..operations.queues import Push
from ..operations.schedules import Fire, Fired
from .queues import Queues


class Firing:
    """The times that were fired last, by channel and schedule."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._last: dict[tuple[str, str], float] = {}

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
