"""Filters: regular expressions over the values of a message, compiled once. All of them must match.

A pattern is tried at the beginning of the value (`re.match`); nothing anchors its end but the pattern itself. A value
that is absent or is no text matches nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

from towpath.layers.contract import Content

from .errors import RoutingError

Pattern = str | bytes


class Filters:
    """Compiled filters of one route or include; `owner` names it in errors.

    Raises:
        RoutingError: a pattern is not a regular expression, or has groups without a name.
    """

    __slots__ = ("_patterns",)

    def __init__(self, patterns: Mapping[str, Pattern], owner: str) -> None:
        self._patterns = tuple((key, _compile(key, pattern, owner)) for key, pattern in patterns.items())

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, content: Content) -> dict[str, Any] | None:
        """Return the named groups of all filters, or None if one does not match."""
        groups: dict[str, Any] = {}
        for key, pattern in self._patterns:
            value = content.get(key)
            text = value if isinstance(value, str) else _text(value)  # not for every str through a call: a hot path
            found = None if text is None else pattern.match(text)
            if found is None:
                return None
            groups |= found.groupdict()
        return groups

    def cut(self, content: Content) -> tuple[Content, dict[str, Any]] | None:
        """Return the content without the matched beginnings, and the named groups; None if one does not match.

        Only the outer dict is copied: bodies and other large values are shared.
        """
        rest = dict(content)
        groups: dict[str, Any] = {}
        for key, pattern in self._patterns:
            text = _text(content.get(key))
            found = None if text is None else pattern.match(text)
            if text is None or found is None:
                return None
            rest[key] = text[found.end() :]
            groups.update(found.groupdict())
        return rest, groups


def _compile(key: str, pattern: Pattern, owner: str) -> re.Pattern[str]:
    if not isinstance(pattern, (str, bytes)):
        raise RoutingError(f"{owner}: the filter {key!r} is a regular expression as str or bytes, not {pattern!r}")
    try:
        compiled = re.compile(pattern.decode("ascii") if isinstance(pattern, bytes) else pattern)
    except (re.error, UnicodeDecodeError) as error:
        raise RoutingError(f"{owner}: the filter {key!r} is not a regular expression: {pattern!r}: {error}") from error
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
