"""Messages of a group's history as a layer returns them, and the methods of a layer that return them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NoHistory


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """A message that a group keeps. `position` is the one behind it; `sent_at` is in seconds, by the store's clock."""

    content: dict[str, Any]
    position: str
    sent_at: float


@dataclass(frozen=True, slots=True)
class GroupHistory:
    """Messages of a group, oldest first. Iterating it gives the messages.

    `position` is the one behind the last of them: the next call continues there. `has_gap`: messages after `since` are
    no longer kept, or the store has lost its data; what the reader has must be loaded again.
    """

    messages: Sequence[HistoryMessage]
    position: str
    has_gap: bool = False

    def __iter__(self) -> Iterator[HistoryMessage]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)


class KeepsHistory:
    """The part of `ChannelLayer` for groups with a history. A layer that keeps none inherits these methods."""

    #: Returns the keys of the signatures of positions: the first signs, all verify. Without the option `position_keys`
    #: they come from the project's settings.
    position_keys: Callable[[], Sequence[str | bytes]] = staticmethod(lambda: ())

    def group_add_since(self, group: str, channel: str, since: str) -> bool:
        """Add a connection to a group: first it gets the messages after position `since`, then every later one.

        Return False if messages after `since` are no longer kept, or the store has lost them: then only later messages
        follow, and the data that the client has must be loaded again.

        Raises:
            NoHistory: no history is configured for this group.
            BadPosition: `since` is not a position of this group.
            ValueError: `channel` is not a reply channel of a connection.
            LayerUnavailable: the store is unavailable.
        """
        raise NoHistory(f"{self} keeps no history of groups, such as {group!r}")

    def group_history(self, group: str, since: str | None = None, limit: int | None = None) -> GroupHistory:
        """Return the messages that a group keeps: all, or those after position `since`.

        With a `limit`, the first ones after `since`, or without `since` the last ones.

        Raises:
            NoHistory: no history is configured for this group.
            BadPosition: `since` is not a position of this group.
            LayerUnavailable: the store is unavailable.
        """
        raise NoHistory(f"{self} keeps no history of groups, such as {group!r}")

    def group_position(self, group: str) -> str:
        """Return the position behind the newest message of a group.

        Raises:
            NoHistory: no history is configured for this group.
            LayerUnavailable: the store is unavailable.
        """
        raise NoHistory(f"{self} keeps no history of groups, such as {group!r}")
