"""The access log: one line for each HTTP request, and for each step in the life of a WebSocket.

Each event is reported as an action, `(protocol, action, details)`, to one callable. `AccessLog` is such a callable that
writes lines; `runserver` has one of its own that writes them in colour.

| protocol | actions | details |
|---|---|---|
| `http` | `complete` | method, path, status, size (content bytes), time_taken (seconds), client |
| `websocket` | `connecting`, `connected` | path, client |
| `websocket` | `rejected`, `disconnected` | the same, and status or close code |

Besides `connection` (its reply channel), `user` and `request_id`, where they are known, and `reason` for the last two.

`path` is as the client sent it; that of a request has the query string, in which `without_secrets` hides secrets, that
of a WebSocket has none, since it may hold tokens. `client` is `"host:port"`, or None on a UNIX socket.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

Details = Mapping[str, Any]
ActionLogger = Callable[[str, str, Details], None]

_WEBSOCKET_WORDS = {
    "connecting": "WSCONNECTING",
    "connected": "WSCONNECT",
    "rejected": "WSREJECT",
    "disconnected": "WSDISCONNECT",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Longest value of a user, reason or id, in characters.
FIELD_MAX_LENGTH = 200
#: Parameters of a query string whose values are hidden, by a part of their names.
_SECRET_NAME = re.compile(r"token|secret|passw|session|jwt|auth|key\Z", re.IGNORECASE)
#: Everything but visible ASCII, the quote and the backslash is escaped: a client cannot forge a line.
_PLAIN = frozenset(chr(code) for code in range(0x21, 0x7F)) - {'"', "\\"}


def no_log(protocol: str, action: str, details: Details) -> None:
    """Write nothing; the action logger of a server without an access log."""


class AccessLog:
    """Write NCSA-like lines to a stream, one write a line."""

    def __init__(self, stream: TextIO, seconds: Callable[[], float] = time.time) -> None:
        self._stream = stream
        self._seconds = seconds

    def __call__(self, protocol: str, action: str, details: Details) -> None:
        """Write the line of one action; actions that are not in the table above have none."""
        if protocol == "http" and action == "complete":
            request = f"{escaped(details['method'])} {escaped(details['path'])}"
            self._write(details, request, str(details["status"]), str(details["size"]))
        elif protocol == "websocket" and action in _WEBSOCKET_WORDS:
            status = str(details.get("status") or details.get("code") or "-")
            self._write(details, f"{_WEBSOCKET_WORDS[action]} {escaped(details['path'])}", status, "-")

    def _write(self, details: Details, request: str, status: str, size: str) -> None:
        client, user = details["client"] or "-", details.get("user")
        user = "-" if user is None else escaped(str(user)[:FIELD_MAX_LENGTH])
        line = f'{client} - {user} [{log_time(self._seconds())}] "{request}" {status} {size}'
        for name in ("connection", "request_id"):
            if details.get(name) is not None:
                line += f" {name}={escaped(str(details[name])[:FIELD_MAX_LENGTH])}"
        if details.get("reason") is not None:
            line += f' reason="{_escaped_words(details["reason"][:FIELD_MAX_LENGTH])}"'
        self._stream.write(f"{line}\n")


def without_secrets(path: str) -> str:
    """Return a path without the tokens, session keys and passwords of its query string."""
    path, question_mark, query = path.partition("?")
    return path + question_mark + "&".join(map(_without_secret, query.split("&")))


def _without_secret(parameter: str) -> str:
    name, equals_sign, value = parameter.partition("=")
    return f"{name}=[hidden]" if value and _SECRET_NAME.search(name) else name + equals_sign + value


def escaped(text: str) -> str:
    """Return `text` with everything that could break a log line written as `\\xNN` or `\\uNNNN`."""
    if _PLAIN.issuperset(text):
        return text
    return "".join(char if char in _PLAIN else ascii_escape(char) for char in text)


def _escaped_words(text: str) -> str:
    return " ".join(map(escaped, text.split(" ")))


def ascii_escape(char: str) -> str:
    """Return one character as an escape."""
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def log_time(seconds: float) -> str:
    """Return a time as `03/Feb/2026:14:05:06`: local time, with English months in every locale."""
    now = time.localtime(seconds)
    day = f"{now.tm_mday:02d}/{_MONTHS[now.tm_mon - 1]}/{now.tm_year}"
    return f"{day}:{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}"
