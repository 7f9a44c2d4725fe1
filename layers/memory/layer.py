"""The channel layer in memory."""

from collections.abc import Mapping, Sequence
from re import Pattern

from ..base import BaseChannelLayer
from ..contract import Edge, Reader
from ..operations import Batch, Operation, Take, TakeInbox
from .edge import MemoryEdge
from .reader import MemoryReader
from .store import Store


class MemoryChannelLayer(BaseChannelLayer):
    """Channels, inboxes and groups of one process. Each instance is a store of its own.

    Messages are encoded and decoded as for Redis, and capacities, expiries and errors are the same. Options as for
    `RedisChannelLayer`.

    Raises:
        ConfigurationError: an option is wrong.
    """

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: Mapping[str | Pattern[str], int] | None = None,
    ) -> None:
        super().__init__(expiry, group_expiry, capacity, channel_capacity)
        self._store = Store(expiry, group_expiry)

    def __str__(self) -> str:
        return "memory of this process"

    def reader(self, channels: Sequence[str]) -> Reader:
        """Return a reader of this store."""
        return MemoryReader(channels, self._codec, self._sender, self._store)

    def edge(self) -> Edge:
        """Return an edge of this store, to be opened in the loop that uses it."""
        return MemoryEdge(self._codec, self._capacities, self._store)

    def flush(self) -> None:
        """Forget everything."""
        self._store.flush()

    def close(self) -> None:
        """Do nothing: memory has no connections."""

    def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        return self._store.execute(operations)

    def _wait_for_entry(
        self, queues: Sequence[str], inboxes: Sequence[str], seconds: float
    ) -> tuple[str, bytes] | None:
        self._store.wait(queues, inboxes, seconds)
        batch = self._store.execute([Take(queues, [1] * len(queues))])[0]
        if isinstance(batch, Batch):
            return batch.channel, batch.entries[0]
        for inbox in inboxes:
            entries = self._store.execute([TakeInbox(inbox, 1)])[0]
            assert isinstance(entries, list)
            if entries:
                return inbox, entries[0]
        return None

    def _counted_channels(self) -> list[str]:
        return self._store.counted_channels()
