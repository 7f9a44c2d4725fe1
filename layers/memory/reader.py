"""A worker thread's reader of the memory store."""

from collections.abc import Sequence

from ..entries import EntryCodec
from ..exchange import BaseReader, Waiting
from ..operations.operation import AnyOperation
from ..operations.queues import Batch
from ..sending import Sender
from .store import Store


class MemoryReader(BaseReader):
    """See `BaseReader`. `wake` may be called from any thread; everything else from the owner's."""

    def __init__(self, channels: Sequence[str], codec: EntryCodec, sender: Sender, store: Store) -> None:
        super().__init__(channels, codec, sender)
        self._store = store
        self._is_woken = False
        self._waiting: Waiting | None = None

    def wake(self) -> None:
        """End the owner's wait, or the next one if there is none now."""
        self._is_woken = True
        self._store.wake()

    def _execute(self, operations: Sequence[AnyOperation], then: Waiting | None = None) -> Sequence[object]:
        self._waiting = then
        return self._store.execute(operations)

    def _waited(self) -> Batch | None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return None
        take = waiting.take

        def find() -> object:
            return self._store.execute([take])[0] or self._is_woken or None

        found = self._store.wait_for(find, waiting.seconds)
        self._is_woken = False
        return found if isinstance(found, Batch) else None
