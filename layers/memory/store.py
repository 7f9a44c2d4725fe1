"""The store of one memory layer: what Redis is for the other one. One lock, and one condition to wait on."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

from ..operations.delays import AddDue, DeliverDue
from ..operations.in_flight import Acknowledge, Requeue
from ..operations.inboxes import CloseInbox, PushInbox
from ..operations.operation import Operation, Result
from ..operations.queues import UNLIMITED, Count, Drop, Postpone, Push
from ..operations.schedules import Fire
from ..operations.wills import PushWills
from .delays import Delays, Firing
from .groups import Groups
from .histories import Histories
from .in_flight import NumberedWrites, Records
from .inboxes import Inboxes
from .leases import Leases
from .part import Part
from .pauses import Pauses
from .queues import Queues
from .wills import KnownWills

Found = TypeVar("Found")

#: Operations after which a waiting reader may find something.
_ARRIVALS = (Push, Postpone, PushInbox, PushWills, Requeue, AddDue, DeliverDue, Fire)


class Store:
    """Executes operations, from any thread. `clock` counts seconds."""

    def __init__(self, expiry: float, group_expiry: float, clock: Callable[[], float] = monotonic) -> None:
        self._changed = threading.Condition()
        self._watchers: dict[str, Callable[[], None]] = {}
        self._queues = Queues(clock, expiry)
        self._inboxes = Inboxes(clock, expiry, self._call_watcher)
        self._groups = Groups(clock, group_expiry)
        self._histories = Histories(clock, self._groups)
        self._leases = Leases(clock)
        self._wills = KnownWills()
        self._records = Records(self._queues, self._leases.owners)
        self._writes = NumberedWrites(self._queues, self._wills, self._records)
        self._delays = Delays(clock, self._queues, self._inboxes, self._records)
        self._firing = Firing(self._queues)
        self._pauses = Pauses(clock)
        self._parts: tuple[Part, ...] = (
            *(self._queues, self._inboxes, self._groups, self._histories, self._leases, self._wills),
            *(self._records, self._writes, self._delays, self._firing, self._pauses),
        )
        self._executors: dict[type, Callable[[Any], Any]] = {
            kind: execute for part in self._parts for kind, execute in part.executors.items()
        }
        # These change several parts.
        self._executors |= {
            PushInbox: self._push_inbox,
            CloseInbox: self._close_inbox,
            PushWills: self._push_wills,
        }

    def execute(self, operations: Sequence[Operation[Result]]) -> list[Result]:
        """Execute all in order, with nothing in between; one result each."""
        with self._changed:
            results = [self._executors[type(operation)](operation) for operation in operations]
            if any(isinstance(operation, _ARRIVALS) for operation in operations):
                self._changed.notify_all()
        return results

    def wait_for(self, find: Callable[[], Found | None], seconds: float) -> Found | None:
        """Call `find` now, and again after every arrival or `wake`, until it finds something or `seconds` are over."""
        deadline = monotonic() + seconds
        with self._changed:
            while (found := find()) is None:
                left = deadline - monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
        return found

    def wake(self) -> None:
        """Wake all waiting threads."""
        with self._changed:
            self._changed.notify_all()

    @contextmanager
    def watching(self, inbox: str, notice: Callable[[], None]) -> Iterator[None]:
        """Call `notice`, in the thread that writes, when something comes into an empty inbox. It must not block."""
        with self._changed:
            self._watchers[inbox] = notice
        try:
            yield
        finally:
            with self._changed:
                del self._watchers[inbox]

    def counted(self) -> list[str]:
        """Name the channels and inboxes that have counters."""
        with self._changed:
            return list(self._queues.counted())

    def flush(self) -> None:
        """Forget everything."""
        with self._changed:
            for part in self._parts:
                part.clear()

    def _push_wills(self, push: PushWills) -> int:
        if not self._queues.has_room(push.channel, push.capacity):
            return 0
        left = [(local, body) for local, body in push.events if self._wills.has(push.inbox, local)]
        self._queues.push(Push(push.channel, [body for _, body in left], UNLIMITED))
        for local, _ in left:
            self._wills.register(push.inbox, local, b"")
        return len(push.events)

    def _push_inbox(self, push: PushInbox) -> int:
        refused = self._inboxes.push(push)
        if push.settles is not None:
            self._records.acknowledge(Acknowledge(*push.settles))
        if refused:
            self._queues.count(Count(push.inbox, "full", refused))
        return refused

    def _close_inbox(self, close: CloseInbox) -> None:
        self._inboxes.close(close)
        self._queues.drop(Drop(close.inbox))

    def _call_watcher(self, inbox: str) -> None:
        notice = self._watchers.get(inbox)
        if notice is not None:
            notice()
