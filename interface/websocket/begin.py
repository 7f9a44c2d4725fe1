"""Admission of WebSocket handshakes: host, origin, and length of the path."""

import logging
from typing import TYPE_CHECKING

from towpath.layers.client_log import ClientLines
from towpath.layers.log_fields import about

from ..connections import TooManyConnections
from ..counters import Count
from ..interfaces import UpgradeRequest
from .connection import WebSocket
from .handshake import action_details, handshake_key, shown
from .hosts import is_host_allowed
from .origin import is_origin_allowed
from .sockets import SocketFactory

if TYPE_CHECKING:
    from ..hub import Hub

log = logging.getLogger(__name__)
log.addFilter(ClientLines())


def begin(hub: "Hub", sockets: SocketFactory, request: UpgradeRequest, owner: type[WebSocket] = WebSocket) -> None:
    """Take a valid upgrade request: answer it with an error, or keep it until the application answers."""
    head = request.head
    if not is_host_allowed(head.host, hub.config.allowed_hosts):
        log.info(
            "Refused a WebSocket on %s with 400: %s is not a host of this site. To allow it, list it in --allowed-host "
            "or ALLOWED_HOSTS",
            shown(head.path), shown(head.host), extra=about(head),
        )  # fmt: skip
        _turn_away(hub, request, 400, "Bad Request")
    elif not is_origin_allowed(head.all(b"origin"), head.host, head.scheme, hub.config.allowed_origins):
        log.info(
            "Refused a WebSocket on %s with 403: its page is of %s, and not of %s. To allow it, list the origin in "
            "--allowed-origin or CHANNELS_WS_ALLOWED_ORIGINS",
            shown(head.path), shown(b", ".join(head.all(b"origin"))), shown(head.host), extra=about(head),
        )  # fmt: skip
        _turn_away(hub, request, 403, "Forbidden")
    elif len(head.path.encode()) > hub.config.websocket_path_max_bytes:
        log.info(
            "Refused a WebSocket on %s with 414: its path has more than %d bytes (--websocket-path-max-bytes)",
            shown(head.path), hub.config.websocket_path_max_bytes, extra=about(head),
        )  # fmt: skip
        _turn_away(hub, request, 414, "URI Too Long")
    else:
        _connect(hub, sockets, request, owner)


def _connect(hub: "Hub", sockets: SocketFactory, request: UpgradeRequest, owner: type[WebSocket]) -> None:
    try:
        connection = owner(hub, sockets, request, handshake_key(request.head))
    except TooManyConnections:
        hub.counters.add(Count.CONNECTIONS_REFUSED)
        _turn_away(hub, request, 503, "Service Unavailable")
    else:
        connection.begin(request.head)


def _turn_away(hub: "Hub", request: UpgradeRequest, status: int, reason: str) -> None:
    details = {**action_details(request.head), "status": status, "reason": f"server: {reason}"}
    hub.log_action("websocket", "rejected", details)
    request.respond_error(status, reason)
