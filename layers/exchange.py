"""A worker thread's exchange with the store: write what is owed, take what is next. Shared by all layers.

A layer adds how operations are executed and how a wait ends.
"""

import logging
import random
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from .contract import Owed, Received, Taken
from .entries import EntryCodec, Kind, is_expired
from .errors import DecodeError, LayerUnavailable, PartlyRefused
from .lives import Release, Retire
from .names import check_channel_name, new_reader_name
from .operations import INBOX_CAPACITY, Batch, Count, Marks, Operation, Push, PushInbox, PutBack, Take
from .plan import Plan, Planner, inbox_entries, plain_member_sends
from .sending import Sender
from .sockets import Remember

logger = logging.getLogger(__name__)

#: How long a held send to a full channel is retried before it is dropped, and how often, in seconds (1.x: 2 and 0.2).
INSIST_SECONDS = 2.0
INSIST_PAUSE_SECONDS = 0.05


class Waiting(NamedTuple):
    """A take that waits until one of its channels holds something, at most so many seconds."""

    take: Take
    seconds: float


class BaseReader:
    """The life of `Reader.exchange`: first named channels and group look-ups, if any; then inboxes and the take."""

    def __init__(self, channels: Sequence[str], codec: EntryCodec, sender: Sender) -> None:
        self._channels = [check_channel_name(channel) for channel in channels]
        random.shuffle(self._channels)
        self.name = new_reader_name()
        self._codec = codec
        self._sender = sender
        self._planner = Planner(codec)
        #: Settlements whose write failed: the next exchange writes them again. Writing one twice does no harm.
        self._kept: dict[str, list[bytes]] = {}
        #: The same with the states that go with them.
        self._states: list[Remember] = []
        #: What was expired, undecodable or dropped: written with the next exchange.
        self._counts: list[Count] = []
        #: What the store gave while it refused what was owed: the next exchange that works hands it out.
        self._stranded: list[Batch] = []
        #: The last batch held more than one message.
        self._is_busy = False

    def exchange(self, owed: Sequence[Owed], limits: Mapping[str, int], block_seconds: float = 0) -> Received:
        """Write what is owed, then take messages (see `Reader`)."""
        stranded = next((batch for batch in self._stranded if limits.get(batch.channel, 0) > 0), None)
        operations = [*self._settling(owed), *self._counts]
        take = self._take(limits) if stranded is None else None
        if take is None:
            self._write(operations)
            batch = stranded
            if stranded is not None:
                self._stranded.remove(stranded)
        else:
            batch = self._taken(operations, take, block_seconds)
        return self._received(batch) if batch is not None else Received()

    def _taken(self, operations: list[Operation], take: Take, block_seconds: float) -> Batch | None:
        """Write, and take what is there; wait for it if there is nothing.

        Where messages come one at a time, what is owed and the wait are one round trip. Where they come faster, a take
        that finds nothing goes before the wait: what comes meanwhile makes the next batch larger, which costs less.
        """
        batch = None
        if self._is_busy or block_seconds <= 0:
            batch = cast("Batch | None", self._write([*operations, take])[-1])
            operations = []
        else:
            operations.append(Release(self.name))  # while it waits, nothing is in its hand
        if batch is None and block_seconds > 0:
            self._write(operations, Waiting(take, block_seconds))
            batch = self._waited()
        self._is_busy = batch is not None and len(batch.entries) > 1
        return batch

    def give_back(self, taken: Sequence[Taken]) -> None:
        """Put messages back to the front of their channels, in the order given."""
        entries: dict[str, list[bytes]] = {}
        for item in taken:
            entries.setdefault(item.envelope.channel, []).append(item.raw)
        self._execute([*(PutBack(channel, raws) for channel, raws in entries.items()), Release(self.name)])

    def close(self) -> None:
        """Write settlements and counts that are still kept, give back what was not handed out, and leave the living."""
        put_back = [PutBack(batch.channel, batch.entries) for batch in self._stranded]
        self._write([*self._settling(()), *self._counts, *put_back, Release(self.name), Retire(self.name)])
        self._stranded.clear()

    @abstractmethod
    def wake(self) -> None:
        """End a wait in another thread."""

    @abstractmethod
    def _execute(self, operations: Sequence[Operation], then: "Waiting | None" = None) -> Sequence[object]:
        """Execute in order, in one round trip; one result each. `then` a wait begins, which `_waited` ends.

        Raises:
            LayerUnavailable: some may have been executed. No wait has begun then; what one gave is the last of
                `PartlyRefused.results`.
        """

    @abstractmethod
    def _waited(self) -> Batch | None:
        """Return what the wait that has begun gives; None after its time, or `wake`.

        Raises:
            LayerUnavailable: the store has gone meanwhile; what was executed before was executed.
        """

    def _settling(self, owed: Sequence[Owed]) -> list[Operation]:
        """Do the first step of writing `owed`; return the operations of the second."""
        if not owed and not self._kept:
            return []
        plan = self._planner.plan(owed)
        marks = self._first_step(plan) if plan.queues or plan.groups else {}
        entries, self._kept = self._kept, {}
        for inbox, new in inbox_entries(plan, marks).items():
            entries.setdefault(inbox, []).extend(new)
        pushes: list[Operation] = list(self._sender.pushes(plain_member_sends(plan, marks))) if marks else []
        states, self._states = [*self._states, *plan.states], []
        return [*pushes, *(PushInbox(inbox, new, INBOX_CAPACITY) for inbox, new in entries.items()), *states]

    def _first_step(self, plan: Plan) -> dict[str, Sequence[str]]:
        pushes = self._sender.queue_pushes(plan)
        look_ups = [Marks(group) for group in plan.groups]
        try:
            results = self._execute([*pushes, *look_ups])
            self._insist(pushes, results)
        except LayerUnavailable:
            self._keep(inbox_entries(plan, dict.fromkeys(plan.groups, ())))
            self._states += plan.states
            raise
        return self._sender.marks(look_ups, results[len(pushes) :])

    def _insist(self, pushes: Sequence[Push], results: Sequence[object]) -> None:
        """Retry what full channels refused for a while, then drop it: counted and logged."""
        refused = self._sender.refused(pushes, results)
        deadline = time.monotonic() + INSIST_SECONDS
        while refused and time.monotonic() < deadline:
            time.sleep(INSIST_PAUSE_SECONDS)
            refused = self._sender.refused(refused, self._execute(refused))
        for push in refused:
            self._counts.append(Count(push.channel, "dropped", len(push.bodies)))
            logger.error(
                "Dropped %d held messages: channel %r stayed full for %s seconds (capacity %d)",
                len(push.bodies),
                push.channel,
                INSIST_SECONDS,
                push.capacity,
            )

    def _write(self, operations: Sequence[Operation], then: "Waiting | None" = None) -> Sequence[object]:
        if not operations and then is None:
            return ()
        try:
            results = self._execute(operations, then)
        except LayerUnavailable as error:
            if isinstance(error, PartlyRefused) and error.results and isinstance(error.results[-1], Batch):
                self._stranded.append(error.results[-1])
            self._keep({push.inbox: list(push.entries) for push in operations if isinstance(push, PushInbox)})
            self._states += [operation for operation in operations if isinstance(operation, Remember)]
            raise
        self._counts.clear()
        self._sender.log_refused_deliveries(operations, results)
        return results

    def _keep(self, entries: Mapping[str, Sequence[bytes]]) -> None:
        """Keep settlements for the next exchange. Other entries may have arrived: they go at most once."""
        lost = 0
        for inbox, new in entries.items():
            settlements = [entry for entry in new if entry[:1] == Kind.SETTLED]
            lost += len(new) - len(settlements)
            if settlements:
                self._kept.setdefault(inbox, []).extend(settlements)
        if lost:
            logger.warning("The layer went away while %d deliveries and group messages were written to it", lost)

    def _take(self, limits: Mapping[str, int]) -> Take | None:
        """Ask first who has given nothing for the longest time: no channel waits for two batches of another."""
        wanted = tuple([channel for channel in self._channels if limits.get(channel, 0) > 0])
        return Take(wanted, tuple([limits[channel] for channel in wanted]), self.name) if wanted else None

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
        return Received(taken, expired)
