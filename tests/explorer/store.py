"""The real memory store, in states: its content is set, operations are executed, the content is read again.

The clock of the store does not advance. The effects of time are changes of the content: a lease expires, a claim ends.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from towpath.layers.contract import Envelope
from towpath.layers.entries import EntryCodec
from towpath.layers.memory.store import Store
from towpath.layers.names import split_local
from towpath.layers.operations.in_flight import CountLost, Record
from towpath.layers.operations.leases import LeaseTimes
from towpath.layers.operations.queues import Postpone, Push, Take
from towpath.layers.operations.wills import PushWills, StoredWill
from towpath.layers.protocol import DISCONNECT

from .frozen import freeze, thaw

#: The time of the store, and the time when its content expires, in seconds.
NOW, FAR = 1000.0, 1e9
#: The time when expired owners were noticed: long ago, so that a visit buries an inbox when nothing is left to do.
GRAVE_AT = NOW - 60.0
TIMES = LeaseTimes()
EXPIRY_SECONDS = 60.0

#: The key of a message that counts its attempts.
RETRIES_KEY = "__retries__"

Content = tuple[Any, ...]


class Sent(NamedTuple):
    """A message of a connection. `number` is its turn, or 0 for its `websocket.disconnect`."""

    local: str
    number: int
    attempt: int


@dataclass(frozen=True)
class Effect:
    """A change that invariants are about: messages were `accepted` by a queue, or `counted` as lost."""

    kind: str
    messages: tuple[Sent, ...]


def sent(envelope: Envelope) -> Sent:
    """Return the message of an envelope."""
    _, local = split_local(envelope.content["reply_channel"])
    number = 0 if envelope.channel == DISCONNECT else envelope.turn or 0
    return Sent(local, number, envelope.content.get(RETRIES_KEY, 0))


class StoreStates:
    """A store that can be put into any state."""

    def __init__(self, store_type: type[Store] = Store) -> None:
        self.store = store_type(EXPIRY_SECONDS, 86_400.0, lambda: NOW)
        self.store._leases._tombstones._new = lambda: [GRAVE_AT]
        self.codec = EntryCodec()
        self._messages: dict[tuple[str, bytes], Sent] = {}
        #: Parts of contents: equal ones are one object, for memory.
        self._shared: dict[Any, Any] = {}

    def empty(self) -> Content:
        """Return the content of an empty store."""
        self.store.flush()
        return self._content()

    def execute(self, content: Content, operations: Any) -> tuple[Content, Any, tuple[Effect, ...]]:
        """Execute frozen operations in a state; return the next state, frozen results, and effects."""
        thawed = [thaw(operation) for operation in operations]
        self._fill(content)
        before = self._waiting() if any(isinstance(each, Push | Postpone | PushWills) for each in thawed) else None
        counted = [effect for each in thawed if isinstance(each, CountLost) for effect in self._counted(each)]
        results = self.store.execute(thawed)
        effects = list(counted)
        if before is not None:
            new = tuple(sorted((self._waiting() - before).elements()))
            effects += [Effect("accepted", new)] if new else []
        return self._content(), freeze(results), tuple(effects)

    def message(self, channel: str, entry: bytes) -> Sent:
        """Return the message of a queue entry."""
        found = self._messages.get((channel, entry))
        if found is None:
            found = self._messages[channel, entry] = sent(self.codec.open_queue_entry(channel, entry))
        return found

    def _waiting(self) -> Counter[Sent]:
        items = self.store._queues._entries._items
        return Counter(self.message(channel, entry) for channel, (entries, _) in items.items() for entry in entries)

    def _counted(self, count: CountLost) -> Iterator[Effect]:
        record = self.store._records._seized.get(count.reader)
        if record is not None:
            yield Effect("counted", tuple(self.message(record.channel, entry) for entry in record.entries))

    def _fill(self, content: Content) -> None:
        queues, lost, inboxes, lives, wills, records, writes = content
        store = self.store
        store._queues._entries._items = {name: (deque(entries), FAR) for name, entries in queues}
        store._queues._counters._items = {name: (Counter({"lost": count}), FAR) for name, count in lost}
        store._inboxes._entries._items = {name: (deque(entries), FAR) for name, entries in inboxes}
        living, dead, graves = lives
        store._leases._held = {owner: FAR if is_held else NOW for owner, is_held in living}
        store._leases._expired = {owner: NOW if is_due else FAR for owner, is_due in dead}
        store._leases._tombstones._items = {owner: ([GRAVE_AT], FAR) for owner in graves}
        store._leases._renewed_at = NOW
        store._wills._wills = {inbox: {each[0]: StoredWill(*each) for each in found} for inbox, found in wills}
        self._fill_records(records, writes)

    def _fill_records(self, records: Content, writes: Content) -> None:
        unsettled, settled, seized, registered = records
        parts = self.store._records
        parts._records = {reader: Record(*record) for reader, record in unsettled}
        parts._settled = dict(settled)
        parts._seized = {reader: Record(*record) for reader, record in seized}
        parts._registered = dict.fromkeys(registered, NOW)
        known, fenced = writes
        self.store._writes._known = {writer: dict(last) for writer, last in known}
        self.store._writes._fenced = set(fenced)

    def _content(self) -> Content:
        store = self.store
        queues = tuple(
            sorted((name, tuple(entries)) for name, (entries, _) in _items(store._queues._entries) if entries)
        )
        counters = ((name, counts["lost"]) for name, (counts, _) in _items(store._queues._counters))
        lost = tuple(sorted((name, count) for name, count in counters if count))
        inboxes = tuple(sorted((name, tuple(found)) for name, (found, _) in _items(store._inboxes._entries) if found))
        lives = (
            tuple(sorted((owner, until > NOW) for owner, until in store._leases._held.items())),
            tuple(sorted((owner, since <= NOW) for owner, since in store._leases._expired.items())),
            tuple(sorted(store._leases._tombstones._items)),
        )
        wills = tuple(
            sorted((inbox, tuple(sorted(map(tuple, found.values())))) for inbox, found in store._wills._wills.items())
        )
        writes = (
            tuple(sorted((writer, tuple(sorted(last.items()))) for writer, last in store._writes._known.items())),
            tuple(sorted(store._writes._fenced)),
        )
        parts = queues, lost, inboxes, lives, wills, self._records_content(), writes
        return tuple([self._shared.setdefault(part, part) for part in parts])

    def _records_content(self) -> Content:
        parts = self.store._records
        return (
            tuple(sorted((reader, self._record(reader, record)) for reader, record in parts._records.items())),
            tuple(sorted(parts._settled.items())),
            tuple(sorted((reader, _frozen(record)) for reader, record in parts._seized.items())),
            tuple(sorted(parts._registered)),
        )

    def _record(self, reader: str, record: Record) -> Content:
        """Return a record, without its entries if it is settled: they are not read any more."""
        is_settled = self.store._records._settled.get(reader, 0) >= record.number
        return _frozen(record._replace(entries=()) if is_settled else record)


def take_of(operations: Sequence[Any], content: Content) -> list[Sequence[Any]]:
    """Return the operations, once for each channel that holds messages for their take: any may be the first."""
    for position, operation in enumerate(operations):
        if isinstance(operation, tuple) and operation[0] is Take:
            take = thaw(operation)
            full = [name for name, _ in content[0] if name in take.channels]
            if len(full) < 2:
                return [operations]
            count = dict(zip(take.channels, take.counts, strict=True))
            takes = [freeze(replace(take, channels=(name,), counts=(count[name],))) for name in full]
            return [(*operations[:position], each, *operations[position + 1 :]) for each in takes]
    return [operations]


def lease_over(content: Content, owner: str) -> Content:
    """Return the content after the lease of an owner has expired; all others have been renewed."""
    living, dead, graves = content[3]
    living = tuple((name, is_held and name != owner) for name, is_held in living)
    return (*content[:3], (living, dead, graves), *content[4:])


def claims_over(content: Content) -> Content:
    """Return the content after all claims have expired."""
    living, dead, graves = content[3]
    return (*content[:3], (living, tuple((name, True) for name, _ in dead), graves), *content[4:])


def _items(expiring: Any) -> Iterator[tuple[str, Any]]:
    return iter(expiring._items.items())


def _frozen(record: Record) -> Content:
    return record.channel, tuple(record.entries), record.number
