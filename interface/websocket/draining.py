"""Closing the WebSockets of a draining server: spread over time, so that their clients do not reconnect at once."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..eventloop.clock import Clock, pause
from ..owner import SocketOwner

if TYPE_CHECKING:
    from ..hub import Hub

log = logging.getLogger(__name__)

#: Sockets are sent away in groups, one each so many seconds, of at least so many.
STEP_SECONDS = 0.05
LEAST_AT_A_TIME = 20


async def send_away(sockets: Sequence[SocketOwner], clock: Clock, seconds: float) -> None:
    """Send open sockets away within `seconds`; few sockets take less."""
    still_open = [socket for socket in sockets if socket.is_open]
    for group in split(still_open, steps=max(1, int(seconds / STEP_SECONDS))):
        for socket in group:
            socket.go_away()
        await pause(clock, STEP_SECONDS)


def cut_off(hub: "Hub") -> None:
    """End all connections at once: the lease has expired, and workers have disconnected the sockets."""
    log.error("Cutting off %d connections: this process gave no sign of life for too long", len(hub.connections))
    hub.outbound.forget()
    for conversation in hub.connections:
        conversation.abandon()


def split(sockets: Sequence[SocketOwner], steps: int) -> list[Sequence[SocketOwner]]:
    """Split into at most `steps` groups, as even as can be, none much smaller than it need be."""
    size = max(LEAST_AT_A_TIME, -(-len(sockets) // steps))
    return [sockets[begin : begin + size] for begin in range(0, len(sockets), size)]
