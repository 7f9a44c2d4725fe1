"""Closing the WebSockets of a draining server: spread over time, so that their clients do not reconnect at once."""

from collections.abc import Sequence

from ..eventloop.clock import Clock, pause
from ..interfaces import Owner

#: Sockets are closed in groups: seconds between two groups, and the least size of one.
STEP_SECONDS = 0.05
LEAST_AT_A_TIME = 20


async def drain(sockets: Sequence[Owner], clock: Clock, seconds: float) -> None:
    """Close open sockets within `seconds`; few sockets take less."""
    still_open = [socket for socket in sockets if socket.is_open]
    for group in split(still_open, steps=max(1, int(seconds / STEP_SECONDS))):
        for socket in group:
            socket.go_away()
        await pause(clock, STEP_SECONDS)


def split(sockets: Sequence[Owner], steps: int) -> list[Sequence[Owner]]:
    """Split into at most `steps` groups, as even as can be, none much smaller than it need be."""
    size = max(LEAST_AT_A_TIME, -(-len(sockets) // steps))
    return [sockets[begin : begin + size] for begin in range(0, len(sockets), size)]
