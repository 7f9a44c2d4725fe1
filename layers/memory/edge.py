"""The event loop's side of memory: pushes from other threads wake the loop."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from ..capacity import Capacities
from ..edge import BaseEdge
from ..entries import EntryCodec
from ..operations import INBOX_READ, Operation, TakeInbox
from .store import Store

#: How long one read of the inbox waits, in seconds.
WAIT_SECONDS = 5.0


class MemoryEdge(BaseEdge):
    """See `BaseEdge`."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, store: Store) -> None:
        super().__init__(codec, capacities)
        self._store = store
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        """Announce the inbox, and listen to it from the running loop."""
        loop = asyncio.get_running_loop()
        self._store.listen(self.inbox, lambda: _call_in(loop, self._arrived.set))
        await super().open()

    async def close(self) -> None:
        """Take the inbox and its marks out of the store."""
        self._store.listen(self.inbox, None)
        await super().close()

    async def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        return self._store.execute(operations)

    async def _read_inbox(self) -> Sequence[bytes]:
        self._arrived.clear()
        entries = self._take()
        if not entries:
            try:
                await asyncio.wait_for(self._arrived.wait(), WAIT_SECONDS)
            except asyncio.TimeoutError:
                return ()
            entries = self._take()
        return entries

    def _take(self) -> Sequence[bytes]:
        return cast("list[bytes]", self._store.execute([TakeInbox(self.inbox, INBOX_READ)])[0])


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call back in the loop; a loop that has ended has nobody left to tell."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)
