"""Commands of operators to interface servers: entries of their inboxes. Plain data, checked where it is read.

| `command` | keys | answers |
|---|---|---|
| `sockets` | `limit`, and those of the filter | pages: `sockets`, the last with the `count` of all that match |
| `close` | `code`, `reason`, and those of the filter | `closed`, how many |
| `drain` | | `draining` True; then the server stops as with SIGTERM |

A socket in a page: `channel`, `path`, `user`, `client`, `age_seconds`; values of clients are cut.

The filter: `channel`, `user`, `group`, `path` (a glob). A socket matches if all that are given do. Each answer is a
message on the channel `answer`, with `inbox` and `is_last`; one with `error` says why there is no other.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from .contract import Content
from .errors import TowpathError
from .protocol import SENDABLE, is_sendable
from .replies import REASON_MAX_BYTES

#: Sockets that one answer names, and that one server names in all.
PAGE_SOCKETS = 200
MAX_SOCKETS = 10_000
#: Longest part of a path or user that an answer repeats, in characters.
SHOWN_LENGTH = 200


class BadCommand(TowpathError):
    """Raised when a command is not one of this table; the message has the error and the remedy."""


@dataclass(frozen=True, slots=True)
class SocketFilter:
    """The filter of a command's sockets; None matches all."""

    channel: str | None = None
    user: str | None = None
    group: str | None = None
    path: str | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether the filter matches all sockets."""
        return not any(value is not None for value in asdict(self).values())

    def matches(self, path: str, user: Callable[[], str | None]) -> bool:
        """Return whether path and user match; `user` is called only if it matters."""
        if self.path is not None and not fnmatchcase(path, self.path):
            return False
        return self.user is None or user() == self.user


@dataclass(frozen=True, slots=True)
class ListSockets:
    """Name up to `limit` sockets, and count all that match."""

    filter: SocketFilter
    limit: int


@dataclass(frozen=True, slots=True)
class CloseSockets:
    """Close all sockets that match."""

    filter: SocketFilter
    code: int
    reason: str

    def __post_init__(self) -> None:
        if self.filter.is_empty:
            raise BadCommand("name the sockets to close: by channel, user, group or path")
        if not is_sendable(self.code):
            raise BadCommand(f"a server may not close a WebSocket with {self.code!r}: use {SENDABLE}")
        if len(self.reason.encode(errors="replace")) > REASON_MAX_BYTES:
            raise BadCommand(f"the reason has more than {REASON_MAX_BYTES} bytes of UTF-8: shorten it")


@dataclass(frozen=True, slots=True)
class Drain:
    """Stop as with SIGTERM."""


Command = ListSockets | CloseSockets | Drain


def content_of(command: Command, answer: str) -> Content:
    """Return the content of a command whose answers are sent to the channel `answer`."""
    if isinstance(command, Drain):
        return {"command": "drain", "answer": answer}
    given = {key: value for key, value in asdict(command.filter).items() if value is not None}
    if isinstance(command, ListSockets):
        return {"command": "sockets", "answer": answer, "limit": command.limit, **given}
    return {"command": "close", "answer": answer, "code": command.code, "reason": command.reason, **given}


def parse_command(content: Content) -> Command:
    """Return the command of a content.

    Raises:
        BadCommand: it is not in the table above, or a value has a wrong type.
    """
    name = content.get("command")
    if name == "drain":
        return Drain()
    given = {key: _text(content, key) for key in ("channel", "user", "group", "path") if content.get(key) is not None}
    if name == "sockets":
        return ListSockets(SocketFilter(**given), max(0, min(_number(content, "limit"), MAX_SOCKETS)))
    if name == "close":
        return CloseSockets(SocketFilter(**given), _number(content, "code"), _text(content, "reason"))
    raise BadCommand(f"{str(name)[:60]!r} is not a command of this release: it is sockets, close or drain")


def _text(content: Content, key: str) -> str:
    value: Any = content.get(key)
    if not isinstance(value, str):
        raise BadCommand(f"{key!r} is a {type(value).__name__}, not a str")
    return value


def _number(content: Content, key: str) -> int:
    value: Any = content.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadCommand(f"{key!r} is a {type(value).__name__}, not an int")
    return value
