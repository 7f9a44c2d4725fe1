"""The workers of the layer, as seen by this server: whether any has a lease.

A worker that is not started, or that reads another Redis or prefix, is the most common reason of missing answers.
"""

import logging
from collections.abc import Callable

from towpath.layers.contract import Edge

log = logging.getLogger(__name__)

#: Seconds between two polls.
LOOK_SECONDS = 5.0
#: Seconds without a worker after which it is logged: longer than a restart of all workers.
REPORT_SECONDS = 10.0


class WorkerWatch:
    """Polls for workers that hold a lease; `label` names the layer."""

    def __init__(self, edge: Edge, seconds: Callable[[], float], label: str) -> None:
        self._edge = edge
        self._seconds = seconds
        self._label = label
        self._look_at = 0.0
        self._missing_since: float | None = None
        self._is_reported = False

    @property
    def is_missing(self) -> bool:
        """Return whether the latest poll found no worker."""
        return self._missing_since is not None

    async def look(self) -> None:
        """Poll, if it is time; call it every second.

        Raises:
            LayerUnavailable: the store is unavailable.
        """
        now = self._seconds()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if await self._edge.count_readers():
            if self._is_reported:
                log.warning("A worker takes messages from %s again", self._label)
            self._missing_since, self._is_reported = None, False
        elif self._missing_since is None:
            self._missing_since = now
        elif now - self._missing_since >= REPORT_SECONDS and not self._is_reported:
            self._is_reported = True
            log.warning(
                "No worker takes messages from %s: requests and WebSockets wait, and end with 503. Start one with "
                "`manage.py runworker`, or compare the layer of those that run with this one",
                self._label,
            )
