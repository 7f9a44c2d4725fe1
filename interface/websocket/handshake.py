"""Parsing and answering of a handshake: the connect message, the key, the subprotocol. Plain logic.

`websocket.connect`, the first event of every WebSocket:

| key | type |
|---|---|
| `reply_channel` | str |
| `scheme` | `ws` or `wss` |
| `path`, `root_path` | str, percent-decoded |
| `query_string` | bytes, raw |
| `headers` | list of [name, value], bytes, names lower-case, order and duplicates as sent |
| `client`, `server` | [host, port], or None on UNIX sockets |
| `order` | 0 |
| `request_id` | str, or absent: the id, with `request_id_header` |
"""

import re
from collections.abc import Sequence
from typing import Any

from towpath.layers.contract import Content

from ..http.request_id import add_request_id
from ..http.response import BadResponse, checked_header
from ..interfaces import Address, RequestHead

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z", re.ASCII)
#: Headers that say how the connection goes on, or that a 101 does not have (RFC 9110, 8.6 and 15.2.2).
_OF_THE_ANSWER = frozenset((b"connection", b"upgrade", b"content-length", b"transfer-encoding", b"trailer"))
#: Longest part of a client's value that a log line repeats, in characters.
MAX_SHOWN_LENGTH = 200

_SCHEMES = {"http": "ws", "https": "wss"}


def connect_content(head: RequestHead, reply_channel: str) -> Content:
    """Return the `websocket.connect` message for a handshake."""
    content = {
        "reply_channel": reply_channel,
        "scheme": _SCHEMES[head.scheme],
        "path": head.path,
        "root_path": head.root_path,
        "query_string": head.query_string,
        "headers": [[name, value] for name, value in head.headers],
        "client": _listed(head.client),
        "server": _listed(head.server),
        "order": 0,
    }
    if head.request_id is not None:
        content["request_id"] = head.request_id_text
    return content


def handshake_key(head: RequestHead) -> str:
    """Return the Sec-WebSocket-Key, which HTTP has checked."""
    (key,) = head.all(b"sec-websocket-key")
    return key.decode("ascii")


def offered_subprotocols(head: RequestHead) -> list[str]:
    """Return the subprotocols that the client offers, in its order of preference."""
    offered = []
    for value in head.all(b"sec-websocket-protocol"):
        offered += [part.strip(" \t") for part in value.decode("latin-1").split(",")]
    return [name for name in offered if _TOKEN.match(name)]


def header_lines(headers: Sequence[Any], request: RequestHead) -> bytes:
    """Return the lines of the headers that an application adds to the answer, and of the id of the request.

    Raises:
        BadResponse: one is not valid, or belongs to the handshake itself.
    """
    checked = [checked_header(pair) for pair in headers]
    for name, _ in checked:
        if name.lower() in _OF_THE_ANSWER or name.lower().startswith(b"sec-websocket-"):
            raise BadResponse(f"the header {name!r} belongs to the server: a subprotocol is the key `subprotocol`")
    add_request_id(checked, request)
    return b"".join(b"%b: %b\r\n" % pair for pair in checked)


def choose_subprotocol(offered: Sequence[str], wanted: str | None, configured: Sequence[str]) -> str | None:
    """Return the application's subprotocol if it was offered; without one, the first offered and configured one."""
    if wanted is not None:
        return wanted if wanted in offered else None
    return next((name for name in offered if name in configured), None)


def action_details(head: RequestHead) -> dict[str, str | None]:
    """Return the details of a handshake for the access log, without the query string, which may hold tokens."""
    client = None if head.client is None else f"{head.client[0]}:{head.client[1]}"
    details = {"path": head.target.partition(b"?")[0].decode("latin-1"), "client": client}
    return details if head.request_id is None else {**details, "request_id": head.request_id_text}


def shown(text: str | bytes) -> str:
    """Return a value of a client for a log line, bounded."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return repr(text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}…")


def _listed(address: Address | None) -> list[str | int] | None:
    return None if address is None else list(address)
