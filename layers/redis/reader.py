"""A worker thread's reader of Redis: one connection of its own, BLPOP only when nothing is waiting."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..entries import EntryCodec, sent_at
from ..errors import LayerUnavailable
from ..exchange import BaseReader
from ..keys import Keys
from ..lives import Hold
from ..operations import Batch, Operation
from ..sending import Sender
from .client import Client, read_answer

logger = logging.getLogger(__name__)


class RedisReader(BaseReader):
    """See `BaseReader`. `wake` may be called from any thread; everything else from the owner's."""

    def __init__(self, channels: Sequence[str], codec: EntryCodec, sender: Sender, client: Client, keys: Keys) -> None:
        super().__init__(channels, codec, sender)
        self._client = client
        self._channels_by_key = {keys.queue(channel).encode(): channel for channel in self._channels}
        self._keys_by_channel = {channel: key for key, channel in self._channels_by_key.items()}
        self._connection = client.new_connection()
        #: Redis's id of the connection; None: to be asked for.
        self._connection_id: int | None = None
        self._is_waiting = False
        #: A record of what was taken is on its way, and its answer not read yet.
        self._is_holding = False

    def wake(self) -> None:
        """End a wait of the owner as if its time were up. What was popped before is still delivered.

        Raises:
            LayerUnavailable: Redis is away; the owner's wait has ended then, or soon will.
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

    def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        with self._new_when_lost():
            if self._is_holding:
                self._read_held()
            return self._client.execute(operations, self._connection)

    def _wait(self, channels: Sequence[str], seconds: float) -> Batch | None:
        keys = [self._keys_by_channel[channel] for channel in channels]
        answer = self._blocking_pop(keys, min(seconds, self._client.longest_wait_seconds))
        if not isinstance(answer, list):
            return None
        key, entry = answer
        channel = self._channels_by_key[key]
        self._hold(channel, entry)
        # It arrived while we waited, so it is not older than its own sending.
        return Batch(channel, sent_at(entry) if len(entry) >= 16 else 0.0, [entry])

    def _blocking_pop(self, keys: Sequence[bytes], seconds: float) -> object:
        """Pop one entry; know under which id Redis knows the connection before the wait begins."""
        with self._new_when_lost():
            if self._connection_id is None:
                self._connection_id = self._client.call("CLIENT", "ID", connection=self._connection)
            self._is_waiting = True
            try:
                return self._client.call("BLPOP", *keys, seconds, connection=self._connection)
            finally:
                self._is_waiting = False

    def _hold(self, channel: str, entry: bytes) -> None:
        """Record what a wait has brought, which pops and cannot record; nobody waits for Redis to have done so."""
        try:
            with self._new_when_lost():
                self._client.post(Hold(self.name, channel, [entry]), self._connection)
                self._is_holding = True
        except LayerUnavailable as error:
            logger.debug("Could not record what was taken: %s", error)  # the next exchange will say so

    def _read_held(self) -> None:
        self._is_holding = False
        with self._client.translated_errors():
            answer = read_answer(self._connection)
        if isinstance(answer, Exception):
            logger.warning("Redis did not record what was taken: %s", answer)

    @contextmanager
    def _new_when_lost(self) -> Iterator[None]:
        """After an error the connection is another one."""
        try:
            yield
        except LayerUnavailable:
            self._connection_id = None
            self._is_holding = False
            raise
