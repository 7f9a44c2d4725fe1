"""A deadline that is moved many times: setting it is cheap, the reactor's timer is remade only when it must be."""

from collections.abc import Callable

from ..clock import Clock, Timer


class Deadline:
    """Calls `expired` when a deadline that was set passes without being set again or cleared."""

    __slots__ = ("_clock", "_due", "_expired", "_timer")

    def __init__(self, clock: Clock, expired: Callable[[], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._due: float | None = None
        self._timer: Timer | None = None

    def set(self, seconds: float | None) -> None:
        """Expire in so many seconds from now, whatever was set before; None clears it."""
        if seconds is None:
            self._due = None
            return
        self._due = self._clock.seconds() + seconds
        if self._timer is not None and self._timer.getTime() > self._due:
            self._stop_timer()
        if self._timer is None:
            self._timer = self._clock.callLater(seconds, self._look)

    def stop(self) -> None:
        """Clear it and leave no timer behind."""
        self._due = None
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._look)
        else:
            self._due = None
            self._expired()
