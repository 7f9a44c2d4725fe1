"""What processes that died owe the living, done by whoever notices it first.

A dead reader's messages are lost: each is counted, their channel is logged, and the turns that wait for them end.
A dead inbox's sockets are gone: see `farewells`.
"""

import logging
from collections.abc import Callable, Sequence
from typing import cast

from .addressee import reply_channel_of
from .capacity import Capacities
from .contract import Envelope, Taken
from .entries import EntryCodec
from .errors import DecodeError
from .farewells import Farewells
from .in_flight import CountLost, Record, Requeue, Seize
from .lives import Bury, Claim, Dead, LifeTimes, Retire
from .names import is_inbox, split_local
from .operations import INBOX_CAPACITY, Operation, PushInbox

logger = logging.getLogger(__name__)

Execute = Callable[[Sequence[Operation]], Sequence[object]]


class Reaper:
    """Looks after the dead of one layer."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._execute = execute
        self._farewells = Farewells(codec, capacities, execute)

    def reap(self, times: LifeTimes) -> None:
        """Take charge of everybody who died and whom nobody looks after.

        Raises:
            LayerUnavailable: the store is away; who is not buried will be claimed again.
        """
        for dead in cast("list[Dead]", self._execute([Claim(times)])[0]):
            if is_inbox(dead.owner):
                self._farewells.visit(dead)
            else:
                self._bury_reader(dead.owner)

    def lose(self, reader: str, number: int, running: Sequence[Taken], unrun: Sequence[Taken]) -> None:
        """Do the same for a reader that hangs: requeue what it has not begun, lose what is running."""
        batch = [*running, *unrun]
        if batch:
            channel = batch[0].envelope.channel
            requeued, stay = [item.raw for item in unrun], [item.raw for item in running]
            self._execute([Requeue(reader, number, channel, requeued, stay)])
        self._lose_in_flight(reader, "is given up")
        self._execute([Retire(reader)])

    def _bury_reader(self, reader: str) -> None:
        self._lose_in_flight(reader, "has expired")
        self._execute([Bury(reader)])

    def _lose_in_flight(self, reader: str, reason: str) -> None:
        """Seize what is in flight, end its turns, and count it: each step can be repeated by another process."""
        record = self._execute([Seize(reader)])[0]
        if isinstance(record, Record):
            lost, channel = len(record.entries), record.channel
            logger.error(
                "Worker %s %s: lost %d messages of channel %s that it had taken", reader, reason, lost, channel
            )
            self._execute([*self._ends(record), CountLost(reader, channel, lost)])

    def _ends(self, record: Record) -> list[Operation]:
        """Return what ends the turns of lost messages."""
        entries: dict[str, list[bytes]] = {}
        for raw in record.entries:
            try:
                envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
            except DecodeError as error:
                logger.warning("One of them cannot be read: %s", error)
            else:
                self._end_turn(envelope, entries)
        return [PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()]

    def _end_turn(self, envelope: Envelope, entries: dict[str, list[bytes]]) -> None:
        reply_channel = reply_channel_of(envelope)
        if reply_channel is not None and is_inbox(reply_channel) and envelope.turn is not None:
            inbox, local = split_local(reply_channel)
            entries.setdefault(inbox, []).append(self._codec.lost(local, envelope.turn))
