"""Operations on queues as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from typing import Any

from ..entries import HEADER
from ..keys import Keys, channel_of_queue
from ..operations.queues import ENDED, Batch, ChannelState, Count, Drop, Fence, Postpone, Push, Statistics, Take
from . import scripts
from .in_flight_commands import head_of
from .scripts import Command
from .table import COUNTS_SECONDS, RECORD_SECONDS, Lifetimes, Row, Table, as_bool, as_clock, as_int

#: TTL of the results of a writer's last pushes, in seconds: a day after a channel was added.
PUSHES_SECONDS = 86_400


def _batch(take: Take, answer: Any) -> Batch | None:
    if not answer:
        return None
    if answer == -1:
        return ENDED
    index, seconds, microseconds, entries = answer[:4]
    channel = take.channels[index - 1] if index else channel_of_queue(answer[4])
    return Batch(channel, as_clock(seconds, microseconds), entries)


def _state(_: Statistics, answer: Any) -> ChannelState:
    fields, pending, header, seconds, microseconds = answer
    counters = {name.decode(): int(count) for name, count in zip(fields[::2], fields[1::2], strict=True)}
    is_known = len(header) == HEADER.size
    age = as_clock(seconds, microseconds) - HEADER.unpack(header)[0] if is_known else 0.0
    return ChannelState(counters, int(pending), max(0.0, age))


class QueueCommands:
    """The operations of `queues` for one layer."""

    def __init__(self, keys: Keys, lives: Lifetimes) -> None:
        self._keys = keys
        self._expiry, self._queue_ms = lives.expiry, lives.queue_ms

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

    table: Table = {
        Push: Row(_push, as_int),
        Postpone: Row(_postpone, as_bool),
        Take: Row(_take, _batch),
        Fence: Row(_fence),
        Drop: Row(_drop),
        Count: Row(_count),
        Statistics: Row(_statistics, _state),
    }
