"""In-flight records and numbered writes. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from collections.abc import Callable, Sequence

from ..operations.in_flight import (
    REGISTERED_SECONDS,
    Acknowledge,
    BatchId,
    CloseReader,
    CountLost,
    InFlight,
    Outstanding,
    Record,
    Register,
    Requeue,
    Seize,
    Source,
)
from ..operations.queues import ENDED, FENCED, UNLIMITED, Batch, Count, Fence, Postpone, Push, Take
from .part import Executors
from .queues import Queues
from .wills import KnownWills

#: Above the number of every batch.
LAST_NUMBER = 2**53


class Records:
    """The last batch of each reader, and the settled part of it."""

    def __init__(self, queues: Queues, owners: Callable[[], Sequence[str]]) -> None:
        """`owners` returns the readers and inboxes that hold a lease, or have expired and are not cleaned up yet."""
        self._queues = queues
        self._owners = owners
        self._records: dict[str, Record] = {}
        self._settled: dict[str, int] = {}
        self._seized: dict[str, Record] = {}
        self._registered: dict[str, float] = {}
        self.executors: Executors = {
            Take: self.take,
            Register: self.register,
            Acknowledge: self.acknowledge,
            InFlight: self.in_flight,
            Requeue: self.requeue,
            Seize: self.seize,
            CountLost: self.count_lost,
            CloseReader: self.close_reader,
            Outstanding: self.outstanding,
        }

    def take(self, take: Take) -> Batch | None:
        """Take a batch, or return the one that was taken under this number."""
        reader = take.reader
        if reader is None:
            return self._queues.take(take)
        known = self._records.get(reader)
        if known is not None and known.number == LAST_NUMBER:
            return ENDED
        if known is not None and known.number >= take.number:
            return Batch(known.channel, self._queues.now(), known.entries) if known.entries else None
        if self._unsettled(reader) is not None:
            return None
        batch = self._queues.take(take)
        if batch is not None:
            self._records[reader] = Record(batch.channel, batch.entries, take.number)
        return batch

    def register(self, register: Register) -> None:
        """Make a reader known."""
        self._registered[register.reader] = self._queues.now()

    def acknowledge(self, acknowledge: Acknowledge) -> None:
        """Settle a batch."""
        self._settled[acknowledge.reader] = acknowledge.number

    def in_flight(self, in_flight: InFlight) -> Record | None:
        """Return a record that holds entries."""
        record = self._records.get(in_flight.reader)
        return record if record is not None and record.entries else None

    def requeue(self, requeue: Requeue) -> bool:
        """Move entries from a record into their queue."""
        record = self._unsettled(requeue.reader)
        if record is None or record.number != requeue.number:
            return False
        if requeue.entries and requeue.entries[0] not in record.entries:
            return False
        self._queues.put_back(requeue.channel, requeue.entries)
        if requeue.stay:
            self._records[requeue.reader] = record._replace(entries=requeue.stay)
        else:
            self._settled[requeue.reader] = requeue.number
        return True

    def remove(self, source: Source) -> bool:
        """Take one entry out of a record; return whether it was there."""
        reader, number = source.batch
        record = self._unsettled(reader)
        if record is None or record.number != number or source.raw not in record.entries:
            return False
        entries = list(record.entries)
        entries.remove(source.raw)
        self._records[reader] = record._replace(entries=entries)
        if not entries:
            self._settled[reader] = number
        return True

    def seize(self, seize: Seize) -> Record | None:
        """Take a record away from its reader, and end the reader's name."""
        if seize.reader not in self._seized:
            record = self._unsettled(seize.reader)
            if record is not None and record.entries:
                self._seized[seize.reader] = record
            self._records[seize.reader] = Record("", (), LAST_NUMBER)
        return self._seized.get(seize.reader)

    def count_lost(self, count: CountLost) -> None:
        """Remove a seized batch, and count its entries as lost."""
        if self._seized.pop(count.reader, None) is not None:
            self._queues.count(Count(count.channel, "lost", count.amount))

    def close_reader(self, close: CloseReader) -> Record | None:
        """Forget a record, if the reader has seen it."""
        record = self._unsettled(close.reader)
        if record is not None and record.entries and record.number > close.number:
            return record
        self._records[close.reader] = Record("", (), LAST_NUMBER)
        self._settled.pop(close.reader, None)
        self._registered.pop(close.reader, None)
        return None

    def outstanding(self, outstanding: Outstanding) -> list[Record]:
        """Return the queues and the unsettled records."""
        queued = [Record(channel, self._queues.entries(channel)) for channel in outstanding.channels]
        since = self._queues.now() - REGISTERED_SECONDS
        known = [reader for reader, registered_at in self._registered.items() if registered_at >= since]
        readers = list(dict.fromkeys([*self._owners(), *known]))
        records = [self._unsettled(reader) for reader in readers]
        found = [*queued, *records, *map(self._seized.get, readers)]
        return [record for record in found if record is not None and record.entries]

    def is_settled(self, batch: BatchId) -> bool:
        """Return whether a batch is settled."""
        return self._settled.get(batch.reader, 0) >= batch.number

    def clear(self) -> None:
        """Forget everything."""
        for part in (self._records, self._settled, self._seized, self._registered):
            part.clear()

    def _unsettled(self, reader: str) -> Record | None:
        record = self._records.get(reader)
        return record if record is not None and record.number > self._settled.get(reader, 0) else None


class NumberedWrites:
    """Pushes and counts that are executed once for each number of their writer."""

    def __init__(self, queues: Queues, wills: KnownWills, records: Records) -> None:
        self._queues = queues
        self._wills = wills
        self._records = records
        #: By writer: the number and result of the last write to each channel or counter.
        self._known: dict[str, dict[str, tuple[int, int]]] = {}
        self._fenced: set[str] = set()
        self.executors: Executors = {
            Push: self.push,
            Postpone: self.postpone,
            Count: self.count,
            Fence: self.fence,
        }

    def push(self, push: Push) -> int:
        """Append up to the capacity; return how many were accepted."""
        if push.number is None:
            return self._queues.push(push)
        writer, number = push.number
        if writer in self._fenced:
            return FENCED
        known = self._known.setdefault(writer, {})
        last, accepted = known.get(push.channel, (0, 0))
        if last < number:
            accepted = self._queues.push(push)
            known[push.channel] = number, accepted
            for local, will in push.wills[:accepted]:
                self._wills.register(writer, local, will)
        return accepted

    def postpone(self, postpone: Postpone) -> bool:
        """Move a message from its record into its queue, with a new body."""
        writer, number = postpone.number
        known = self._known.setdefault(writer, {})
        if known.get(postpone.channel, (0, 0))[0] >= number:
            return True
        if not self._records.remove(postpone.source):
            return False
        self._queues.push(Push(postpone.channel, [postpone.body], UNLIMITED))
        known[postpone.channel] = number, 1
        return True

    def count(self, count: Count) -> None:
        """Add to a counter."""
        if count.number is not None:
            writer, number = count.number
            known = self._known.setdefault(writer, {})
            name = f"{count.channel}:{count.counter}"
            if known.get(name, (0, 0))[0] >= number:
                return
            known[name] = number, 0
        self._queues.count(count)

    def fence(self, fence: Fence) -> None:
        """Refuse the pushes of a writer from now on."""
        self._fenced.add(fence.writer)
        self._known.pop(fence.writer, None)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._fenced.clear()
