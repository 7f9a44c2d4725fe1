"""The replies of interface servers: their keys and types, checked where an application sends them.

| reply to a WebSocket | type | meaning |
|---|---|---|
| `accept` | bool | answers the handshake; ignored once the socket is open |
| `subprotocol` | str | with `accept` True: one that the client offered |
| `headers` | list of [name, value] | with `accept`: headers of the answer to the handshake |
| `status`, `content` | int from 300 to 599, bytes | with `accept` False: the refusal's status and body |
| `text` or `bytes` | str, bytes | one frame, sent also if it is empty; not both |
| `close` | True or int | True is 1000, else a code that a server may send |
| `reason` | str, at most 123 bytes of UTF-8 | with `close` |

A key whose value is None is absent, and so is `close` False. The keys of a response are in the table of
`interface/http/response.py`, those about a request's body in that of `interface/http/body.py`; names and values of
headers are bytes, or str, which is sent as UTF-8.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from .contract import Content
from .errors import InvalidReply
from .protocol import CONNECT, DISCONNECT, HTTP_REQUEST, RECEIVE, SENDABLE, is_sendable

#: Longest reason of a close frame, in bytes of UTF-8 (RFC 6455, section 5.5: 125 with the code).
REASON_MAX_BYTES = 123
#: Statuses that refuse a handshake: 101 would accept it, and 2xx has no meaning in the answer to a handshake.
REFUSALS = range(300, 600)
#: Statuses that begin a response.
STATUSES = range(200, 600)

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: Line breaks and the other control characters but TAB (RFC 9110, section 5.5).
_ENDS_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
#: Longest part of a wrong key or value that an error shows, in characters.
_SHOWN = 60


class Key(NamedTuple):
    """A key of a reply: `expected` describes its value. Values that may hold a user's data are not shown."""

    is_valid: Callable[[Any], bool]
    expected: str
    is_shown: bool = False


def check_websocket_reply(content: Content) -> None:
    """Check a reply to a WebSocket.

    Raises:
        InvalidReply: it has an unknown key, a value of a wrong type, or keys that exclude each other; names them.
    """
    if len(content) == 1:  # most replies: a hot path
        ((key, value),) = content.items()
        if (key == "text" and type(value) is str) or (key == "bytes" and type(value) is bytes):
            return
    given = _checked(content, _WEBSOCKET, "a WebSocket")
    accept, is_closed = given.get("accept"), given.get("close", False) is not False
    if "text" in given and "bytes" in given:
        raise InvalidReply("a reply to a WebSocket has text or bytes, not both: send two")
    for key, is_allowed, other in (
        ("subprotocol", accept is True, "'accept' True"),
        ("headers", accept is not None, "'accept'"),
        ("status", accept is False, "'accept' False, since it is part of a refused handshake"),
        (
            "content",
            accept is False,
            "'accept' False, since it is part of a refused handshake; a frame is text or bytes",
        ),
        ("reason", is_closed, "'close'"),
    ):
        if key in given and not is_allowed:
            raise InvalidReply(f"the key {key!r} of a reply to a WebSocket needs {other}")
    if accept is None and not is_closed and given.keys().isdisjoint(("text", "bytes")):
        raise InvalidReply("a reply to a WebSocket has accept, text, bytes or close: there is none of them")


def check_http_reply(content: Content) -> None:
    """Check a part of a response.

    Raises:
        InvalidReply: it has an unknown key, or a value of a wrong type; says which.
    """
    _checked(content, _HTTP, "a request")


def _checked(content: Content, keys: Mapping[str, Key], whom: str) -> dict[str, Any]:
    """Return a reply without the keys whose value is None."""
    given = {key: value for key, value in content.items() if value is not None}
    for name, value in given.items():
        key = keys.get(name)
        if key is None:
            raise InvalidReply(f"a reply to {whom} has the unknown key {_shown(name)}: use {', '.join(keys)}")
        if not key.is_valid(value):
            shown = _shown(value) if key.is_shown else f"of type {type(value).__name__}"
            raise InvalidReply(f"the key {name!r} of a reply to {whom} is {key.expected}, not {shown}")
    return given


def _is_close(value: object) -> bool:
    return isinstance(value, bool) or is_sendable(value)


def _is_reason(value: object) -> bool:
    return isinstance(value, str) and len(value.encode(errors="replace")) <= REASON_MAX_BYTES


def _is_status(statuses: range, value: object) -> bool:
    return isinstance(value, int) and value in statuses


def _are_headers(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_header(pair) for pair in value)


def _is_header(pair: object) -> bool:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        return False
    name, value = (part.decode("latin-1") if isinstance(part, bytes) else part for part in pair)
    if not (isinstance(name, str) and isinstance(value, str)):
        return False
    return _TOKEN.fullmatch(name) is not None and _ENDS_HEADER.search(value) is None


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _instance_of(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


_TEXT = Key(_instance_of(str), "a str")
_BYTES = Key(_instance_of(bytes), "bytes")
_HEADERS = Key(_are_headers, "a list of [name, value], both bytes or str without line breaks")
_WEBSOCKET = {
    "accept": Key(_instance_of(bool), "True or False", is_shown=True),
    "subprotocol": _TEXT,
    "headers": _HEADERS,
    "text": _TEXT,
    "bytes": _BYTES,
    "close": Key(_is_close, f"True, or a code of {SENDABLE}", is_shown=True),
    "reason": Key(_is_reason, f"a str of at most {REASON_MAX_BYTES} bytes of UTF-8", is_shown=True),
    "status": Key(partial(_is_status, REFUSALS), "an int from 300 to 599", is_shown=True),
    "content": _BYTES,
}
_HTTP = {
    "status": Key(partial(_is_status, STATUSES), "an int from 200 to 599", is_shown=True),
    "headers": _HEADERS,
    "content": _BYTES,
    "more_content": Key(_instance_of(int), "True or False", is_shown=True),
    "flow_channel": _TEXT,
    "closed": Key(_instance_of(bool), "True", is_shown=True),
    "body_until": Key(_instance_of(int), "a number of bytes, as an int", is_shown=True),
    "body_whole": Key(_instance_of(bool), "True", is_shown=True),
    "status_text": Key(lambda value: True, "anything"),  # of early ASGI; ignored
}
#: Channel of a message -> the check of replies to it.
REPLY_CHECKS: dict[str, Callable[[Content], None]] = {
    HTTP_REQUEST: check_http_reply,
    CONNECT: check_websocket_reply,
    RECEIVE: check_websocket_reply,
    DISCONNECT: check_websocket_reply,
}
