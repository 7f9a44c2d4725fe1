"""Backoff while a layer's store is unavailable, and the log of its outages. Shared by workers and interface servers."""

import logging
import random
import time
from collections.abc import Callable
from threading import Lock

logger = logging.getLogger(__name__)

#: First and longest pause of a worker, in seconds: how late it may notice that the layer is available again.
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
#: Without a failure for this long, the next pause is a short one again, in seconds.
STEADY_SECONDS = 10.0


class Backoff:
    """Pauses that double, each shortened by up to a half at random, so that processes do not retry at once.

    Without bounds they are those of a worker.
    """

    def __init__(
        self,
        first_seconds: float | None = None,
        longest_seconds: float | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._first = FIRST_PAUSE_SECONDS if first_seconds is None else first_seconds
        self._longest = LONGEST_PAUSE_SECONDS if longest_seconds is None else longest_seconds
        self._chance = chance or random.Random()
        self._next = self._first
        self._last_failure: float | None = None

    def next(self) -> float:
        """Return the next pause in seconds."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause * (0.5 + 0.5 * self._chance.random())

    def reset(self) -> None:
        """Begin again with the shortest."""
        self._next = self._first

    def after_failure(self, now: float) -> float:
        """Return the pause after a try that failed at `now`: the shortest after `STEADY_SECONDS` without a failure."""
        if self._last_failure is not None and now - self._last_failure > STEADY_SECONDS:
            self.reset()
        self._last_failure = now + self._next
        return self.next()


class Outages:
    """The availability of a layer, as the calls of one process show it. Any thread may use it.

    A WARNING is logged when an outage begins, and one when it ends. `seconds` tells the time.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._since: float | None = None
        #: The number of outages.
        self.count = 0

    @property
    def is_away(self) -> bool:
        """Return whether the latest call to the layer failed."""
        return self._since is not None

    def began(self, error: Exception) -> bool:
        """Note that a call raised LayerUnavailable; return whether an outage has begun with it."""
        with self._lock:
            if self._since is not None:
                return False
            self._since = self._seconds()
            self.count += 1
        logger.warning("The channel layer is unavailable: %s. Trying again with backoff", error)
        return True

    def ended(self) -> bool:
        """Note that a call succeeded; return whether an outage has ended with it."""
        with self._lock:
            if self._since is None:
                return False
            seconds, self._since = self._seconds() - self._since, None
        logger.warning("The channel layer is available again after %.1f s", seconds)
        return True
