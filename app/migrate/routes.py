"""The routes of a project, and advice where they work otherwise than in 1.x. It needs all files.

- Sockets without a route for `websocket.connect` were accepted; here they are refused. Where a path or a class has none
  is said by file; whether two paths are the same is reported by `manage.py check`, which has the routes themselves.
- A channel session was shared with channels of the project's own; here it travels with its connection.
- So it is found by a reply channel in a session engine only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import libcst as cst

from .changes import Finding
from .reading import Reading, dotted, literal

_OPENS_SESSION = {
    "channel_session",
    "channel_and_http_session",
    "channel_session_user",
    "channel_session_user_from_http",
    "channel_and_http_session_user_from_http",
    "enforce_ordering",
}
_LOOK_UP = "session_for_reply_channel"
#: What a regular expression begins with, as far as it is text; `^` and slashes do not count.
_LITERAL = re.compile(r"\^?/?[\w/-]*")
#: Channels whose messages are events of a connection.
_OF_CONNECTIONS = ("websocket.", "http.")
_ACCEPT = (
    'a socket that is not accepted is refused here: add route("websocket.connect", "towpath.routing.connect_consumer")'
)
_ACCEPT_CLASS = (
    'a socket that is not accepted is refused here: map "websocket.connect" to a method that sends {"accept": True}, '
    'or route it: route("websocket.connect", "towpath.routing.connect_consumer")'
)
_NO_ENGINE = (
    "sessions travel with their connections: read message.channel_session in a consumer of the connection, or set "
    'CHANNEL_SESSION_ENGINE, for example to "django.contrib.sessions.backends.cached_db"'
)
_ENGINE = (
    "its consumer opens a session that other channels share: set CHANNEL_SESSION_ENGINE, for example to "
    '"django.contrib.sessions.backends.cached_db"'
)


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, the last part of its consumer's name and the text of its path (None: any), on a line."""

    channel: str
    consumer: str
    line: int
    path: str | None = None


@dataclass(slots=True)
class Facts:
    """Routing and sessions of one file."""

    routes: list[Route] = field(default_factory=list)
    has_classes: bool = False
    #: Names of classes that map events of sockets, but not `websocket.connect`, and their lines.
    without_connect: list[tuple[str, int]] = field(default_factory=list)
    #: Lines on which a session is looked up by its reply channel.
    look_ups: list[int] = field(default_factory=list)
    opening_session: set[str] = field(default_factory=set)
    sets_engine: bool = False


class Facing(Reading):
    """Collects the facts of a module."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.facts = Facts()
        #: Dicts that map events to methods, and are not a routing.
        self._mappings: set[cst.Dict] = set()

    def visit_Call(self, node: cst.Call) -> None:
        function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        name = function.value if isinstance(function, cst.Name) else ""
        if name in ("route_class", "as_route"):
            self.facts.has_classes = True
        elif name == _LOOK_UP:
            self.facts.look_ups.append(self.line(node))
        elif name == "route" and len(node.args) > 1:
            channels, consumer = node.args[0].value, node.args[1].value
            elements = channels.elements if isinstance(channels, (cst.List, cst.Tuple)) else []
            for value in [channels, *(element.value for element in elements)]:
                self._add(literal(value), consumer, _path(node))

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        for mapping in _method_mappings(node):
            self._mappings.add(mapping)
            keys = {literal(e.key) for e in mapping.elements if isinstance(e, cst.DictElement)}
            is_open = any(isinstance(e, cst.StarredDictElement) for e in mapping.elements)
            if "websocket.receive" in keys and "websocket.connect" not in keys and not is_open:
                self.facts.without_connect.append((node.name.value, self.line(node)))

    def visit_Dict(self, node: cst.Dict) -> None:
        pairs = [(literal(e.key), e.value) for e in node.elements if isinstance(e, cst.DictElement)]
        if node not in self._mappings and any(key is not None and key.startswith(_OF_CONNECTIONS) for key, _ in pairs):
            for key, value in pairs:
                if literal(value) is not None or dotted(value) is not None:
                    self._add(key, value)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        for decorator in node.decorators:
            called = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
            if (dotted(called) or "").rpartition(".")[2] in _OPENS_SESSION:
                self.facts.opening_session.add(node.name.value)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        if dotted(node.target) == "CHANNEL_SESSION_ENGINE":
            self.facts.sets_engine = True

    def _add(self, channel: str | None, consumer: cst.BaseExpression, path: str | None = None) -> None:
        if channel is not None:
            name = literal(consumer) or dotted(consumer) or ""
            self.facts.routes.append(Route(channel, name.rpartition(".")[2], self.line(consumer), path))


def _path(route: cst.Call) -> str | None:
    """Return the text of a route's path: the regular expression, or the source of what stands in its place."""
    for argument in route.args:
        if argument.keyword is not None and argument.keyword.value == "path":
            return literal(argument.value) or cst.Module([]).code_for_node(argument.value)
    return None


def _method_mappings(node: cst.ClassDef) -> Iterator[cst.Dict]:
    for statement in node.body.body:
        for part in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            match part:
                case cst.Assign(value=cst.Dict() as mapping) if "method_mapping" in map(_target, part.targets):
                    yield mapping


def _target(target: cst.AssignTarget) -> str | None:
    return dotted(target.target)


def _may_be_accepted(path: str | None, connects: set[str | None]) -> bool:
    """Return whether a connect route may take the sockets of a path: its expression begins alike, or there is none."""
    if path is None or None in connects:
        return bool(connects)
    begin = _LITERAL.match(path)[0]  # type: ignore[index]  # matches always
    others = [_LITERAL.match(connect or "")[0] for connect in connects]  # type: ignore[index]
    return any(begin.startswith(other) or other.startswith(begin) for other in others)


Place = TypeVar("Place")


def advise(files: Iterable[tuple[Place, Facts]]) -> Iterator[tuple[Place, Finding]]:
    """Yield what works otherwise here, with the file it is in."""
    known = list(files)
    connects = {route.path for _, facts in known for route in facts.routes if route.channel == "websocket.connect"}
    has_classes = any(facts.has_classes for _, facts in known)
    sets_engine = any(facts.sets_engine for _, facts in known)
    opening = {name for _, facts in known for name in facts.opening_session}
    for place, facts in known:
        for route in facts.routes:
            if route.channel == "websocket.receive" and not has_classes and not _may_be_accepted(route.path, connects):
                yield place, Finding(route.line, "websocket.receive without websocket.connect", _ACCEPT)
            is_own = not route.channel.startswith(_OF_CONNECTIONS)
            if is_own and route.consumer in opening and not sets_engine:
                yield place, Finding(route.line, f"{route.channel} to {route.consumer}", _ENGINE)
        for name, line in [] if None in connects else facts.without_connect:
            yield place, Finding(line, f"{name} without websocket.connect", _ACCEPT_CLASS)
        for line in [] if sets_engine else facts.look_ups:
            yield place, Finding(line, _LOOK_UP, _NO_ENGINE)
