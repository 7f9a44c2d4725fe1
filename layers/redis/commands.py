"""Operations as Redis commands, and Redis's answers as results. The only module that depends on both; no IO."""

import math
from collections.abc import Callable
from typing import Any

from ..entries import HEADER
from ..keys import Keys, channel_of_queue
from ..operations.groups import MARK_SECONDS, Join, Leave, Marks, Members, Renew
from ..operations.inboxes import CloseInbox, PushInbox, TakeInbox
from ..operations.operation import AnyOperation
from ..operations.queues import ENDED, Batch, ChannelState, Count, Drop, Fence, Postpone, Push, Statistics, Take
from . import scripts
from .history_commands import HistoryCommands, history_readers
from .in_flight_commands import RECORD_SECONDS, InFlightCommands, head_of, in_flight_readers
from .lease_commands import LeaseCommands, lease_readers
from .pause_commands import PauseCommands, pause_readers
from .scripts import Command
from .time_commands import TimeCommands, time_readers
from .will_commands import WillCommands, will_readers

#: TTL of counters after their last change, in seconds: a day.
COUNTS_SECONDS = 86400
#: TTL of the results of a writer's last pushes, in seconds: a day after a channel was added.
PUSHES_SECONDS = 86400


class Commands:
    """Writes the commands of one layer: its keys, its expiry, its expiry of groups."""

    def __init__(self, keys: Keys, expiry: float, group_expiry: float) -> None:
        self._keys = keys
        self._expiry = expiry
        self._group_expiry = group_expiry
        #: A queue outlives its messages, so that a worker that starts late counts and settles those that have expired.
        self._queue_ms = math.ceil(expiry * 2000) + 60_000
        self._inbox_ms = math.ceil(expiry * 1000) + 1000
        self._writers: dict[type, Callable[[Any], Command]] = {
            Push: self._push,
            Postpone: self._postpone,
            Take: self._take,
            Fence: self._fence,
            Drop: self._drop,
            Count: self._count,
            Statistics: self._statistics,
            PushInbox: self._push_inbox,
            TakeInbox: self._take_inbox,
            CloseInbox: self._close_inbox,
            Join: self._join,
            Leave: self._leave,
            Renew: self._renew,
            Marks: self._marks,
            Members: self._members,
            **InFlightCommands(keys, self._queue_ms).writers,
            **LeaseCommands(keys).writers,
            **WillCommands(keys, expiry, self._queue_ms).writers,
            **TimeCommands(keys, expiry).writers,
            **PauseCommands(keys).writers,
            **HistoryCommands(keys).writers,
        }

    def command(self, operation: AnyOperation) -> Command:
        """Return the command that executes an operation."""
        return self._writers[type(operation)](operation)

    def _push(self, push: Push) -> Command:
        channel, bodies = push.channel, push.bodies
        keys = [self._keys.queue(channel), self._keys.counts(channel), self._keys.wakeup(channel)]
        limits = push.capacity, self._expiry, self._queue_ms, COUNTS_SECONDS
        if push.number is None:
            return scripts.PUSH.call(keys, *limits, *bodies)
        writer, number = push.number
        keys.append(self._keys.pushes(writer))
        if not push.wills:
            return scripts.PUSH.call(keys, *limits, b"%015d" % number, *bodies)
        keys += [self._keys.wills(writer), self._keys.states(writer)]
        wills = [part for pair in push.wills for part in pair]
        return scripts.PUSH.call(keys, *limits, b"%015d" % number, len(bodies), *bodies, *wills)

    def _postpone(self, postpone: Postpone) -> Command:
        (reader, batch), raw = postpone.source
        channel, (writer, number) = postpone.channel, postpone.number
        keys = [self._keys.in_flight(reader), self._keys.queue(channel), self._keys.counts(channel)]
        keys += [self._keys.wakeup(channel), self._keys.pushes(writer)]
        lives = RECORD_SECONDS, self._expiry, self._queue_ms, COUNTS_SECONDS
        return scripts.POSTPONE.call(keys, head_of(batch), *lives, b"%015d" % number, raw, postpone.body)

    def _fence(self, fence: Fence) -> Command:
        return scripts.FENCE.call([self._keys.pushes(fence.writer)], PUSHES_SECONDS)

    def _take(self, take: Take) -> Command:
        keys = [*map(self._keys.queue, take.channels), *map(self._keys.wakeup, take.channels)]
        if take.reader is not None:
            keys.append(self._keys.in_flight(take.reader))
        return scripts.TAKE.call(
            keys, RECORD_SECONDS, self._queue_ms, int(take.has_waited), *take.counts, head_of(take.number)
        )

    def _drop(self, drop: Drop) -> Command:
        return "DEL", self._keys.queue(drop.channel), self._keys.counts(drop.channel), self._keys.wakeup(drop.channel)

    def _count(self, count: Count) -> Command:
        keys, increment = [self._keys.counts(count.channel)], (count.counter, count.amount, COUNTS_SECONDS)
        if count.number is None:
            return scripts.COUNT.call(keys, *increment)
        writer, number = count.number
        known = f"{count.channel}:{count.counter}"
        return scripts.COUNT.call([*keys, self._keys.pushes(writer)], *increment, number, PUSHES_SECONDS, known)

    def _statistics(self, statistics: Statistics) -> Command:
        keys = self._keys.queue(statistics.channel), self._keys.counts(statistics.channel)
        return scripts.STATISTICS.call(keys)

    def _push_inbox(self, push: PushInbox) -> Command:
        keys = [self._keys.inbox(push.inbox), self._keys.counts(push.inbox)]
        limits = push.capacity, self._inbox_ms, COUNTS_SECONDS
        if push.settles is None:
            return scripts.PUSH_INBOX.call(keys, *limits, *push.entries)
        reader, number = push.settles
        return scripts.PUSH_INBOX.call([*keys, self._keys.in_flight(reader)], *limits, head_of(number), *push.entries)

    def _take_inbox(self, take: TakeInbox) -> Command:
        return scripts.TAKE_INBOX.call([self._keys.inbox(take.inbox)], take.limit, self._inbox_ms)

    def _close_inbox(self, close: CloseInbox) -> Command:
        return "DEL", self._keys.inbox(close.inbox), self._keys.counts(close.inbox)

    def _join(self, join: Join) -> Command:
        keys = self._keys.marks(join.group), self._keys.members(join.group, join.mark)
        return scripts.JOIN.call(keys, join.mark, self._life(join), *join.locals_)

    def _leave(self, leave: Leave) -> Command:
        keys = self._keys.marks(leave.group), self._keys.members(leave.group, leave.mark)
        return scripts.LEAVE.call(keys, leave.mark, *leave.locals_)

    def _renew(self, renew: Renew) -> Command:
        keys = self._keys.marks(renew.group), self._keys.members(renew.group, renew.inbox)
        return scripts.RENEW.call(keys, renew.inbox, MARK_SECONDS)

    def _marks(self, marks: Marks) -> Command:
        return scripts.MARKS.call([self._keys.marks(marks.group)])

    def _members(self, members: Members) -> Command:
        return "SMEMBERS", self._keys.members(members.group, members.inbox)

    def _life(self, join: Join) -> float:
        return MARK_SECONDS if join.locals_ else self._group_expiry


# `Any`: the result has the type that the operation declares.
def result(operation: AnyOperation, answer: Any) -> Any:
    """Return the result of an operation from the answer of Redis."""
    reader = _READERS.get(type(operation))
    return reader(operation, answer) if reader is not None else None


def _batch(take: Take, answer: Any) -> Batch | None:
    if not answer:
        return None
    if answer == -1:
        return ENDED
    index, seconds, microseconds, entries = answer[:4]
    channel = take.channels[index - 1] if index else channel_of_queue(answer[4])
    return Batch(channel, _clock(seconds, microseconds), entries)


def _state(_: Statistics, answer: Any) -> ChannelState:
    fields, pending, header, seconds, microseconds = answer
    counters = {name.decode(): int(count) for name, count in zip(fields[::2], fields[1::2], strict=True)}
    is_known = len(header) == HEADER.size
    age = _clock(seconds, microseconds) - HEADER.unpack(header)[0] if is_known else 0.0
    return ChannelState(counters, int(pending), max(0.0, age))


def _clock(seconds: bytes, microseconds: bytes) -> float:
    return int(seconds) + int(microseconds) / 1_000_000


def _names(_: AnyOperation, answer: Any) -> list[str]:
    return [name.decode() for name in answer]


_READERS: dict[type, Callable[[Any, Any], object]] = {
    Push: lambda _, accepted: int(accepted),
    Postpone: lambda _, is_done: bool(is_done),
    Take: _batch,
    Statistics: _state,
    PushInbox: lambda _, refused: int(refused),
    TakeInbox: lambda _, entries: list(entries or ()),
    Renew: lambda _, known: bool(known),
    Marks: _names,
    Members: _names,
    **in_flight_readers,
    **lease_readers,
    **will_readers,
    **time_readers,
    **pause_readers,
    **history_readers,
}
