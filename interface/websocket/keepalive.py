"""Keep-alive of a WebSocket: pings, and the close after silence or at an age. Plain logic over one clock.

Only received bytes show that a client is connected: sent ones may stay in a buffer. While the server does not read,
because events wait for a worker, pongs are not expected.
"""

from dataclasses import dataclass
from enum import Enum

#: The shortest interval between two checks, in seconds.
LEAST_CHECK_SECONDS = 0.05


class Due(Enum):
    """The next step."""

    NOTHING = "nothing"
    PING = "ping"
    DROP = "drop"
    CLOSE_IDLE = "close, idle"
    CLOSE_OLD = "close, old"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one connection, in seconds; None means no limit."""

    ping_interval: float | None
    ping_timeout: float | None
    idle: float | None
    age: float | None


class Keepalive:
    """The activity of one open WebSocket."""

    __slots__ = ("opened_at", "heard_at", "talked_at", "_limits", "_pinged_at")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        #: When the client began its handshake.
        self.opened_at = now
        self._pinged_at: float | None = None
        #: When the client last sent anything; written by its owner.
        self.heard_at = now
        #: When a message last went either way; written by its owner.
        self.talked_at = now

    def check(self, now: float, is_reading: bool) -> Due:
        """Return the action that is due; a returned ping counts as sent."""
        limits = self._limits
        if limits.age is not None and now >= self.opened_at + limits.age:
            return Due.CLOSE_OLD
        if limits.idle is not None and now >= self.talked_at + limits.idle and is_reading:
            return Due.CLOSE_IDLE
        if self._open_ping_at is not None and limits.ping_timeout is not None and is_reading:
            return Due.DROP if now >= self._open_ping_at + limits.ping_timeout else Due.NOTHING
        if limits.ping_interval is not None and now >= self._ping_base() + limits.ping_interval:
            self._pinged_at = now
            return Due.PING
        return Due.NOTHING

    def resumed(self, now: float) -> None:
        """Restart the client's time: the server reads again, and bytes that arrived during the pause are unread."""
        self.heard_at = self.talked_at = now
        self._pinged_at = None

    def next_check(self, now: float, is_reading: bool) -> float | None:
        """Return the seconds until an action may be due; None if never."""
        limits, moments = self._limits, []
        if limits.age is not None:
            moments.append(self.opened_at + limits.age)
        if limits.idle is not None and is_reading:
            moments.append(self.talked_at + limits.idle)
        if limits.ping_interval is not None:
            moments.append(self._ping_base() + limits.ping_interval)
        if limits.ping_timeout is not None and self._open_ping_at is not None and is_reading:
            moments.append(self._open_ping_at + limits.ping_timeout)
        return max(min(moments) - now, LEAST_CHECK_SECONDS) if moments else None

    @property
    def _open_ping_at(self) -> float | None:
        """The time of the ping since which nothing was received."""
        return self._pinged_at if self._pinged_at is not None and self.heard_at < self._pinged_at else None

    def _ping_base(self) -> float:
        return self.heard_at if self._pinged_at is None else max(self.heard_at, self._pinged_at)
