"""Cleanup after expired owners, in the process that claims them.

The in-flight messages of an expired reader are lost: they are counted, their channel is logged, and their turns end.
The last wills of an expired inbox are published: see `wills`.
"""

import logging
from collections.abc import Sequence

from .capacity import Capacities
from .contract import Taken
from .entries import EntryCodec
from .errors import DecodeError
from .names import is_inbox, split_local
from .operations.in_flight import CountLost, Record, Requeue, Seize
from .operations.inboxes import INBOX_CAPACITY, PushInbox
from .operations.leases import Claim, ForgetOwner, LeaseTimes, ReleaseLease
from .operations.operation import AnyOperation, Execute
from .wills import Wills

logger = logging.getLogger(__name__)


class Reaper:
    """Cleans up after the expired owners of one layer."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._execute = execute
        self._wills = Wills(codec, capacities, execute)

    def reap(self, times: LeaseTimes) -> None:
        """Claim expired owners and clean up after each.

        Raises:
            LayerUnavailable: the store is unavailable; owners that are not forgotten will be claimed again.
        """
        for expired in self._execute([Claim(times)])[0]:
            if is_inbox(expired.owner):
                self._wills.clean_up(expired)
            else:
                self._lose_in_flight(expired.owner, "has expired")
                self._execute([ForgetOwner(expired.owner)])

    def lose(self, reader: str, number: int, running: Sequence[Taken], unrun: Sequence[Taken]) -> None:
        """Do the same for a reader that hangs: requeue messages that have not begun, count the running one as lost."""
        batch = [*running, *unrun]
        if batch:
            channel = batch[0].envelope.channel
            requeued, stay = [item.raw for item in unrun], [item.raw for item in running]
            self._execute([Requeue(reader, number, channel, requeued, stay)])
        self._lose_in_flight(reader, "is given up")
        self._execute([ReleaseLease(reader)])

    def _lose_in_flight(self, reader: str, reason: str) -> None:
        """Seize the messages in flight, end their turns, and count them; another process can repeat each step."""
        record = self._execute([Seize(reader)])[0]
        if isinstance(record, Record):
            lost, channel = len(record.entries), record.channel
            logger.error(
                "Worker %s %s: lost %d messages of channel %s that it had taken", reader, reason, lost, channel
            )
            self._execute([*self._ends(record), CountLost(reader, channel, lost)])

    def _ends(self, record: Record) -> list[AnyOperation]:
        """Return the entries that end the turns of lost messages."""
        entries: dict[str, list[bytes]] = {}
        for raw in record.entries:
            try:
                envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
            except DecodeError as error:
                logger.warning("One of them cannot be read: %s", error)
                continue
            reply_channel, turn = envelope.reply_channel, envelope.turn
            if reply_channel is not None and is_inbox(reply_channel) and turn is not None:
                inbox, local = split_local(reply_channel)
                entries.setdefault(inbox, []).append(self._codec.lost(local, turn))
        return [PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()]
