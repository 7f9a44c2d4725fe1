"""System check of routes for frames whose WebSocket is never open: no route takes the handshake of their path."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.channels import Message
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.protocol import CONNECT, RECEIVE
from towpath.routing import ListedRoute, Route, Router
from towpath.routing.filters import Pattern
from towpath.routing.include import Include
from towpath.routing.path_syntax import PATH_KEY, is_path

from .routes import sound_routers

#: Values of parameters of Django's path syntax, and of groups of regular expressions; the first that matches is taken.
_CONVERTED = {"str": "a", "slug": "a", "int": "1", "path": "a", "uuid": "00000000-0000-0000-0000-000000000000"}
_SAMPLES = ("a", "1", "a1", "aa", "2026", "00000000-0000-0000-0000-000000000000")

_PARAMETER = re.compile(r"<(?:(\w+):)?\w+>")
_GROUP = re.compile(r"\((?:\?P<\w+>|\?:)([^()]*)\)(\?)?")


def check_connects(**_: Any) -> list[CheckMessage]:
    """Find routes of frames to WebSockets that are refused (W015): 1.x accepted what no route took."""
    return [
        CheckWarning(
            f"{where}: {listed.route!r} never gets a frame: no route of {CONNECT!r} takes a path such as {path!r}, so "
            "that the WebSocket is refused.",
            hint=f'Add route("{CONNECT}", "towpath.routing.connect_consumer", path=...), which accepts it, or a '
            "consumer of yours that does.",
            id="towpath.W015",
        )
        for where, router in sound_routers()
        if _is_plain(router)
        for listed, path in _frames(router)
        if router.match(_message(CONNECT, path)) is None
    ]


def _is_plain(router: Router) -> bool:
    """Return whether the path alone decides which handshakes are taken."""
    connects = [listed for listed in router.listed() if CONNECT in listed.route.channel_names()]
    filtered = {key for listed in connects for filters in (*listed.prefixes, listed.route.filters) for key in filters}
    return filtered <= {PATH_KEY} and all(isinstance(entry, Route | Include) for entry in _objects(router.root.objects))


def _objects(objects: list[Any]) -> Iterator[object]:
    for entry in objects:
        yield entry
        if isinstance(entry, Include):
            yield from _objects(entry.table.objects)


def _frames(router: Router) -> Iterator[tuple[ListedRoute, str]]:
    """Yield the routes of frames, each with a path that it matches; those for which none is found are left out."""
    for listed in router.listed():
        if RECEIVE in listed.route.channel_names():
            path = sample_path(listed)
            match = router.match(_message(RECEIVE, path))
            if match is not None and match.consumer is listed.route.consumer:
                yield listed, path


def sample_path(listed: ListedRoute) -> str:
    """Return a path that a route probably matches; the caller tries it."""
    filters = (*listed.prefixes, listed.route.filters)
    return "".join(_sample(each[PATH_KEY]) for each in filters if PATH_KEY in each) or "/"


def _sample(pattern: Pattern) -> str:
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    if is_path(PATH_KEY, text, ""):
        return _PARAMETER.sub(lambda found: _CONVERTED.get(found[1] or "str", "a"), text)
    text = _GROUP.sub(lambda found: "" if found[2] else _value(found[1]), text)
    return re.sub(r"^\^|\\A|\$$|\\Z$", "", re.sub(r"\\([^\w])", r"\1", text)).replace("/?", "/")


def _value(expression: str) -> str:
    return next((sample for sample in _SAMPLES if re.fullmatch(expression, sample)), expression)


def _message(channel: str, path: str) -> Message:
    return Message({PATH_KEY: path}, channel, MemoryChannelLayer())
