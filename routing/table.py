"""Routing objects by their channels, so that a message is compared only with those that could handle it."""

from collections.abc import Sequence

from towpath.channels.message import Message

from .match import Match, Routing


class Table:
    """The routing `objects` in order, with an index; the first match wins."""

    def __init__(self, objects: Sequence[Routing]) -> None:
        self.objects: list[Routing] = []
        self._by_channel: dict[str, list[Routing]] = {}
        for entry in objects:
            self.append(entry)

    def append(self, entry: Routing) -> None:
        """Append an object."""
        self.objects.append(entry)
        for channel in entry.channel_names():
            self._by_channel.setdefault(channel, []).append(entry)

    @property
    def channels(self) -> set[str]:
        """The channels of all objects."""
        return set(self._by_channel)

    def match(self, message: Message) -> Match | None:
        """Return the first match, or None."""
        for entry in self._by_channel.get(message.channel_name, ()):
            found = entry.match(message)
            if found is not None:
                return found if isinstance(found, Match) else Match(*found)
        return None
