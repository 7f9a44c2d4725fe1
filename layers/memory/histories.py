"""The histories of groups. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ..entries import UNIQUE_BYTES
from ..history.bounds import HistoryBounds
from ..history.positions import Position
from ..operations.groups import Marks
from ..operations.history import NEWEST, Head, HistoryPage, Kept, Publish, Published, ReadHistory, record_seconds
from .expiring import Expiring
from .groups import Groups
from .part import Executors

#: Bytes before the random ones and the body of an entry that count, too: the time, as in Redis.
TIME_BYTES = 8


@dataclass(slots=True)
class Record:
    """The epoch, the newest offset and the messages of one group."""

    epoch: str = ""
    newest: int = 0
    bytes: int = 0
    bounds: HistoryBounds | None = None
    kept: deque[Kept] = field(default_factory=deque)

    def drop_first(self) -> None:
        """Forget the oldest message."""
        self.bytes -= _length(self.kept.popleft())


class Histories:
    """Every group's record, which outlives its messages."""

    def __init__(self, clock: Callable[[], float], groups: Groups) -> None:
        self._clock = clock
        self._groups = groups
        self._records: Expiring[Record] = Expiring(clock, Record)
        self.executors: Executors = {Publish: self.publish, ReadHistory: self.read, Head: self.head}

    def publish(self, publish: Publish) -> Published:
        """Keep a message; list the marks of its group."""
        bounds, now = publish.bounds, self._clock()
        marks = self._groups.marks(Marks(publish.group))
        record = self._record(publish.group, bounds, publish.epoch)
        if publish.is_repeated:
            for known in record.kept:
                if known.entry[:UNIQUE_BYTES] == publish.entry[:UNIQUE_BYTES]:
                    return Published(record.epoch, known.offset, marks)
        record.newest += 1
        record.kept.append(Kept(record.newest, now, publish.entry))
        record.bytes += _length(record.kept[-1])
        while record.kept and (
            len(record.kept) > bounds.messages
            or record.bytes > bounds.bytes
            or record.kept[0].sent_at <= now - bounds.seconds
        ):
            record.drop_first()
        return Published(record.epoch, record.newest, marks)

    def read(self, read: ReadHistory) -> HistoryPage:
        """Read messages."""
        known = self._records.get(read.group)
        bounds = read.bounds or (None if known is None else known.bounds)
        if bounds is None:
            return HistoryPage("", 0, 1, ())
        record = self._record(read.group, bounds, read.epoch)
        while record.kept and record.kept[0].sent_at <= self._clock() - bounds.seconds:
            record.drop_first()
        kept = [known for known in record.kept if known.offset > read.after]
        some = kept[max(0, len(kept) - read.limit) :] if read.after == NEWEST else kept[: read.limit]
        oldest = record.newest - len(record.kept) + 1
        return HistoryPage(record.epoch, record.newest, oldest, some if read.limit else ())

    def head(self, head: Head) -> Position | None:
        """Read the newest offset."""
        record = self._records.get(head.group)
        return None if record is None else Position(record.epoch, record.newest)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()

    def _record(self, group: str, bounds: HistoryBounds, epoch: str) -> Record:
        record = self._records.touch(group, record_seconds(bounds))
        record.epoch, record.bounds = record.epoch or epoch, bounds
        return record


def _length(kept: Kept) -> int:
    return TIME_BYTES + len(kept.entry)
