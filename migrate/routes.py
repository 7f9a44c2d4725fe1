"""What a project routes, and what of it works otherwise than in 1.x. It takes all files to know: two kinds of advice.

- Sockets without a route for `websocket.connect` were accepted; here they are refused.
- A channel session was shared with channels of the project's own; here it travels with its connection.
"""

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
#: Channels whose messages are events of a connection.
_OF_CONNECTIONS = ("websocket.", "http.")
_ACCEPT = (
    'a socket that is not accepted is refused here: add route("websocket.connect", "towpath.routing.connect_consumer")'
)
_ENGINE = (
    "its consumer opens a session that other channels share: set CHANNEL_SESSION_ENGINE, for example to "
    '"django.contrib.sessions.backends.cached_db"'
)


@dataclass(frozen=True, slots=True)
class Route:
    """A channel and the last part of its consumer's name, on a line."""

    channel: str
    consumer: str
    line: int


@dataclass(slots=True)
class Facts:
    """What one file says about routing and sessions."""

    routes: list[Route] = field(default_factory=list)
    has_classes: bool = False
    opening_session: set[str] = field(default_factory=set)
    sets_engine: bool = False


class Facing(Reading):
    """Collects the facts of a module."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.facts = Facts()

    def visit_Call(self, node: cst.Call) -> None:
        function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        name = function.value if isinstance(function, cst.Name) else ""
        if name in ("route_class", "as_route"):
            self.facts.has_classes = True
        elif name == "route" and len(node.args) > 1:
            channels, consumer = node.args[0].value, node.args[1].value
            elements = channels.elements if isinstance(channels, (cst.List, cst.Tuple)) else []
            for value in [channels, *(element.value for element in elements)]:
                self._add(literal(value), consumer)

    def visit_Dict(self, node: cst.Dict) -> None:
        pairs = [(literal(e.key), e.value) for e in node.elements if isinstance(e, cst.DictElement)]
        if any(key is not None and key.startswith(_OF_CONNECTIONS) for key, _ in pairs):
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

    def _add(self, channel: str | None, consumer: cst.BaseExpression) -> None:
        if channel is not None:
            name = literal(consumer) or dotted(consumer) or ""
            self.facts.routes.append(Route(channel, name.rpartition(".")[2], self.line(consumer)))


Place = TypeVar("Place")


def advise(files: Iterable[tuple[Place, Facts]]) -> Iterator[tuple[Place, Finding]]:
    """Yield what works otherwise here, with the file it is in."""
    known = list(files)
    routed = {route.channel for _, facts in known for route in facts.routes}
    has_connect = "websocket.connect" in routed or any(facts.has_classes for _, facts in known)
    sets_engine = any(facts.sets_engine for _, facts in known)
    opening = {name for _, facts in known for name in facts.opening_session}
    for place, facts in known:
        for route in facts.routes:
            if route.channel == "websocket.receive" and not has_connect:
                yield place, Finding(route.line, "websocket.receive without websocket.connect", _ACCEPT)
            is_own = not route.channel.startswith(_OF_CONNECTIONS)
            if is_own and route.consumer in opening and not sets_engine:
                yield place, Finding(route.line, f"{route.channel} to {route.consumer}", _ENGINE)
