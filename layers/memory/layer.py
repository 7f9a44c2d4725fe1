"""The channel layer in this process's memory: for `runserver`, where all parts share one object, and for tests."""

from collections.abc import Callable, Mapping, Sequence
from re import Pattern

from ..base import BaseChannelLayer
from ..contract import Edge, Reader
from ..operations.inboxes import TakeInbox
from ..operations.operation import Operation, Result
from ..operations.queues import Batch, Take
from .edge import MemoryEdge
from .reader import MemoryReader
from .store import Store


class MemoryChannelLayer(BaseChannelLayer):
    """Channels, inboxes and groups in the memory of one process: encoded, bounded and counted as those in Redis.

    Other layer objects see no messages of this one.

    Args:
        expiry: Seconds until a message that no worker takes is dropped.
        group_expiry: Seconds until a plain channel, which is not a reply channel, leaves a group.
        capacity: Messages that a channel holds; more raise `ChannelFull`.
        channel_capacity: Other capacities, by the glob or compiled pattern of a channel: `{"papers.*": 1000}`.
        group_history: Groups that keep their last messages, by glob or compiled pattern: `{"chat-*": {"messages": 100,
            "seconds": 300}}`, with `"bytes"` (1 MiB) as a third bound; None in place of the dict excludes a pattern.
        position_keys: Keys that sign positions in histories; without it, SECRET_KEY and SECRET_KEY_FALLBACKS.

    Raises:
        ConfigurationError: an option is wrong.
    """

    #: Called once, if the layer is used while no part of this process takes messages from it: no worker, no interface
    #: server.
    on_unserved_use: Callable[[], None] | None = None

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: Mapping[str | Pattern[str], int] | None = None,
        group_history: Mapping[str | Pattern[str], object] | None = None,
        position_keys: Sequence[str | bytes] | None = None,
    ) -> None:
        super().__init__(
            *(expiry, group_expiry, capacity, channel_capacity),
            group_history=group_history,
            position_keys=position_keys,
        )
        self._store = Store(expiry, group_expiry)

    def __str__(self) -> str:
        return "memory of this process"

    def reader(self, channels: Sequence[str]) -> Reader:
        """Return a reader for one thread."""
        self.on_unserved_use = None
        return MemoryReader(channels, self._codec, self._sender, self._store)

    def edge(self) -> Edge:
        """Return an edge for one event loop."""
        self.on_unserved_use = None
        edge = MemoryEdge(self._codec, self._capacities, self._store)
        edge.lease_times = self.lease_times
        return edge

    def close(self) -> None:
        """Do nothing: there are no connections. Stored data stays."""

    def _execute(self, operations: Sequence[Operation[Result]]) -> Sequence[Result]:
        if self.on_unserved_use is not None:
            warn, self.on_unserved_use = self.on_unserved_use, None
            warn()
        return self._store.execute(operations)

    def _flush_store(self) -> None:
        self._store.flush()

    def _wait_for_entry(
        self, queues: Sequence[str], inboxes: Sequence[str], seconds: float
    ) -> tuple[str, bytes] | None:
        take = Take(queues, [1] * len(queues))

        def find() -> tuple[str, bytes] | None:
            batch = self._store.execute([take])[0]
            if isinstance(batch, Batch):
                return batch.channel, batch.entries[0]
            for inbox in inboxes:
                for entry in self._store.execute([TakeInbox(inbox, 1)])[0]:
                    return inbox, entry
            return None

        return self._store.wait_for(find, seconds)

    def _counted_channels(self) -> list[str]:
        return self._store.counted()
