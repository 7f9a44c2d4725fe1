"""Pauses between tries: growing, so that a failing store is not flooded, and jittered, so that processes spread."""

import random

#: Without a failure for this long, the next pause is a short one again, in seconds.
STEADY_SECONDS = 10.0


class GrowingPauses:
    """Computes the pause before the next try."""

    def __init__(self, least_seconds: float, most_seconds: float, chance: random.Random | None = None) -> None:
        self._least = least_seconds
        self._most = most_seconds
        self._chance = chance or random.Random()
        self._next = least_seconds
        self._last_failure: float | None = None

    def after_failure(self, now: float) -> float:
        """Return the seconds to wait after a try that failed at `now`: half fixed, half chance."""
        if self._last_failure is not None and now - self._last_failure > STEADY_SECONDS:
            self._next = self._least
        pause = self._next
        self._next = min(pause * 2, self._most)
        self._last_failure = now + pause
        return pause * (0.5 + 0.5 * self._chance.random())
