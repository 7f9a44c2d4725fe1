"""The end of a WebSocket: its last event, and its log line with the close code, whose decision it was, and why."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from towpath.layers.client_log import ClientLines
from towpath.layers.contract import Content, Will
from towpath.layers.log_fields import about
from towpath.layers.protocol import ABNORMAL_CLOSURE, CONNECT, DISCONNECT, RECEIVE

if TYPE_CHECKING:
    from towpath.layers.log_fields import Subject

    from ..conversation import Conversation
    from .protocol import Socket

log = logging.getLogger(__name__)
log.addFilter(ClientLines())

#: The reason where a client has left without a closing handshake.
LOST = "client: the connection was lost"
#: The reason where a client has begun the closing handshake. Its own text is not logged: it may hold secrets.
CLOSED = "client: closed"


def disconnect_content(reply_channel: str, path: str, code: int) -> Content:
    """Return the `websocket.disconnect` of a socket, without its `order`."""
    return {"reply_channel": reply_channel, "path": path, "code": code}


def last_will(reply_channel: str, path: str) -> Will:
    """Return the `websocket.disconnect` of a socket whose interface server expires: it has no `order`."""
    return Will(DISCONNECT, disconnect_content(reply_channel, path, ABNORMAL_CLOSURE), after=(CONNECT, RECEIVE))


def fields_of(conversation: "Conversation", path: str, details: Mapping[str, object]) -> dict[str, object]:
    """Return what log lines say of a WebSocket."""
    return {**details, "connection": conversation.reply_channel, "user": conversation.user_id, "path": path}


def reason_of(socket: "Socket", code: int) -> str:
    """Return why a socket was closed that neither the application nor the server has decided to close."""
    if socket.failedByMe:
        return f"server: {socket.localCloseReason or 'protocol error'}"
    if code == ABNORMAL_CLOSURE:
        return LOST
    return CLOSED


def log_end(subject: "Subject", code: int, reason: str) -> None:
    """Log the end of a WebSocket: on INFO what the server or application has decided, else on DEBUG."""
    level = logging.DEBUG if reason.startswith("client: ") else logging.INFO
    if log.isEnabledFor(level):
        log.log(level, "A WebSocket was closed with %d (%s)", code, ascii(reason)[1:-1], extra=about(subject))
