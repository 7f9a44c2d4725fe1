"""System checks of the paths and channels of routes: mistakes that leave a consumer without messages."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from towpath.layers.protocol import HTTP_PREFIX, WEBSOCKET_PREFIX
from towpath.routing import ListedRoute
from towpath.routing.filters import Pattern
from towpath.routing.path_syntax import PATH_KEY, is_path

from .routes import TEXT_KEYS, sound_routers

#: What may stand before the first sign that a regular expression matches: anchors, flags, opened groups.
_OPENING = re.compile(r"(?:\^|\\A|\(\?[aimsux]+\)|\(\?P<\w+>|\(\?:|\()*")
#: That sign: an escape, a class, or one character; and what follows it.
_SIGN = re.compile(r"(\\.|\[\^?\]?[^\]]*\]|[^\\\[])(.?)", re.DOTALL)
_WANTS_SLASH = re.compile(r"(?:\^|\\A)?/")
_ENDS = re.compile(r"(?<!\\)(?:\\\\)*(?:\$|\\Z)\Z")


def check_paths(**_: Any) -> list[CheckMessage]:
    """Find regular expressions that match no path (W011)."""
    return [
        CheckWarning(f"{where}: {listed.route!r} never gets a message: {text}.", hint=hint, id="towpath.W011")
        for where, router in sound_routers()
        for listed in router.listed()
        if listed.route.channel_names() & TEXT_KEYS.keys()
        for text, hint in _path_problems(listed)
    ]


def check_channels(**_: Any) -> list[CheckMessage]:
    """Find channels that look like those of interface servers and are not (W012)."""
    return [
        CheckWarning(
            f"{where}: {listed.route!r} listens on {channel!r}, and interface servers send nothing there.",
            hint=f"{_meant(channel)}Their channels are {', '.join(TEXT_KEYS)}.",
            id="towpath.W012",
        )
        for where, router in sound_routers()
        for listed in router.listed()
        for channel in sorted(listed.route.channel_names() - TEXT_KEYS.keys())
        if channel.startswith((HTTP_PREFIX, WEBSOCKET_PREFIX)) or _meant(channel)
    ]


def _meant(channel: str) -> str:
    close = get_close_matches(channel.lower(), TEXT_KEYS, 1, cutoff=0.85)
    return f"Did you mean {close[0]!r}? " if close else ""


def _path_problems(listed: ListedRoute) -> Iterator[tuple[str, str]]:
    """Yield the first reason why the path filters of a route match nothing, with a hint."""
    filters = (*listed.prefixes, listed.route.filters)
    patterns = [_text(each[PATH_KEY]) for each in filters if PATH_KEY in each]
    if patterns and not _is_path(patterns[0]) and not can_begin_with_slash(patterns[0]):
        rest = patterns[0].removeprefix("^")
        hint = f"Write {f'^/{rest}'!r}, or in Django's path syntax a path such as '/chat/<slug:room>/'."
        yield f"paths begin with a slash, and the expression {patterns[0]!r} does not match one", hint
        return
    for prefix, inner in pairwise(patterns):
        if not _is_path(prefix) and _ENDS.search(prefix):
            yield f"the prefix {prefix!r} matches to the end, and leaves nothing for {inner!r}", "Take the '$' out."
            return
        if prefix.endswith("/") and _WANTS_SLASH.match(inner):
            yield (
                f"after the slash at the end of the prefix {prefix!r}, {inner!r} wants another one",
                "Take the slash at the end of the prefix out.",
            )
            return


def can_begin_with_slash(expression: str) -> bool:
    """Return whether a regular expression may match a text with a slash at its beginning; True where it is unclear."""
    opening = _OPENING.match(expression)
    rest = expression[opening.end() :] if opening else expression
    first = _SIGN.match(rest)
    if first is None or "|" in expression or first[1] in tuple("?*+{)") or first[2] in ("?", "*", "{"):
        return True
    return re.match(first[1], "/") is not None


def _is_path(pattern: str) -> bool:
    return is_path(PATH_KEY, pattern, "")


def _text(pattern: Pattern) -> str:
    return pattern if isinstance(pattern, str) else pattern.decode("latin-1")
