"""The open WebSockets of this server that a filter matches, found without holding up the event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from towpath.layers.commands import SHOWN_LENGTH, SocketFilter

from ..interfaces import Registered
from ..websocket.connection import WebSocket

if TYPE_CHECKING:
    from ..hub import Hub

#: Connections that are compared before other work of the event loop runs: about a millisecond.
LOOKED_AT_A_TIME = 128

Match = tuple[Registered, WebSocket]


async def matching(hub: "Hub", wanted: SocketFilter) -> AsyncIterator[Match]:
    """Yield the open sockets that match; those that open or close during the search may be missed."""
    for position, conversation in enumerate(_candidates(hub, wanted), 1):
        if position % LOOKED_AT_A_TIME == 0:
            await asyncio.sleep(0)
        socket = conversation.owner
        if isinstance(socket, WebSocket) and socket.is_open and not conversation.is_closed:
            if wanted.channel is not None and wanted.channel != conversation.reply_channel:
                continue
            if wanted.matches(socket.facts[0], lambda: user_of(conversation)):  # noqa: B023  (called at once)
                yield conversation, socket


def _candidates(hub: "Hub", wanted: SocketFilter) -> Iterable[Registered]:
    """Return the connections that may match: few where a group or a channel is named."""
    locals_: Iterable[str]
    if wanted.group is not None:
        locals_ = hub.edge.members(wanted.group)
    elif wanted.channel is not None:
        locals_ = [wanted.channel.removeprefix(hub.edge.inbox)]
    else:
        return hub.connections
    found = [hub.connections.get(local) for local in locals_]
    return [conversation for conversation in found if conversation is not None]


def user_of(conversation: Registered) -> str | None:
    """Return the id of the user whose login travels with the connection."""
    user_id = conversation.user_id
    return None if user_id is None else str(user_id)


def described(conversation: Registered, socket: WebSocket, now: float) -> dict[str, Any]:
    """Return the description of a socket for operators, with values of clients bounded."""
    user, (path, client, opened_at) = user_of(conversation), socket.facts
    return {
        "channel": conversation.reply_channel,
        "path": _shown(path),
        "user": None if user is None else _shown(user),
        "client": client,
        "age_seconds": round(now - opened_at, 1),
    }


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}..."
