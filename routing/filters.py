"""Filters: patterns over the values of a message, compiled once. All of them must match.

A regular expression is tried at the beginning of the value (`re.match`); nothing anchors its end but the pattern
itself. The filter `path` may be in Django's path syntax instead (`path_syntax`), which matches the whole value. A value
that is absent or is not text matches nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

from towpath.layers.contract import Content

from .errors import RoutingError
from .path_syntax import Converter, compile_path, converted, is_path

Pattern = str | bytes


class Filters:
    """Compiled filters of one route, or of one include (`is_prefix`); `owner` names it in errors.

    `patterns` are as the project wrote them.

    Raises:
        RoutingError: a pattern is not a regular expression or path, or has groups without a name.
    """

    __slots__ = ("_compiled", "patterns")

    def __init__(self, patterns: Mapping[str, Pattern], owner: str, is_prefix: bool = False) -> None:
        self.patterns = dict(patterns)
        self._compiled = tuple((key, *_compile(key, each, owner, is_prefix)) for key, each in patterns.items())

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def argument_names(self) -> set[str]:
        """Return the names of the arguments that the consumer gets."""
        return {name for _, pattern, _ in self._compiled for name in pattern.groupindex}

    def match(self, content: Content) -> dict[str, Any] | None:
        """Return the named groups of all filters, or None if one does not match."""
        groups: dict[str, Any] = {}
        for key, pattern, converters in self._compiled:
            value = content.get(key)
            text = value if isinstance(value, str) else _text(value)  # not for every str through a call: a hot path
            found = None if text is None else pattern.match(text)
            if found is None:
                return None
            own = found.groupdict()
            if converters and not converted(own, converters):
                return None
            groups |= own
        return groups

    def cut(self, content: Content) -> tuple[Content, dict[str, Any]] | None:
        """Return the content without the matched beginnings, and the named groups; None if one does not match.

        Only the outer dict is copied: bodies and other large values are shared.
        """
        rest = dict(content)
        groups: dict[str, Any] = {}
        for key, pattern, converters in self._compiled:
            text = _text(content.get(key))
            found = None if text is None else pattern.match(text)
            if text is None or found is None:
                return None
            own = found.groupdict()
            if converters and not converted(own, converters):
                return None
            rest[key] = text[found.end() :]
            groups |= own
        return rest, groups


def _compile(key: str, pattern: Pattern, owner: str, is_prefix: bool) -> tuple[re.Pattern[str], dict[str, Converter]]:
    if not isinstance(pattern, (str, bytes)):
        raise RoutingError(f"{owner}: the filter {key!r} is a regular expression as str or bytes, not {pattern!r}")
    if is_path(key, pattern, owner):
        return compile_path(str(pattern), owner, is_prefix)
    return _expression(key, pattern, owner), {}


def _expression(key: str, pattern: Pattern, owner: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern.decode("ascii") if isinstance(pattern, bytes) else pattern)
    except (re.error, UnicodeDecodeError) as error:
        raise RoutingError(
            f"{owner}: the filter {key!r} is not a regular expression: {pattern!r}: {error}; "
            "a group that the consumer gets is (?P<name>...)"
        ) from error
    if compiled.groups != len(compiled.groupindex):
        raise RoutingError(
            f"{owner}: the filter {key!r} has groups without a name: {pattern!r}: "
            "write (?P<name>...) for what the consumer gets, (?:...) for the rest"
        )
    return compiled


def _text(value: object) -> str | None:
    """Return a value as text; bytes as Latin-1, which is ASCII where they are ASCII and never fails."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None
