"""The paused channels, as last read from the store: the workers of a process take no messages from them.

Written by the thread that renews leases, read by the workers; the set is replaced at once.
"""

from collections.abc import Collection, Mapping


class PausedChannels:
    """Shared by the workers of a pool."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()

    def note(self, channels: Collection[str]) -> None:
        """Note the channels that are paused now."""
        self.names = frozenset(channels)


def unpaused(limits: Mapping[str, int], paused: Collection[str]) -> Mapping[str, int]:
    """Return the limits of the next take, without paused channels."""
    return {channel: limit for channel, limit in limits.items() if channel not in paused}
