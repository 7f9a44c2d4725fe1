r"""Events of WebSockets that no route of the project matches: a refusal, with an explanation while DEBUG is on."""

import logging
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Protocol

from django.conf import settings

from towpath.channels.exceptions import DenyConnection
from towpath.channels.message import Message
from towpath.layers.protocol import CONNECT

from .filters import Pattern
from .listing import ListedRoute
from .match import Match
from .naming import name_of
from .path_syntax import PATH_KEY

logger = logging.getLogger(__name__)

#: The number of paths of dropped frames that are kept, so that each is logged once.
MAX_LOGGED_PATHS = 100
#: Routes that an explanation lists; the others are counted.
MAX_ROUTES = 20
#: Longest part of a client's path that an explanation repeats, in characters.
MAX_PATH_LENGTH = 200
#: Least similarity of a path and a route's pattern, from 0 to 1, that makes it the nearest match.
LEAST_SIMILARITY = 0.6

#: A named group of a regular expression, with its expression if there are no parentheses in it.
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
#: Signs of a regular expression that are not part of a path.
_SIGNS = re.compile(r"\\.|[\^$?*+()]")


class ListingRouter(Protocol):
    """The part of `Router` that an explanation uses."""

    def listed(self) -> list[ListedRoute]:
        """Return all routes."""

    def match(self, message: Message) -> Match | None:
        """Return the consumer of the first route that matches, or None."""


class NoRoute(DenyConnection):
    """Raised for a WebSocket handshake that no route of the project matches."""


class UnroutedConsumer:
    """Handles events that no route matches: refuses handshakes, drops frames."""

    def __init__(self, router: ListingRouter) -> None:
        self._router = router
        self._logged_paths: set[str] = set()

    def __call__(self, message: Message, **kwargs: object) -> None:
        """Refuse a handshake; drop a frame, with a warning while DEBUG is on.

        Raises:
            NoRoute: the message is a handshake.
        """
        explanation = f"no route of {message.channel_name} matches it"
        if message.channel_name == CONNECT:
            raise NoRoute(f"{explanation}. {explain(self._router, message)}" if settings.DEBUG else explanation)
        path = shown_path(message)
        if settings.DEBUG and path not in self._logged_paths and len(self._logged_paths) < MAX_LOGGED_PATHS:
            self._logged_paths.add(path)
            logger.warning("Dropped a frame on %s: %s. %s", path, explanation, explain(self._router, message))


def shown_path(message: Message) -> str:
    """Return the path of a message for a log line, bounded."""
    path = str(message.get(PATH_KEY))
    return repr(path if len(path) <= MAX_PATH_LENGTH else f"{path[:MAX_PATH_LENGTH]}…")


def explain(router: ListingRouter, message: Message) -> str:
    """Return which routes of the message's channel were tried, and the nearest path or route."""
    channel = message.channel_name
    routes = [each for each in router.listed() if channel in each.route.channel_names() and not _is_default(each)]
    if not routes:
        return f"There is no route of {channel}."
    shown = [_shown(each) for each in routes]
    more = f", and {len(shown) - MAX_ROUTES} more" if len(shown) > MAX_ROUTES else ""
    return f"{_nearest(router, message, routes)}Routes tried: {', '.join(shown[:MAX_ROUTES])}{more}."


def _is_default(listed: ListedRoute) -> bool:
    return isinstance(listed.route.consumer, UnroutedConsumer)


def _nearest(router: ListingRouter, message: Message, routes: list[ListedRoute]) -> str:
    path = message.get(PATH_KEY)
    if not isinstance(path, str):
        return ""
    for variant in _variants(path, str(message.get("root_path") or "")):
        changed = Message({**message.content, PATH_KEY: variant}, message.channel_name, message.channel_layer)
        match = router.match(changed)
        if match is not None and not isinstance(match.consumer, UnroutedConsumer):
            return f"Did you mean {variant!r}? "
    similarity, index = max((_similarity(path, each), -index) for index, each in enumerate(routes))
    return f"The nearest is {_pattern(routes[-index])!r}. " if similarity >= LEAST_SIMILARITY else ""


def _variants(path: str, root_path: str) -> Iterator[str]:
    """Yield paths that a client may have meant."""
    slashed = re.sub("/+", "/", path)
    for candidate in (slashed, slashed.lower(), slashed.removeprefix(root_path)):
        yield candidate
        yield candidate.rstrip("/") if candidate.endswith("/") else f"{candidate}/"


def _similarity(path: str, listed: ListedRoute) -> float:
    pattern = _SIGNS.sub("", _GROUP.sub("", re.sub(r"<[^<>]*>", "", _pattern(listed))))
    return SequenceMatcher(None, path[:MAX_PATH_LENGTH], pattern[:MAX_PATH_LENGTH], autojunk=False).ratio()


def _pattern(listed: ListedRoute) -> str:
    filters = (*listed.prefixes, listed.route.filters)
    return "".join(_text(each[PATH_KEY]) for each in filters if PATH_KEY in each)


def _shown(listed: ListedRoute) -> str:
    """Return the filters of a route and its consumer, as `path='/a' + '/b/' (chat.connect)`."""
    parts: dict[str, list[Pattern]] = {}
    for filters in (*listed.prefixes, listed.route.filters):
        for key, pattern in filters.items():
            parts.setdefault(key, []).append(pattern)
    shown = [f"{key}={' + '.join(map(repr, patterns))}" for key, patterns in parts.items()]
    return f"{', '.join(shown) or 'any'} ({name_of(listed.route.consumer)})"


def _text(pattern: Pattern) -> str:
    return pattern if isinstance(pattern, str) else pattern.decode("latin-1")
