"""Backoff while the layer is unavailable; one log line when an outage begins, and one when it ends."""

import logging
import random
import time
from threading import Lock

logger = logging.getLogger(__name__)

#: First pause, in seconds; each further one is twice as long.
FIRST_PAUSE_SECONDS = 0.1
#: Longest pause, in seconds: how late a worker may notice that the layer is available again.
LONGEST_PAUSE_SECONDS = 1.0


class Pauses:
    """Growing pauses of one worker, each shortened by up to a half at random, so that workers do not retry at once."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE_SECONDS

    def next(self) -> float:
        """Return the next pause in seconds."""
        pause, self._next = self._next, min(2 * self._next, LONGEST_PAUSE_SECONDS)
        return pause * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the shortest."""
        self._next = FIRST_PAUSE_SECONDS


class Outage:
    """The availability of the layer, shared by the workers of a pool."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: float | None = None
        #: The number of outages.
        self.outages = 0

    @property
    def is_away(self) -> bool:
        """Return whether the layer did not answer the latest request."""
        return self._since is not None

    def gone(self, error: Exception) -> None:
        """Note that the layer does not answer; the first time is logged."""
        with self._lock:
            if self._since is None:
                self._since = time.monotonic()
                self.outages += 1
                logger.warning(
                    "The channel layer is unavailable: %s. Trying again, at least every %.0f s",
                    error,
                    LONGEST_PAUSE_SECONDS,
                )

    def back(self) -> None:
        """Note that the layer answers; the end of an outage is logged."""
        with self._lock:
            if self._since is not None:
                logger.warning(
                    "The channel layer is available again after %.1f seconds", time.monotonic() - self._since
                )
                self._since = None
