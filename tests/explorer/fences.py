"""The fences of the protocol. Each can be removed: the violation that the explorer finds then shows its purpose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from towpath.layers.contract import Received, Settlement, Taken, Will
from towpath.layers.errors import PartlyRefused
from towpath.layers.memory.in_flight import LAST_NUMBER
from towpath.layers.memory.store import Store
from towpath.layers.operations.in_flight import CloseReader, CountLost, Record, Requeue, Seize
from towpath.layers.operations.inboxes import INBOX_CAPACITY, PushInbox
from towpath.layers.operations.queues import UNLIMITED, Push, Take
from towpath.layers.operations.queues import Fence as FenceWriter
from towpath.layers.operations.wills import ForgetWills, StoredWill
from towpath.layers.reaping import Reaper
from towpath.layers.wills import Wills

from .reapers import ReaperStates
from .scenario import Scenario
from .server_parts import TapedEdge
from .servers import ServerStates
from .store import StoreStates
from .workers import TapedReader, TapedWorker, WorkerStates


class Fence(Enum):
    """A fence; the value is the fault that it prevents."""

    PUSH_NUMBERS = "a push whose answer was lost is executed again"
    TAKE_NUMBERS = "a take whose answer was lost takes other messages"
    SETTLED_FIRST = "a take settles the batch before it, whose settlement was refused"
    REQUEUE_COMPARES = "a requeue is executed again, or after others have counted its messages as lost"
    POSTPONE = "a message that is to run later is queued before its first attempt is settled"
    CLOSE_LOOKS = "a reader that stops deletes a batch that was taken for it late"
    REQUEUE_KEPT = "a requeue that was refused is dropped, though its messages may not be run"
    ENDED_NAMES = "a take is executed after others have looked after what its reader had in flight"
    SEIZE = "a record is read, then deleted: the reader has taken another batch meanwhile"
    LOOKS = "a turn is reported lost because it takes long"
    LEASE_TERMS = "a worker begins what others have counted as lost"
    FENCED_INBOXES = "a server whose lease has expired pushes events behind the wills of its connections"
    WILLS = "wills are published, and taken away later"
    REGISTRATION = "a will is registered with the next renewal"


def _without_push_numbers(store: Store) -> None:
    writes = store._writes

    def push(push: Push) -> int:
        if push.number is not None:
            writes._known.pop(push.number.writer, None)
        return writes.push(push)

    store._executors[Push] = push


def _without_take_numbers(store: Store) -> None:
    records = store._records

    def take(take: Take) -> object:
        if take.reader is not None:
            records._records.pop(take.reader, None)
        return records.take(take)

    store._executors[Take] = take


def _without_settled_first(store: Store) -> None:
    records = store._records

    def take(take: Take) -> object:
        known = records._records.get(take.reader or "")
        if known is not None and known.number < take.number:
            records._settled[take.reader or ""] = known.number
        return records.take(take)

    store._executors[Take] = take


def _without_requeue_compares(store: Store) -> None:
    def requeue(requeue: Requeue) -> bool:
        if not store._records.requeue(requeue):
            store._queues.put_back(requeue.channel, requeue.entries)
        return True

    store._executors[Requeue] = requeue


def _without_ended_names(store: Store) -> None:
    records = store._records

    def seize(seize: Seize) -> Record | None:
        record = records._unsettled(seize.reader)
        if seize.reader not in records._seized and record is not None and record.entries:
            records._seized[seize.reader] = record
            records._settled[seize.reader] = record.number
            records._records[seize.reader] = record._replace(entries=())
        return records._seized.get(seize.reader)

    store._executors[Seize] = seize


def _without_seize(store: Store) -> None:
    records = store._records

    def seize(seize: Seize) -> Record | None:
        record = records._unsettled(seize.reader)
        if record is not None and record.entries:
            records._seized[seize.reader] = record
        return records._seized.get(seize.reader)

    def count_lost(count: CountLost) -> None:
        known = records._records.get(count.reader)
        if known is not None:
            records._settled[count.reader] = known.number
        records.count_lost(count)

    store._executors.update({Seize: seize, CountLost: count_lost})


def _without_close_looks(store: Store) -> None:
    store._executors[CloseReader] = lambda close: store._records.close_reader(replace(close, number=LAST_NUMBER))


def _without_fenced_inboxes(store: Store) -> None:
    store._executors[FenceWriter] = lambda fence: None


def _without_registration(store: Store) -> None:
    def push(push: Push) -> int:
        ends = [("" if will else local, b"") for local, will in push.wills]
        return store._writes.push(replace(push, wills=ends))

    store._executors[Push] = push


class _TimedEdge(TapedEdge):
    """Ends turns by a timer."""

    async def check_turns(self, turns: Mapping[str, int], channels: Sequence[str]) -> Sequence[str]:
        """End all turns, without a look at the store."""
        ends = [self._codec.lost(local, turn) for local, turn in turns.items()]
        await self._execute([PushInbox(self.inbox, ends, INBOX_CAPACITY)])
        return ()


class _HeedlessWorker(TapedWorker):
    """Runs all messages that it has taken, also without a lease."""

    def _may_begin(self) -> bool:
        super()._may_begin()
        return True


class _ForgetfulReader(TapedReader):
    """Drops a requeue that the store refuses."""

    def requeue(self, taken: Sequence[Taken]) -> bool:
        """Requeue messages, once."""
        try:
            return super().requeue(taken)
        except PartlyRefused:
            self.withdraw_requeue()
            raise


class _TwoStepReader(TapedReader):
    """Queues messages that are to run later, and settles their first attempts with the next write."""

    def exchange(
        self, settlements: Sequence[Settlement], limits: Mapping[str, int], block_seconds: float = 0
    ) -> Received:
        """Write settlements, and take messages."""
        return super().exchange([replace(run, replaces=None) for run in settlements], limits, block_seconds)


class _TwoStepWorker(TapedWorker):
    reader_type = _TwoStepReader


class _ForgetfulWorker(TapedWorker):
    reader_type = _ForgetfulReader


class _TwoStepWills(Wills):
    """Publishes wills and takes them away in two writes."""

    def _push(self, inbox: str, channel: str, wills: Sequence[tuple[StoredWill, Will]]) -> int:
        self._execute([Push(channel, [self._body(stored, will) for stored, will in wills], UNLIMITED)])
        self._execute([ForgetWills(inbox)])
        return len(wills)


class _TwoStepReaper(Reaper):
    def __init__(self, codec: Any, capacities: Any, execute: Any) -> None:
        super().__init__(codec, capacities, execute)
        self._wills = _TwoStepWills(codec, capacities, execute)


_STORES: dict[Fence, Callable[[Store], None]] = {
    Fence.PUSH_NUMBERS: _without_push_numbers,
    Fence.TAKE_NUMBERS: _without_take_numbers,
    Fence.SETTLED_FIRST: _without_settled_first,
    Fence.REQUEUE_COMPARES: _without_requeue_compares,
    Fence.ENDED_NAMES: _without_ended_names,
    Fence.SEIZE: _without_seize,
    Fence.CLOSE_LOOKS: _without_close_looks,
    Fence.FENCED_INBOXES: _without_fenced_inboxes,
    Fence.REGISTRATION: _without_registration,
}
_WORKERS = {Fence.LEASE_TERMS: _HeedlessWorker, Fence.REQUEUE_KEPT: _ForgetfulWorker, Fence.POSTPONE: _TwoStepWorker}
_EDGES = {Fence.LOOKS: _TimedEdge}
_REAPERS = {Fence.WILLS: _TwoStepReaper}


class Parts:
    """The parts of a system, without the fence that the scenario removes, if any."""

    def __init__(self, scenario: Scenario) -> None:
        fence = Fence[scenario.without] if scenario.without is not None else None
        self.store = StoreStates()
        if fence in _STORES:
            _STORES[fence](self.store.store)
        worker = _WORKERS.get(fence, TapedWorker) if fence else TapedWorker
        self.workers = WorkerStates(scenario.batch, scenario.later, worker)
        edge = _EDGES.get(fence, TapedEdge) if fence else TapedEdge
        self.server = ServerStates(scenario.receives, edge)
        reaper = _REAPERS.get(fence, Reaper) if fence else Reaper
        self.reaper = ReaperStates(reaper)
