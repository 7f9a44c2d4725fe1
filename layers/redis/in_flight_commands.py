"""Operations on in-flight records as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

import struct
from typing import Any

from ..keys import Keys, channel_of_queue
from ..operations.in_flight import (
    REGISTERED_SECONDS,
    Acknowledge,
    CloseReader,
    CountLost,
    InFlight,
    Outstanding,
    Record,
    Register,
    Requeue,
    Seize,
)
from . import scripts
from .scripts import Command
from .table import COUNTS_SECONDS, RECORD_SECONDS, Lifetimes, Row, Table, as_bool

#: TTL of the record of a closed reader, in seconds: longer than any write of it can be delayed.
CLOSED_SECONDS = 600
#: Above the number of every batch: the largest of 15 digits.
LAST_NUMBER = 10**15 - 1
#: The head of a record, and the length before each of its parts.
HEAD_BYTES, LENGTH = 16, struct.Struct(">I")


def head_of(number: int) -> bytes:
    """Return the head of the record of a batch that is in flight."""
    return b"+%015d" % number


def _record(_: object, answer: bytes | None) -> Record | None:
    """Return the record that `record.lua` has packed; None if it is settled or empty."""
    if not answer or not answer.startswith(b"+"):
        return None
    parts, at = [], HEAD_BYTES
    while at < len(answer):
        (length,) = LENGTH.unpack_from(answer, at)
        at += LENGTH.size
        parts.append(answer[at : at + length])
        at += length
    return Record(channel_of_queue(parts[0]), parts[1:], int(answer[1:HEAD_BYTES]))


def _records(outstanding: Outstanding, answer: Any) -> list[Record]:
    channels = outstanding.channels
    queued = [Record(channel, entries) for channel, entries in zip(channels, answer, strict=False) if entries]
    in_flight = [_record(outstanding, found) for found in answer[len(channels) :]]
    return [*queued, *(record for record in in_flight if record is not None)]


class InFlightCommands:
    """The operations of `in_flight` for one layer."""

    def __init__(self, keys: Keys, lives: Lifetimes) -> None:
        self._keys = keys
        self._queue_ms = lives.queue_ms

    def _register(self, register: Register) -> Command:
        keys = self._keys.leases("readers"), self._keys.in_flight(register.reader)
        return scripts.REGISTER.call(keys, register.reader, REGISTERED_SECONDS, RECORD_SECONDS)

    def _acknowledge(self, acknowledge: Acknowledge) -> Command:
        return scripts.ACKNOWLEDGE.call([self._keys.in_flight(acknowledge.reader)], head_of(acknowledge.number))

    def _in_flight(self, in_flight: InFlight) -> Command:
        return "GET", self._keys.in_flight(in_flight.reader)

    def _requeue(self, requeue: Requeue) -> Command:
        reader, channel = requeue.reader, requeue.channel
        keys = self._keys.in_flight(reader), self._keys.queue(channel), self._keys.wakeup(channel)
        arguments = head_of(requeue.number), RECORD_SECONDS, self._queue_ms, len(requeue.stay)
        return scripts.REQUEUE.call(keys, *arguments, *requeue.stay, *requeue.entries)

    def _seize(self, seize: Seize) -> Command:
        keys = self._keys.in_flight(seize.reader), self._keys.seized(seize.reader)
        return scripts.SEIZE.call(keys, RECORD_SECONDS, f"-{LAST_NUMBER}")

    def _count_lost(self, count: CountLost) -> Command:
        keys = self._keys.seized(count.reader), self._keys.counts(count.channel)
        return scripts.COUNT_LOST.call(keys, count.amount, COUNTS_SECONDS)

    def _close_reader(self, close: CloseReader) -> Command:
        keys = self._keys.in_flight(close.reader), self._keys.pushes(close.reader), self._keys.leases("readers")
        return scripts.CLOSE_READER.call(keys, CLOSED_SECONDS, close.reader, f"-{LAST_NUMBER}", head_of(close.number))

    def _outstanding(self, outstanding: Outstanding) -> Command:
        leases = map(self._keys.leases, ("held", "expired", "readers"))
        keys = [*leases, *map(self._keys.queue, outstanding.channels)]
        return scripts.OUTSTANDING.call(keys, self._keys.prefix, REGISTERED_SECONDS)

    table: Table = {
        Register: Row(_register),
        Acknowledge: Row(_acknowledge),
        InFlight: Row(_in_flight, _record),
        Requeue: Row(_requeue, as_bool),
        Seize: Row(_seize, _record),
        CountLost: Row(_count_lost),
        CloseReader: Row(_close_reader, _record),
        Outstanding: Row(_outstanding, _records),
    }
