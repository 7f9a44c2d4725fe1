"""The event loop's side of the memory store: threads write, the loop reads."""

import asyncio
from collections.abc import Sequence

from ..capacity import Capacities
from ..edge import BaseEdge
from ..entries import EntryCodec
from ..operations.inboxes import TakeInbox
from ..operations.operation import Operation, Result
from .store import Store

#: How long one read of the inbox waits, in seconds.
WAIT_SECONDS = 5.0


class MemoryEdge(BaseEdge):
    """See `BaseEdge`. Nothing waits for the store's lock longer than one list of operations takes."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, store: Store) -> None:
        super().__init__(codec, capacities)
        self._store = store

    async def _execute(self, operations: Sequence[Operation[Result]]) -> Sequence[Result]:
        return self._store.execute(operations)

    async def _read_inbox(self) -> Sequence[bytes]:
        return self._take() or await self._wait_and_take()

    def _take(self) -> list[bytes]:
        return self._store.execute([TakeInbox(self.inbox, self._reads.limit)])[0]

    async def _wait_and_take(self) -> list[bytes]:
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def notice() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived.set)

        with self._store.watching(self.inbox, notice):
            entries = self._take()  # what came before the watch began
            if entries:
                return entries
            timer = loop.call_later(WAIT_SECONDS, arrived.set)
            try:
                await arrived.wait()
            finally:
                timer.cancel()
        return self._take()
