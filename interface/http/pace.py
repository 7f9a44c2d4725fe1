"""The time that a client has for the body of its request: a longest silence, and a lowest rate. Plain logic."""

from collections.abc import Callable


class Pace:
    """Times one body. Time in which the server itself does not read is not counted.

    The client has `silence_seconds` from each byte to the next one, and the same number of seconds in all, plus one
    second for each `rate_bytes` received.
    """

    __slots__ = ("_began", "_paused_at", "_rate_bytes", "_seconds", "_silence_seconds")

    def __init__(self, seconds: Callable[[], float], silence_seconds: float, rate_bytes: int) -> None:
        self._seconds = seconds
        self._silence_seconds = silence_seconds
        self._rate_bytes = rate_bytes
        self._began = seconds()
        self._paused_at: float | None = None

    def seconds_left(self, received_bytes: int) -> float:
        """Return the seconds from now until the client has been too slow, if it sends nothing more."""
        spent = self._seconds() - self._began
        return min(self._silence_seconds, max(0.0, self._silence_seconds + received_bytes / self._rate_bytes - spent))

    def pause(self) -> None:
        """Stop counting: the server does not read."""
        if self._paused_at is None:
            self._paused_at = self._seconds()

    def resume(self) -> None:
        """Count again."""
        if self._paused_at is not None:
            self._began += self._seconds() - self._paused_at
            self._paused_at = None
