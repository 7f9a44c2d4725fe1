"""A worker thread's reader of memory: waits on the store's condition."""

from collections.abc import Sequence

from ..entries import EntryCodec
from ..exchange import BaseReader
from ..operations import Batch, Operation, Take
from ..sending import Sender
from .store import Store


class MemoryReader(BaseReader):
    """See `BaseReader`."""

    def __init__(self, channels: Sequence[str], codec: EntryCodec, sender: Sender, store: Store) -> None:
        super().__init__(channels, codec, sender)
        self._store = store
        self._is_waiting = False
        self._is_woken = False

    def wake(self) -> None:
        """End a wait of the owner; nothing happens if it does not wait."""
        self._is_woken = self._is_waiting
        self._store.wake()

    def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        return self._store.execute(operations)

    def _wait(self, channels: Sequence[str], seconds: float) -> Batch | None:
        self._is_woken, self._is_waiting = False, True
        self._store.wait(channels, (), seconds, lambda: self._is_woken)
        self._is_waiting = False
        batch = self._store.execute([Take(channels, [1] * len(channels))])[0]
        assert batch is None or isinstance(batch, Batch)
        return batch
