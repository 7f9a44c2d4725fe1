"""Which of the router's channels a worker listens to."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from towpath.layers.errors import ConfigurationError


def select_channels(
    channels: Iterable[str], only: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> list[str]:
    """Return the channels that match a glob of `only` (None: all) and none of `exclude`, sorted.

    Raises:
        ConfigurationError: nothing remains to listen to.
    """
    routed = sorted(channels)
    chosen = [
        channel
        for channel in routed
        if (only is None or _matches(channel, only)) and not (exclude is not None and _matches(channel, exclude))
    ]
    if not chosen:
        raise ConfigurationError(
            f"no channel remains to listen to: only_channels={only!r} and exclude_channels={exclude!r} leave none of "
            f"{routed}"
        )
    return chosen


def _matches(channel: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(channel, glob) for glob in globs)
