"""Messages that are due later, over the operations of a store: kept, and handed on when their time has come."""

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import cast

from .capacity import Capacities
from .codec import check_content
from .contract import Delayed, Envelope, Scheduled
from .delays import (
    DELAYED_CAPACITY,
    MAX_DELAY_SECONDS,
    UNIQUE_BYTES,
    WAKE_CHANNEL,
    Delay,
    EndVisit,
    Enter,
    HandedOn,
    HandOn,
    Look,
    LookUp,
    Visit,
)
from .entries import EntryCodec
from .firing import Fire, Fired
from .in_flight import BatchId
from .names import check_channel_name, is_inbox, split_local
from .operations import INBOX_CAPACITY, Operation

logger = logging.getLogger(__name__)

Execute = Callable[[Sequence[Operation]], Sequence[object]]


class Delayer:
    """Keeps and hands on the delayed messages of one layer; any number of threads and processes may."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._capacities = capacities
        self._execute = execute

    def keep(self, sends: Sequence[Delayed], batch: BatchId | None = None) -> list[Delayed]:
        """Keep all until they are due, in one round trip; return those refused (see `ChannelLayer.send_later`)."""
        operations: list[Operation] = []
        wake = self._codec.queue_body(Envelope(WAKE_CHANNEL, {}))
        for send in sends:
            target, entry = self._entry(send)
            operations.append(Delay(target, entry, send.seconds, DELAYED_CAPACITY, batch))
            operations.append(Enter(target, send.seconds, wake))
        results = self._execute(operations) if operations else ()
        return [send for send, is_kept in zip(sends, results[::2], strict=True) if not is_kept]

    def hand_on(self) -> float | None:
        """Hand on what is due; say when to look again, in seconds, None if nothing is delayed.

        Raises:
            LayerUnavailable: the store is away. A target whose visit was cut off is visited again.
        """
        look = cast(Look, self._execute([LookUp()])[0])
        nexts = [look.next_seconds]
        if look.visits:
            moved = cast("Sequence[HandedOn]", self._execute([self._hand_on(visit) for visit in look.visits]))
            visited = list(zip(look.visits, moved, strict=True))
            self._execute([EndVisit(*visit, handed_on.next_seconds) for visit, handed_on in visited])
            nexts += [handed_on.next_seconds for handed_on in moved]
            logger.debug("Handed on %d delayed messages", sum(handed_on.moved for handed_on in moved))
        return min((seconds for seconds in nexts if seconds is not None), default=None)

    def fire(self, scheduled: Scheduled) -> Fired:
        """Send a schedule's message (see `ChannelLayer.fire`)."""
        channel = check_channel_name(scheduled.channel)
        check_content(scheduled.content)
        body = self._codec.queue_body(Envelope(channel, scheduled.content))
        capacity = self._capacities.of(channel)
        fire = Fire(channel, scheduled.schedule, scheduled.due, body, capacity, scheduled.is_missed)
        return cast(Fired, self._execute([fire])[0])

    def _entry(self, send: Delayed) -> tuple[str, bytes]:
        """Return the target, and what is to stand in its queue or inbox, unique by its first twelve bytes."""
        check_channel_name(send.channel)
        check_content(send.content)
        if not 0 <= send.seconds <= MAX_DELAY_SECONDS:
            raise ValueError(f"a message is delayed by 0 to {MAX_DELAY_SECONDS} seconds, not {send.seconds!r}")
        if is_inbox(send.channel):
            target, local = split_local(send.channel)
            body = self._codec.delivery(local, send.content)
        else:
            target, body = send.channel, self._codec.queue_body(Envelope(send.channel, send.content))
        return target, secrets.token_bytes(UNIQUE_BYTES) + body

    def _hand_on(self, visit: Visit) -> HandOn:
        capacity = INBOX_CAPACITY if is_inbox(visit.target) else self._capacities.of(visit.target)
        return HandOn(visit.target, capacity)
