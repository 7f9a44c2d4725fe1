"""Queues, their counters and inboxes, in memory. Not thread-safe: `Store` holds the lock."""

import math
from collections import Counter, deque
from collections.abc import Sequence

from ..entries import HEADER, REFUSABLE, is_expired, sent_at
from ..operations import Batch, ChannelState, Push, PushInbox, PutBack, Take, TakeInbox

#: Seconds between two looks for queues that nobody reads any more.
SWEEP_SECONDS = 30.0


class Queues:
    """What Redis keeps in lists and hashes. Times are seconds of one clock, given with each call."""

    def __init__(self, expiry: float) -> None:
        self._expiry = expiry
        self._queues: dict[str, deque[bytes]] = {}
        self._inboxes: dict[str, deque[bytes]] = {}
        self._counters: dict[str, Counter[str]] = {}
        self._next_sweep = -math.inf

    @property
    def counted_channels(self) -> list[str]:
        """The names that have counters."""
        return list(self._counters)

    def push(self, push: Push, now: float) -> int:
        """Append up to the capacity, giving up what is too old first; return how many were accepted."""
        self._sweep(now)
        queue = self._queues.setdefault(push.channel, deque())
        while queue and len(queue) + len(push.bodies) > push.capacity and is_expired(queue[0], now):
            queue.popleft()
            self.count(push.channel, "expired", 1)
        accepted = max(0, min(len(push.bodies), push.capacity - len(queue)))
        header = HEADER.pack(now, now + self._expiry)
        queue.extend(header + body for body in push.bodies[:accepted])
        self.count(push.channel, "sent", accepted)
        self.count(push.channel, "full", len(push.bodies) - accepted)
        return accepted

    def take(self, take: Take, now: float) -> Batch | None:
        """Take from the first channel that has entries."""
        for channel, count in zip(take.channels, take.counts, strict=True):
            queue = self._queues.get(channel)
            if queue:
                entries = [queue.popleft() for _ in range(min(count, len(queue)))]
                self._forget_if_empty(self._queues, channel)
                return Batch(channel, now, entries)
        return None

    def put_back(self, put_back: PutBack) -> None:
        """Put entries to the front, the first one foremost."""
        self._queues.setdefault(put_back.channel, deque()).extendleft(reversed(put_back.entries))

    def drop(self, channel: str) -> None:
        """Forget a queue and its counters."""
        self._queues.pop(channel, None)
        self._counters.pop(channel, None)

    def count(self, channel: str, counter: str, amount: int) -> None:
        """Add to a counter; nothing changes by 0."""
        if amount:
            self._counters.setdefault(channel, Counter())[counter] += amount

    def state(self, channel: str, now: float) -> ChannelState:
        """Return a channel's counters and queue."""
        queue = self._queues.get(channel, ())
        age = max(0.0, now - sent_at(queue[0])) if queue else 0.0
        return ChannelState(dict(self._counters.get(channel, {})), len(queue), age)

    def push_inbox(self, push: PushInbox) -> int:
        """Append entries; return how many deliveries and group messages were refused."""
        inbox = self._inboxes.setdefault(push.inbox, deque())
        refused = 0
        for entry in push.entries:
            if len(inbox) >= push.capacity and entry[:1] in REFUSABLE:
                refused += 1
            else:
                inbox.append(entry)
        self.count(push.inbox, "full", refused)
        return refused

    def take_inbox(self, take: TakeInbox) -> list[bytes]:
        """Take up to `count` entries."""
        inbox = self._inboxes.get(take.inbox)
        if inbox is None:
            return []
        entries = [inbox.popleft() for _ in range(min(take.count, len(inbox)))]
        self._forget_if_empty(self._inboxes, take.inbox)
        return entries

    def close_inbox(self, inbox: str) -> None:
        """Forget an inbox."""
        self._inboxes.pop(inbox, None)
        self._counters.pop(inbox, None)

    def has_entries(self, channels: Sequence[str], inboxes: Sequence[str]) -> bool:
        """Tell whether anything waits in any of these."""
        return any(map(self._queues.get, channels)) or any(map(self._inboxes.get, inboxes))

    def _sweep(self, now: float) -> None:
        """Forget queues whose newest entry is long too old: nobody reads them."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_SECONDS
        limit = now - self._expiry - 60
        for channel in [
            channel for channel, queue in self._queues.items() if not queue or is_expired(queue[-1], limit)
        ]:
            del self._queues[channel]

    @staticmethod
    def _forget_if_empty(queues: dict[str, deque[bytes]], name: str) -> None:
        if not queues[name]:
            del queues[name]
