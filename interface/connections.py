"""The connections of one interface server, by the local part of their reply channel: bounded in number."""

from collections.abc import Iterator

from towpath.layers.errors import TowpathError
from towpath.layers.names import random_token

from .interfaces import Registered


class TooManyConnections(TowpathError):
    """Raised when `max_connections` are open: answer 503."""


class Connections:
    """The connections, each until the layer has accepted its last event."""

    def __init__(self, max_connections: int) -> None:
        self._max = max_connections
        self._by_local: dict[str, Registered] = {}
        self.get = self._by_local.get

    def __len__(self) -> int:
        return len(self._by_local)

    def __iter__(self) -> Iterator[Registered]:
        return iter(list(self._by_local.values()))

    def add(self, conversation: Registered) -> str:
        """Register a connection; return its new, unguessable local name.

        Raises:
            TooManyConnections: no more are allowed.
        """
        if len(self._by_local) >= self._max:
            raise TooManyConnections(f"{self._max} connections are open, no more are allowed (max_connections)")
        local = random_token()
        self._by_local[local] = conversation
        return local

    def remove(self, local: str) -> None:
        """Forget a connection."""
        del self._by_local[local]


def unfinished(connections: Connections) -> tuple[int, int, int]:
    """Return the numbers of open WebSockets, of events that wait for their turn, and of those that are out."""
    sockets = waiting = out = 0
    for conversation in connections:
        sockets += conversation.owner.is_open
        waiting += conversation.waiting_count
        out += conversation.has_turn_out
    return sockets, waiting, out
