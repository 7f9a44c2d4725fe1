"""The groups that keep a history, and its bounds: the layer option `group_history`.

Patterns are shell globs or compiled regular expressions; the first that matches a name decides, in the order given.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ..capacity import CACHED_NAMES, compiled_pattern
from ..errors import ConfigurationError, NoHistory

#: Bytes that a history keeps where the option says nothing.
DEFAULT_BYTES = 1024 * 1024
#: The largest values of the bounds: trimming and reading a history are single steps of the store.
MAX_MESSAGES, MAX_SECONDS, MAX_BYTES = 10_000, 7 * 86_400, 64 * 1024 * 1024

_EXAMPLE = "{'chat-*': {'messages': 100, 'seconds': 300}}"
_MAXIMA = {"messages": MAX_MESSAGES, "seconds": MAX_SECONDS, "bytes": MAX_BYTES}


class HistoryBounds(NamedTuple):
    """Bounds of one group: it keeps the newest messages up to a number, an age in seconds and a sum of bytes."""

    messages: int
    seconds: float
    bytes: int = DEFAULT_BYTES


class Histories:
    """The bounds of every group's history.

    Raises:
        ConfigurationError: names the pattern and the key that is wrong.
    """

    def __init__(self, group_history: Mapping[str | re.Pattern[str], object] | None = None) -> None:
        if group_history is None:
            group_history = {}
        if not isinstance(group_history, Mapping):
            raise ConfigurationError(f"group_history is a dict such as {_EXAMPLE}, not {group_history!r}")
        self._patterns = [
            (compiled_pattern("group_history", pattern), _checked(f"group_history[{pattern!r}]", bounds))
            for pattern, bounds in group_history.items()
        ]
        self._found = lru_cache(CACHED_NAMES)(self._find)

    def __bool__(self) -> bool:
        """Return whether any group may have a history."""
        return bool(self._patterns)

    def of(self, group: str) -> HistoryBounds | None:
        """Return the bounds of a group's history; None: it has no history."""
        return self._found(group) if self._patterns else None

    def required(self, group: str) -> HistoryBounds:
        """Return the bounds of a group's history.

        Raises:
            NoHistory: it has no history; says what to write.
        """
        bounds = self.of(group)
        if bounds is None:
            raise NoHistory(
                f"group {group!r} has no history: add a pattern that matches it to 'group_history' in CONFIG of the "
                f"channel layer, such as {_EXAMPLE}"
            )
        return bounds

    def _find(self, group: str) -> HistoryBounds | None:
        return next((bounds for pattern, bounds in self._patterns if pattern.match(group)), None)


def _checked(where: str, bounds: object) -> HistoryBounds | None:
    if bounds is None:  # an exception from a later pattern
        return None
    if not isinstance(bounds, Mapping):
        raise ConfigurationError(f"{where} is a dict such as {{'messages': 100, 'seconds': 300}}, not {bounds!r}")
    for key in bounds:
        if key not in _MAXIMA:
            raise ConfigurationError(f"{where} has the unknown key {key!r}; its keys are {', '.join(_MAXIMA)}")
    for key in ("messages", "seconds"):
        if key not in bounds:
            raise ConfigurationError(f"{where} has no {key!r}: write a number from 1 to {_MAXIMA[key]}")
    checked = {key: _number(where, key, value) for key, value in bounds.items()}
    return HistoryBounds(checked["messages"], checked["seconds"], checked.get("bytes", DEFAULT_BYTES))


def _number(where: str, key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAXIMA[key]:
        raise ConfigurationError(f"{where}[{key!r}] is an int from 1 to {_MAXIMA[key]}, not {value!r}")
    return value
