"""A worker thread's reader of Redis, on a connection of its own. It waits for a wakeup, never for a message: every
message is taken by the script that records it."""

from collections.abc import Sequence
from functools import lru_cache

from ..entries import EntryCodec
from ..errors import LayerUnavailable, PartlyRefused
from ..exchange import BaseReader, Waiting
from ..keys import Keys
from ..operations.operation import AnyOperation
from ..operations.queues import Batch, Take
from ..sending import Sender
from .client import MARGIN_SECONDS, Client
from .in_flight_commands import HEAD_BYTES, head_of

#: Waits are kept by the order of their channels and what may be taken from each.
KEPT_WAITS = 64
#: The longest time without an answer, in seconds: above the longest wait (5 s). After it, the connection is replaced.
READER_TIMEOUT_SECONDS = 8.0


class RedisReader(BaseReader):
    """See `BaseReader`. `wake` may be called from any thread; everything else from the owner's."""

    def __init__(self, channels: Sequence[str], codec: EntryCodec, sender: Sender, client: Client, keys: Keys) -> None:
        super().__init__(channels, codec, sender)
        self._client = client
        self._wakeups = {channel: keys.wakeup(channel) for channel in self._channels}
        self._connection = client.new_connection(READER_TIMEOUT_SECONDS)
        #: Where messages come one at a time, the same wait follows each: it is packed once.
        self._packed_wait = lru_cache(maxsize=KEPT_WAITS)(self._pack_wait)
        #: Redis's id of the connection; None: to be asked for.
        self._connection_id: int | None = None
        self._is_waiting = False
        #: What is taken when the wait has ended.
        self._last_take = Take((), ())

    def wake(self) -> None:
        """End a wait of the owner as if its time were up. A wakeup that was popped before is still delivered.

        Raises:
            LayerUnavailable: Redis is unavailable; the owner's wait has ended then, or soon will.
        """
        connection_id = self._connection_id
        if self._is_waiting and connection_id is not None:
            self._client.call("CLIENT", "UNBLOCK", connection_id)

    def close(self) -> None:
        """Write settlements that are still kept, and close the connection."""
        try:
            super().close()
        finally:
            self._connection.disconnect()

    def _execute(self, operations: Sequence[AnyOperation], then: Waiting | None = None) -> Sequence[object]:
        try:
            if then is None:
                return self._client.execute(operations, self._connection)
            return self._execute_and_wait(operations, then)
        except LayerUnavailable:
            self._connection_id = None  # another connection may follow
            raise

    def _execute_and_wait(self, operations: Sequence[AnyOperation], then: Waiting) -> Sequence[object]:
        """Write operations, a wait for a wakeup, and a take: Redis begins with each when it has done the one before."""
        if self._connection_id is None:
            self._client.load_scripts(self._connection)
            self._connection_id = self._client.call("CLIENT", "ID", connection=self._connection)
        take = then.take
        packed = self._packed_wait(take.channels, take.counts, then.seconds)
        self._last_take = Take(take.channels, take.counts, self.name, take.number, has_waited=True)
        self._is_waiting = True
        try:
            return self._client.execute_before(operations, with_number(packed, take.number), self._connection)
        except PartlyRefused:
            self.wake()
            self._waited()  # a batch that it took is in flight, and is returned by the next take
            raise
        except LayerUnavailable:
            self._is_waiting = False
            raise

    def _pack_wait(self, channels: Sequence[str], counts: Sequence[int], seconds: float) -> bytes:
        """Return the bytes of a wait and of the take behind it; the number in the last argument is 0."""
        take = Take(channels, counts, self.name, has_waited=True)
        wakeups = [self._wakeups[channel] for channel in channels]
        longest = min(self._client.longest_wait_seconds, READER_TIMEOUT_SECONDS - MARGIN_SECONDS)
        wait = "BLPOP", *wakeups, min(seconds, longest)
        return self._client.packed_wait(wait, take)

    def _waited(self) -> Batch | None:
        try:
            batch = self._client.execute_after_wait(self._last_take, self._connection)
        except LayerUnavailable:
            self._connection_id = None
            raise
        finally:
            self._is_waiting = False
        return batch


def with_number(packed: bytes, number: int) -> bytes:
    """Return a packed take whose last argument, the head of the record, has `number` instead of 0."""
    return b"%b%b\r\n" % (packed[: -HEAD_BYTES - 2], head_of(number))
