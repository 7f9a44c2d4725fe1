"""One process's store: executes operations under a lock, and tells who waits."""

import threading
import time
from collections.abc import Callable, Sequence

from ..operations import (
    CloseInbox,
    Count,
    Drop,
    Join,
    Lease,
    Leave,
    Marks,
    Members,
    Operation,
    Push,
    PushInbox,
    PutBack,
    Renew,
    Statistics,
    Take,
    TakeInbox,
)
from .groups import Groups
from .queues import Queues


class Store:
    """Executes operations for any number of threads. `clock` returns seconds."""

    def __init__(self, expiry: float, group_expiry: float, clock: Callable[[], float] = time.time) -> None:
        self._options = expiry, group_expiry
        self._clock = clock
        self._changed = threading.Condition()
        self._listeners: dict[str, Callable[[], None]] = {}
        self._leases: set[str] = set()
        self._start()

    def execute(self, operations: Sequence[Operation]) -> list[object]:
        """Execute in order, as one step; one result each."""
        with self._changed:
            now = self._clock()
            results = [self._execute(operation, now) for operation in operations]
            self._changed.notify_all()
        for operation in operations:
            if isinstance(operation, PushInbox) and operation.inbox in self._listeners:
                self._listeners[operation.inbox]()
        return results

    def wait(
        self,
        channels: Sequence[str],
        inboxes: Sequence[str],
        seconds: float,
        is_woken: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wait until something is in any of these, `is_woken` holds, or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: is_woken() or self._queues.has_entries(channels, inboxes), seconds)

    def wake(self) -> None:
        """Let everybody who waits look again."""
        with self._changed:
            self._changed.notify_all()

    def listen(self, inbox: str, listener: Callable[[], None] | None) -> None:
        """Call `listener`, in the pusher's thread, after each push to an inbox; None ends that."""
        with self._changed:
            self._listeners.pop(inbox, None)
            if listener is not None:
                self._listeners[inbox] = listener

    def flush(self) -> None:
        """Forget everything but who waits."""
        with self._changed:
            self._start()

    def counted_channels(self) -> list[str]:
        """Return the names that have counters."""
        with self._changed:
            return self._queues.counted_channels

    def _start(self) -> None:
        expiry, group_expiry = self._options
        self._queues = Queues(expiry)
        self._groups = Groups(group_expiry)
        self._leases.clear()

    def _execute(self, operation: Operation, now: float) -> object:
        match operation:
            case Push():
                return self._queues.push(operation, now)
            case Take():
                return self._queues.take(operation, now)
            case PushInbox():
                return self._queues.push_inbox(operation)
            case TakeInbox():
                return self._queues.take_inbox(operation)
            case PutBack():
                self._queues.put_back(operation)
            case Drop(channel):
                self._queues.drop(channel)
            case Count(channel, counter, amount):
                self._queues.count(channel, counter, amount)
            case Statistics(channel):
                return self._queues.state(channel, now)
            case _:
                return self._execute_for_groups(operation, now)
        return None

    def _execute_for_groups(self, operation: Operation, now: float) -> object:
        match operation:
            case Join():
                self._groups.join(operation, now)
            case Leave():
                self._groups.leave(operation)
            case Renew():
                return self._groups.renew(operation, now)
            case Marks(group):
                return self._groups.marks(group, now)
            case Members(group, inbox):
                return self._groups.members(group, inbox)
            case Lease(inbox):
                was_known = inbox in self._leases
                self._leases.add(inbox)
                return was_known
            case CloseInbox(inbox):
                self._leases.discard(inbox)
                self._queues.close_inbox(inbox)
            case _:
                raise TypeError(f"unknown operation {operation!r}")
        return None
