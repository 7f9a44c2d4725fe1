"""The part of a reactor that plain code needs: time and delayed calls. Tests pass `twisted.internet.task.Clock`."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A call that has not been made yet."""

    def cancel(self) -> None:
        """Do not make the call."""

    def active(self) -> bool:
        """Return whether the call is still scheduled."""

    def getTime(self) -> float:
        """Return when the call is due, in the seconds of its clock."""


class Clock(Protocol):
    """A source of time and timers."""

    def seconds(self) -> float:
        """Return the time in seconds since an arbitrary moment."""

    # `Any`: the signature of Twisted's reactor is open, and implementations differ.
    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call after `delay` seconds; return the `Timer`."""


async def pause(clock: Clock, seconds: float) -> None:
    """Wait for `delay` seconds by this clock, in the running event loop."""
    future = asyncio.get_running_loop().create_future()
    timer: Timer = clock.callLater(seconds, future.set_result, None)
    try:
        await future
    finally:
        if timer.active():
            timer.cancel()
