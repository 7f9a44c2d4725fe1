"""A worker thread's exchange with the store: writes settlements, takes the next messages. Shared by all layers.

An exchange that fails is executed again by the next one, as a whole, and has no effect twice: pushes and batches have
numbers, entries of inboxes are identified by their readers. An unanswered write is never taken for done or for lost.

A layer adds how operations are executed and how a wait ends.
"""

import logging
import random
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

from .contract import Reader, Received, Settlement, Taken
from .entries import EntryCodec, is_expired
from .errors import DecodeError, LayerUnavailable, PartlyRefused
from .names import check_channel_name, new_reader_name
from .operations.in_flight import (
    REGISTERED_SECONDS,
    Acknowledge,
    BatchId,
    CloseReader,
    Record,
    Register,
    Requeue,
    Source,
)
from .operations.inboxes import INBOX_CAPACITY, PushInbox
from .operations.leases import ReleaseLease
from .operations.operation import AnyOperation
from .operations.queues import ENDED, Batch, Count, Postpone, Push, PushNumber, Take
from .operations.wills import StoreSessionState
from .plan import Plan, Planner, inbox_entries, plain_member_sends
from .sending import Sender

logger = logging.getLogger(__name__)

#: How long a held send to a full channel is retried before it is dropped, and how often, in seconds (1.x: 2 and 0.2).
INSIST_SECONDS = 2.0
INSIST_PAUSE_SECONDS = 0.05


class Waiting(NamedTuple):
    """A take that waits until one of its channels holds something, with a timeout in seconds."""

    take: Take
    seconds: float


@dataclass(slots=True)
class Unsent:
    """A plan whose writes to named channels are not all answered: what is left of them."""

    plan: Plan
    pushes: list[Push]
    postpones: list[Postpone]


class BaseReader:
    """The steps of `Reader.exchange`: first named channels and group look-ups, if any; then inboxes and the take."""

    written: Callable[[], None] | None = None

    def __init__(self, channels: Sequence[str], codec: EntryCodec, sender: Sender) -> None:
        self._channels = [check_channel_name(channel) for channel in channels]
        random.shuffle(self._channels)
        self.name = new_reader_name()
        #: Number of the batch that was returned last.
        self.number = 0
        self.is_ended = False
        self._codec = codec
        self._sender = sender
        self._planner = Planner(codec, sender.histories)
        self._push_number = 0
        #: Plans whose first step is not done; each is followed by its inbox entries.
        self._unsent: list[Unsent] = []
        #: Operations that were written and not answered, or refused: the next exchange begins with them.
        self._unanswered: list[AnyOperation] = []
        #: What was expired, undecodable or dropped: written with the next exchange.
        self._counts: list[Count] = []
        #: The last batch held more than one message.
        self._is_busy = False
        #: When this reader is to be registered again, in seconds; after an error at once, for data may have been lost.
        self._register_at = 0.0

    def exchange(
        self, settlements: Sequence[Settlement], limits: Mapping[str, int], block_seconds: float = 0
    ) -> Received:
        """Write settlements, then take messages (see `Reader`)."""
        operations = self._settling(settlements)
        # Try the channels in the order of their last batches: no channel waits for two batches of another.
        wanted = tuple([channel for channel in self._channels if limits.get(channel, 0) > 0])
        if not wanted:
            self._write(operations)
            return Received()
        take = Take(wanted, tuple([limits[channel] for channel in wanted]), self.name, self.number + 1)
        batch = self._taken(self._acknowledging(operations), take, block_seconds)
        if batch is None or batch == ENDED:
            self.is_ended = self.is_ended or batch is not None
            return Received()
        received = self._received(batch)
        self.number += 1
        return received

    def requeue(self, taken: Sequence[Taken]) -> bool:
        """Put messages of the last batch back to the front of their channel (see `Reader`)."""
        if not taken:
            self._write([*self._settling(()), Acknowledge(self.name, self.number)])
            return True
        requeue = Requeue(self.name, self.number, taken[0].envelope.channel, [item.raw for item in taken])
        try:
            operations = self._settling(())
        except LayerUnavailable:  # what is to be postponed must leave the batch before the rest of it
            self._unanswered.append(requeue)
            raise
        try:
            return bool(self._write([*operations, requeue])[-1])
        except PartlyRefused as error:
            if any(operation is requeue for operation in self._unanswered):
                raise
            return bool(error.results[-1])  # other operations were refused

    def withdraw_requeue(self) -> None:
        """Leave messages whose requeueing was refused to the caller (see `Reader`)."""
        self._unanswered = [operation for operation in self._unanswered if not isinstance(operation, Requeue)]

    def adopt(self, other: Reader) -> None:
        """Write with the next exchange what another reader has not written yet (see `Reader`)."""
        hanging = cast(BaseReader, other)
        self._unsent, self._unanswered = [*hanging._unsent], [*hanging._unanswered]
        self._counts = [*hanging._counts]

    def close(self) -> None:
        """Write unanswered operations, requeue taken messages that were not returned, and release the lease."""
        self._write(self._settling(()))
        # A take that was not answered may be executed until the record is closed.
        while isinstance(unseen := self._execute([CloseReader(self.name, self.number)])[0], Record):
            self._execute([Requeue(self.name, unseen.number, unseen.channel, unseen.entries)])
        self._execute([ReleaseLease(self.name)])

    @abstractmethod
    def wake(self) -> None:
        """End a wait in another thread."""

    @abstractmethod
    def _execute(self, operations: Sequence[AnyOperation], then: "Waiting | None" = None) -> Sequence[object]:
        """Execute in order, in one round trip; one result each. `then` a wait begins, which `_waited` ends.

        Raises:
            LayerUnavailable: some may have been executed. No wait has begun then.
        """

    @abstractmethod
    def _waited(self) -> Batch | None:
        """Return what the wait that has begun gives; None after its time, or `wake`.

        Raises:
            LayerUnavailable: the store has gone meanwhile; what was executed before was executed.
        """

    def _taken(self, operations: list[AnyOperation], take: Take, block_seconds: float) -> Batch | None:
        """Write, and take messages; wait for them if there are none.

        Where messages come one at a time, settlements and the wait are one round trip. Where they come faster, a take
        that finds nothing goes before the wait: what comes meanwhile makes the next batch larger, which costs less.
        """
        batch = None
        if self._is_busy or block_seconds <= 0:
            batch = take.result_of(self._write([*operations, take])[-1])
            operations = []
        if batch is None and block_seconds > 0:
            self._write(operations, Waiting(take, block_seconds))
            batch = self._waited()
        self._is_busy = batch is not None and len(batch.entries) > 1
        return batch

    def _acknowledging(self, operations: list[AnyOperation]) -> list[AnyOperation]:
        """Add what settles the last batch: with the last entries that are written, so both are refused or none."""
        last = -1
        for position, operation in enumerate(operations):
            if type(operation) is PushInbox:
                last = position
            elif type(operation) is Requeue:
                return operations  # which settles the batch, or else it must stay in flight
        batch = BatchId(self.name, self.number)
        if last >= 0:
            push = cast(PushInbox, operations[last])
            operations[last] = PushInbox(push.inbox, push.entries, push.capacity, batch)
        elif self.number:
            operations.append(Acknowledge(*batch))
        return operations

    def _settling(self, settlements: Sequence[Settlement]) -> list[AnyOperation]:
        """Do the first step of writing settlements; return the operations of the second."""
        if settlements:
            plan = self._planner.plan(settlements)
            if plan.is_one_step and not self._unsent:
                self._unanswered += self._second_step(plan, ())
            else:
                pushes = self._numbered(self._sender.queue_pushes(plan))
                self._unsent.append(Unsent(plan, pushes, self._numbered_postpones(plan.postponed)))
        while self._unsent:
            unsent = self._unsent[0]
            plan = unsent.plan
            has_first_step = unsent.pushes or unsent.postpones or plan.groups or plan.publishes
            found = self._first_step(unsent) if has_first_step else ()
            self._unanswered += self._second_step(plan, found)
            self._unsent.pop(0)
        if self._counts:
            self._unanswered += self._numbered_counts()
        return list(self._unanswered)

    def _second_step(self, plan: Plan, found: Sequence[object]) -> list[AnyOperation]:
        """Return the writes of a plan; `found` are the results of `Sender.look_ups`."""
        pushes: Sequence[AnyOperation] = ()
        if found:
            marks, published = self._sender.marks(plan, found), self._sender.published(plan, found)
            pushes = self._numbered(self._sender.pushes(plain_member_sends(plan, marks, published)))
            entries = inbox_entries(plan, marks, published)
        else:
            entries = inbox_entries(plan, {})
        return [*pushes, *(PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()), *plan.states]

    def _first_step(self, unsent: Unsent) -> Sequence[object]:
        """Write to named channels and look up groups; what is refused is tried again for a while."""
        look_ups = self._sender.look_ups(unsent.plan)
        try:
            results = self._execute_first([*unsent.pushes, *unsent.postpones, *look_ups])
        except LayerUnavailable:
            publishes = unsent.plan.publishes
            publishes[:] = [replace(publish, is_repeated=True) for publish in publishes]
            raise
        found = results[len(unsent.pushes) + len(unsent.postpones) :]
        deadline = time.monotonic() + INSIST_SECONDS
        while self._keep_refused(unsent, results):
            if time.monotonic() >= deadline:
                self._drop(unsent)
                break
            time.sleep(INSIST_PAUSE_SECONDS)
            results = self._execute_first([*unsent.pushes, *unsent.postpones])
        return found

    def _execute_first(self, operations: Sequence[AnyOperation]) -> Sequence[object]:
        """Execute; an operation that the store refuses for ever is not tried again with each exchange."""
        try:
            return self._execute(operations)
        except PartlyRefused as error:
            if error.is_clean:
                raise
            refused = sum(result is None for result in error.results)
            logger.error("The store refused %d sends to channels or groups: %s", refused, error)
            is_push = [isinstance(operation, Push) for operation in operations]
            return [0 if is_push[n] and result is None else result for n, result in enumerate(error.results)]

    def _keep_refused(self, unsent: Unsent, results: Sequence[object]) -> bool:
        """Keep the writes that were refused, with new numbers; return whether there are any."""
        left = []
        for postpone, result in zip(unsent.postpones, results[len(unsent.pushes) :], strict=False):
            if result is None:
                left.append((postpone.source, postpone.channel, postpone.body))
            elif not result:
                logger.error(
                    "Worker %s had expired: a message of channel %s that was to run again was counted as lost",
                    *(postpone.source.batch.reader, postpone.channel),
                )
        unsent.pushes = self._numbered(self._sender.refused(unsent.pushes, results))
        unsent.postpones = self._numbered_postpones(left)
        return bool(unsent.pushes or unsent.postpones)

    def _drop(self, unsent: Unsent) -> None:
        for push in unsent.pushes:
            self._counts.append(Count(push.channel, "dropped", len(push.bodies)))
            logger.error(
                "Dropped %d held messages: channel %r stayed full for %s seconds (capacity %d)",
                len(push.bodies),
                push.channel,
                INSIST_SECONDS,
                push.capacity,
            )
        for postpone in unsent.postpones:
            self._counts.append(Count(postpone.channel, "dropped", 1))
            logger.error("Dropped a message of channel %r that was to run again", postpone.channel)
        unsent.pushes, unsent.postpones = [], []

    def _write(self, operations: Sequence[AnyOperation], then: "Waiting | None" = None) -> Sequence[object]:
        if not operations and then is None:
            return ()
        now = time.monotonic()
        writes = operations if now < self._register_at else [Register(self.name), *operations]
        try:
            results = self._execute(writes, then)
        except LayerUnavailable as error:
            self._register_at = 0.0
            # Keep what must be executed again: all that was not answered, or what was refused.
            kept: list[AnyOperation] = [write for write in writes if isinstance(write, _REPEATED)]
            if isinstance(error, PartlyRefused):
                refused = {id(write) for write, result in zip(writes, error.results, strict=False) if result is None}
                kept = [write for write in kept if id(write) in refused]
            self._unanswered = kept
            raise
        if writes is not operations:
            self._register_at = now + REGISTERED_SECONDS / 2
        self._unanswered = []
        if self.written is not None:
            self.written()
        self._sender.log_refused_deliveries(writes, results)
        return results

    def _numbered_counts(self) -> list[Count]:
        counts: dict[tuple[str, str], int] = {}
        for count in self._counts:
            counts[count.channel, count.counter] = counts.get((count.channel, count.counter), 0) + count.amount
        self._counts = []
        if counts:
            self._push_number += 1
        number = PushNumber(self.name, self._push_number)
        return [Count(channel, counter, amount, number) for (channel, counter), amount in counts.items()]

    def _numbered_postpones(self, postponed: Sequence[tuple[Source, str, bytes]]) -> list[Postpone]:
        first = self._push_number + 1
        self._push_number += len(postponed)
        return [Postpone(*each, PushNumber(self.name, number)) for number, each in enumerate(postponed, first)]

    def _numbered(self, pushes: Sequence[Push]) -> list[Push]:
        first = self._push_number + 1
        self._push_number += len(pushes)
        return [
            Push(push.channel, push.bodies, push.capacity, PushNumber(self.name, number))
            for number, push in enumerate(pushes, first)
        ]

    def _received(self, batch: Batch) -> Received:
        if self._channels[-1] != batch.channel:
            self._channels.remove(batch.channel)
            self._channels.append(batch.channel)
        taken: list[Taken] = []
        expired: list[Taken] = []
        for raw in batch.entries:
            try:
                item = Taken(self._codec.open_queue_entry(batch.channel, raw), raw)
            except DecodeError as error:
                logger.warning("Skipped an entry of channel %r: %s", batch.channel, error)
                self._counts.append(Count(batch.channel, "undecodable", 1))
            else:
                (expired if is_expired(raw, batch.now) else taken).append(item)
        if expired:
            self._counts.append(Count(batch.channel, "expired", len(expired)))
        return Received(taken, expired, batch.now)


#: Operations that an exchange repeats after an error: each has its effect once.
_REPEATED = (Push, PushInbox, StoreSessionState, Requeue, Count)
