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
from .lives import Bury, Claim, Dead, InHand, LifeTimes, Record, Release, Retire
from .names import is_inbox, split_local
from .operations import INBOX_CAPACITY, Count, Operation, PushInbox

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

    def lose(self, reader: str, taken: Sequence[Taken]) -> None:
        """Do the same for a reader that will not come back, with what it had of one channel."""
        record = Record(taken[0].envelope.channel, [item.raw for item in taken]) if taken else None
        losses = self._losses(f"Worker {reader} is given up", record) if record is not None else []
        self._execute([*losses, Release(reader), Retire(reader)])

    def _bury_reader(self, reader: str) -> None:
        record = self._execute([InHand(reader)])[0]
        losses = self._losses(f"Worker {reader} died", record) if isinstance(record, Record) else []
        self._execute([*losses, Release(reader), Bury(reader)])

    def _losses(self, what: str, record: Record) -> list[Operation]:
        """Log what a reader had taken; return what ends its turns and counts it."""
        logger.error("%s: lost %d messages of channel %s that it had taken", what, len(record.entries), record.channel)
        entries: dict[str, list[bytes]] = {}
        for raw in record.entries:
            try:
                envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
            except DecodeError as error:
                logger.warning("One of them cannot be read: %s", error)
            else:
                self._end_turn(envelope, entries)
        ends = [PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()]
        return [*ends, Count(record.channel, "lost", len(record.entries))]

    def _end_turn(self, envelope: Envelope, entries: dict[str, list[bytes]]) -> None:
        reply_channel = reply_channel_of(envelope)
        if reply_channel is not None and is_inbox(reply_channel) and envelope.turn is not None:
            inbox, local = split_local(reply_channel)
            entries.setdefault(inbox, []).append(self._codec.lost(local, envelope.turn))
