"""The capacity of channels: the number of messages that a channel holds before it is full.

Patterns are shell globs or compiled regular expressions; the first that matches a name decides, in the order given.
"""

import re
from collections.abc import Mapping
from fnmatch import translate
from functools import lru_cache

from .errors import ConfigurationError
from .protocol import EVENT_CAPACITY

#: Number of names whose capacity is cached. Generated names are many, so the cache is bounded.
CACHED_NAMES = 1_024


class Capacities:
    """The capacity of every channel of a layer.

    `channel_capacity` None means `EVENT_CAPACITY`; a mapping takes its place. `capacity` is for the rest.

    Raises:
        ConfigurationError: names the option and the key that is wrong.
    """

    def __init__(self, capacity: int, channel_capacity: Mapping[str | re.Pattern[str], int] | None = None) -> None:
        if channel_capacity is None:
            channel_capacity = EVENT_CAPACITY
        if not isinstance(channel_capacity, Mapping):
            raise ConfigurationError(f"channel_capacity maps patterns to capacities; it is not {channel_capacity!r}")
        self._default = _checked("capacity", capacity)
        self._patterns = [
            (compiled_pattern("channel_capacity", pattern), _checked(f"channel_capacity[{pattern!r}]", number))
            for pattern, number in channel_capacity.items()
        ]
        self.of = lru_cache(CACHED_NAMES)(self._find)

    def _find(self, channel: str) -> int:
        """Return the number of messages that the channel may hold."""
        for pattern, number in self._patterns:
            if pattern.match(channel):
                return number
        return self._default


def compiled_pattern(option: str, pattern: object) -> re.Pattern[str]:
    """Return the pattern of names that a key of an option is.

    Raises:
        ConfigurationError: it is neither a glob nor a compiled pattern.
    """
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        return pattern
    if isinstance(pattern, str) and pattern:
        return re.compile(translate(pattern))
    raise ConfigurationError(
        f"{option}: {pattern!r} is not a pattern; use a glob such as 'chat.*', or a compiled pattern of str"
    )


def _checked(option: str, number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ConfigurationError(f"{option} is a number of messages, 1 or more, not {number!r}")
    return number
