"""Channels and their counters. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

from ..entries import HEADER, is_expired, sent_at
from ..operations.queues import Batch, ChannelState, Count, Drop, Push, Statistics, Take
from .batches import pop_batch
from .expiring import Expiring
from .part import Executors

#: Counters live this long after their last change, in seconds: a day.
COUNTS_SECONDS = 86_400
#: A queue outlives its messages by this and another expiry, in seconds, so that a late worker counts and settles them.
GRACE_SECONDS = 60


class Queues:
    """Every channel's entries and counters. Counters of inboxes are here too."""

    def __init__(self, clock: Callable[[], float], expiry_seconds: float) -> None:
        self._clock = clock
        self._expiry = expiry_seconds
        self._life = 2 * expiry_seconds + GRACE_SECONDS
        self._entries: Expiring[deque[bytes]] = Expiring(clock, deque)
        self._counters: Expiring[Counter[str]] = Expiring(clock, Counter)
        self.executors: Executors = {Drop: self.drop, Statistics: self.statistics}

    def counted(self) -> Iterator[str]:
        """Name the channels and inboxes that have counters."""
        return iter(self._counters)

    def push(self, push: Push) -> int:
        """Append up to the capacity; return how many were accepted."""
        now = self._clock()
        waiting = self._entries.get(push.channel) or deque()
        expired = self._give_up_expired(waiting, push, now)
        accepted = max(0, min(len(push.bodies), push.capacity - len(waiting)))
        if accepted:
            header = HEADER.pack(now, now + self._expiry)
            queue = self._entries.touch(push.channel, self._life)
            queue.extend(header + body for body in push.bodies[:accepted])
        self._add(push.channel, {"expired": expired, "sent": accepted, "full": len(push.bodies) - accepted})
        return accepted

    def take(self, take: Take) -> Batch | None:
        """Take entries from the first channel that has any."""
        for channel, count in zip(take.channels, take.counts, strict=True):
            queue = self._entries.get(channel)
            if queue:
                entries = pop_batch(queue, count)
                if not queue:
                    self._entries.pop(channel)
                return Batch(channel, self._clock(), entries)
        return None

    def entries(self, channel: str) -> list[bytes]:
        """Return a channel's entries without taking them."""
        return list(self._entries.get(channel) or ())

    def has_room(self, channel: str, capacity: int) -> bool:
        """Return whether a channel holds fewer than `capacity` entries, without expired ones."""
        waiting = self._entries.get(channel) or deque()
        expired = self._give_up_expired(waiting, Push(channel, [b""], capacity), self._clock())
        self._add(channel, {"expired": expired})
        return len(waiting) < capacity

    def now(self) -> float:
        """Return the store's time in seconds."""
        return self._clock()

    def put_back(self, channel: str, entries: Sequence[bytes]) -> None:
        """Requeue entries at the front, the first one foremost."""
        if entries:
            self._entries.touch(channel, self._life).extendleft(reversed(entries))

    def drop(self, drop: Drop) -> None:
        """Forget a channel."""
        self._entries.pop(drop.channel)
        self._counters.pop(drop.channel)

    def count(self, count: Count) -> None:
        """Add to a counter."""
        self._add(count.channel, {count.counter: count.amount})

    def statistics(self, statistics: Statistics) -> ChannelState:
        """Read the counters and the queue."""
        queue = self._entries.get(statistics.channel)
        counters = dict(self._counters.get(statistics.channel) or {})
        if not queue:
            return ChannelState(counters, 0, 0.0)
        return ChannelState(counters, len(queue), max(0.0, self._clock() - sent_at(queue[0])))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counters.clear()

    def _give_up_expired(self, waiting: deque[bytes], push: Push, now: float) -> int:
        """Make room in a full queue, so that expired messages do not refuse new ones; return how many were dropped."""
        before = len(waiting)
        while waiting and len(waiting) + len(push.bodies) > push.capacity and is_expired(waiting[0], now):
            waiting.popleft()
        return before - len(waiting)

    def _add(self, channel: str, amounts: dict[str, int]) -> None:
        counters = self._counters.touch(channel, COUNTS_SECONDS)
        for name, amount in amounts.items():
            if amount:
                counters[name] += amount
