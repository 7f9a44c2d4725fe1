"""The schedule of a layer in one process: an entry that is due is fired, unless another process has fired it.

Only the latest time counts. So after an outage, or while a channel is full, a message is sent once and not as often as
it was due. A time before the start of this process is made up for, if the store has a record that it was not sent.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from towpath.channels.schedule import Entry
from towpath.layers.contract import ChannelLayer, Scheduled
from towpath.layers.errors import LayerUnavailable, TowpathError
from towpath.layers.operations.schedules import Fired

logger = logging.getLogger(__name__)

#: Seconds until the next try if the channel was full, or the store's clock is behind ours.
AGAIN_SECONDS = {Fired.FULL: 1.0, Fired.EARLY: 0.1}


@dataclass(slots=True)
class _Row:
    """One entry: `due` is the time that is still to be fired (None: none), `next_due` the one after it."""

    entry: Entry
    due: float | None
    is_missed: bool
    next_due: float
    again_at: float = 0.0
    is_refused: bool = False


class Timetable:
    """The entries of one layer. `now` counts seconds since 1970 (UTC)."""

    def __init__(self, layer: ChannelLayer, entries: Iterable[Entry], now: Callable[[], float] = time.time) -> None:
        self._layer = layer
        self._now = now
        begin = now()
        self._rows = [_Row(each, each.rhythm.latest(begin), True, each.rhythm.next(begin)) for each in entries]

    def fire(self) -> float | None:
        """Fire the entries that are due; return the seconds until the next one is due, None for an empty schedule.

        Raises:
            LayerUnavailable: the layer is unavailable; the entries stay due.
        """
        for row in self._rows:
            now = self._now()
            if row.next_due <= now:
                row.due, row.is_missed = row.entry.rhythm.latest(now), False
                row.next_due = row.entry.rhythm.next(now)
                row.is_refused = False
            if row.due is not None and row.again_at <= now:
                self._fire(row, row.due)
        nexts = [row.next_due if row.due is None else min(row.again_at, row.next_due) for row in self._rows]
        return max(0.0, min(nexts) - self._now()) if nexts else None

    def _fire(self, row: _Row, due: float) -> None:
        entry = row.entry
        try:
            fired = self._layer.fire(Scheduled(entry.name, entry.channel, entry.content, due, row.is_missed))
        except LayerUnavailable:
            raise
        except TowpathError:
            logger.exception("Could not send the message of schedule %r to %s", entry.name, entry.channel)
            fired = Fired.NO
        if fired in AGAIN_SECONDS:
            row.again_at = self._now() + AGAIN_SECONDS[fired]
            if fired is Fired.FULL and not row.is_refused:
                row.is_refused = True
                logger.warning(
                    "Channel %s is full for the message of schedule %r: trying again until it is due the next time",
                    *(entry.channel, entry.name),
                )
            return
        row.due, row.again_at = None, 0.0
        if fired is Fired.YES:
            logger.debug("Sent the message of schedule %r to %s", entry.name, entry.channel)
