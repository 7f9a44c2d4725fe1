"""Inboxes. Means the same as the scripts of the Redis layer; its owner holds the lock."""

from collections import deque
from collections.abc import Callable

from ..entries import REFUSABLE
from ..operations.inboxes import CloseInbox, PushInbox, TakeInbox
from .batches import pop_batch
from .expiring import Expiring
from .part import Executors


class Inboxes:
    """Every inbox's entries.

    `notice` is called with an inbox's name when the first entry comes into it.
    """

    def __init__(self, clock: Callable[[], float], expiry_seconds: float, notice: Callable[[str], None]) -> None:
        self._life = expiry_seconds + 1
        self._notice = notice
        self._entries: Expiring[deque[bytes]] = Expiring(clock, deque)
        self.executors: Executors = {TakeInbox: self.take}

    def push(self, push: PushInbox) -> int:
        """Append entries, but no deliveries and group messages above the capacity; return how many were refused."""
        inbox = self._entries.touch(push.inbox, self._life)
        was_empty = not inbox
        refused = 0
        for entry in push.entries:
            if len(inbox) >= push.capacity and entry[:1] in REFUSABLE:
                refused += 1
            else:
                inbox.append(entry)
        if was_empty and inbox:
            self._notice(push.inbox)
        return refused

    def take(self, take: TakeInbox) -> list[bytes]:
        """Take entries, oldest first."""
        inbox = self._entries.get(take.inbox)
        return pop_batch(inbox, take.limit) if inbox else []

    def length(self, inbox: str) -> int:
        """Count the entries of an inbox."""
        return len(self._entries.get(inbox) or ())

    def close(self, close: CloseInbox) -> None:
        """Forget an inbox."""
        self._entries.pop(close.inbox)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
