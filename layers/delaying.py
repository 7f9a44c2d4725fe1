"""Delayed messages, over the operations of a store: kept, and delivered when they are due."""

import logging
import secrets
from collections.abc import Sequence

from .capacity import Capacities
from .codec import check_content
from .contract import Delayed, Envelope, Scheduled
from .deferred_trace import deferred
from .entries import EntryCodec
from .names import check_channel_name, is_inbox, split_local
from .operations.delays import (
    DELAYED_CAPACITY,
    MAX_DELAY_SECONDS,
    UNIQUE_BYTES,
    WAKE_CHANNEL,
    AddDue,
    Delay,
    DeliverDue,
    EndDelivery,
    FindDue,
)
from .operations.in_flight import BatchId
from .operations.inboxes import INBOX_CAPACITY
from .operations.operation import AnyOperation, Execute
from .operations.schedules import Fire, Fired

logger = logging.getLogger(__name__)


class Delayer:
    """Keeps and delivers the delayed messages of one layer, from any number of threads and processes."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._capacities = capacities
        self._execute = execute

    def keep(self, sends: Sequence[Delayed], batch: BatchId | None = None) -> list[Delayed]:
        """Keep all until they are due, in one round trip; return those refused (see `ChannelLayer.send_later`)."""
        operations: list[AnyOperation] = []
        wake = self._codec.queue_body(Envelope(WAKE_CHANNEL, {}))
        for send in sends:
            target, entry = self._entry(send)
            operations.append(Delay(target, entry, send.seconds, DELAYED_CAPACITY, batch))
            operations.append(AddDue(target, send.seconds, wake))
        results = self._execute(operations) if operations else ()
        return [send for send, is_kept in zip(sends, results[::2], strict=True) if not is_kept]

    def deliver_due(self) -> float | None:
        """Deliver the messages that are due; return the seconds until the next one is, None if there is none.

        Raises:
            LayerUnavailable: the store is unavailable. A target whose delivery did not end is delivered again.
        """
        found = self._execute([FindDue()])[0]
        nexts = [found.next_seconds]
        if found.targets:
            moves = []
            for due in found.targets:
                capacity = INBOX_CAPACITY if is_inbox(due.target) else self._capacities.of(due.target)
                moves.append(DeliverDue(due.target, capacity))
            moved = self._execute(moves)
            delivered_targets = list(zip(found.targets, moved, strict=True))
            self._execute([EndDelivery(*target, delivered.next_seconds) for target, delivered in delivered_targets])
            nexts += [delivered.next_seconds for delivered in moved]
            logger.debug("Delivered %d delayed messages", sum(delivered.moved for delivered in moved))
        return min((seconds for seconds in nexts if seconds is not None), default=None)

    def fire(self, scheduled: Scheduled) -> Fired:
        """Send a schedule's message (see `ChannelLayer.fire`)."""
        channel = check_channel_name(scheduled.channel)
        check_content(scheduled.content)
        body = self._codec.queue_body(Envelope(channel, scheduled.content))
        capacity = self._capacities.of(channel)
        fire = Fire(channel, scheduled.schedule, scheduled.due, body, capacity, scheduled.is_missed)
        return self._execute([fire])[0]

    def _entry(self, send: Delayed) -> tuple[str, bytes]:
        """Return the target, and the entry for its queue or inbox, unique by its first twelve bytes."""
        check_channel_name(send.channel)
        check_content(send.content)
        if not 0 <= send.seconds <= MAX_DELAY_SECONDS:
            raise ValueError(f"a message is delayed by 0 to {MAX_DELAY_SECONDS} seconds, not {send.seconds!r}")
        if is_inbox(send.channel):
            target, local = split_local(send.channel)
            body = self._codec.delivery(local, send.content)
        else:
            envelope = Envelope(send.channel, send.content, trace=deferred(send.trace))
            target, body = send.channel, self._codec.queue_body(envelope)
        return target, secrets.token_bytes(UNIQUE_BYTES) + body
