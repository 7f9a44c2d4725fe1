"""The event loop's side of a layer over the operations of its store, shared by Redis and memory.

Each layer defines how operations are executed without blocking, and how to wait for inbox entries.
"""

import asyncio
import logging
import math
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .capacity import Capacities
from .contract import Envelope
from .entries import EntryCodec
from .errors import DecodeError, LayerUnavailable, PartlyRefused
from .inbox import Inbox
from .inbox_events import InboxEvent
from .inbox_reads import InboxReads
from .names import random_token, split_local
from .operations.groups import RENEW_SECONDS, Join, Leave, Renew
from .operations.in_flight import Outstanding
from .operations.inboxes import INBOX_CAPACITY, CloseInbox, PushInbox
from .operations.leases import CountReaders, Expire, Lease, LeaseState, LeaseTimes, ReleaseLease
from .operations.operation import AnyOperation, Operation, Result
from .operations.queues import FENCED, Drop, Fence, Push, PushNumber
from .operations.wills import AddWills, ForgetWills

logger = logging.getLogger(__name__)

#: Entries that are decoded before other work of the event loop is done: about a millisecond.
DECODED_AT_A_TIME = 256
#: Seconds in which a message that was overtaken is awaited, before it is read from the history.
HOLE_SECONDS = 0.1
#: Groups that are announced in one round trip.
ANNOUNCED_AT_A_TIME = 1000


class BaseEdge:
    """One process's inbox, with the group index, and its way out (see `Edge`)."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, name: str = "interface") -> None:
        self.lease_times = LeaseTimes()
        self._name = name
        self._codec = codec
        self._capacities = capacities
        self._reads = InboxReads()
        #: The channels of the wills that were sent: an event on one of them is the last of its connection.
        self._will_channels: set[str] = set()
        #: Set while messages of groups with a history are to be read from it.
        self._missing = asyncio.Event()
        self._begin()

    def _begin(self) -> None:
        """Take a new name, without connections."""
        self.inbox = f"{self._name}.{random_token()}!"
        #: The inbox is registered in the store.
        self._is_announced = False
        self._open: set[str] = set()
        self._index = Inbox(self.inbox, self._codec, self._open.__contains__, self._missing)
        #: Number of the next pushes; whether they were sent and not answered; whether they are refused for good.
        self._number = 1
        self._is_unanswered = False
        self._is_fenced = False
        #: Connections whose wills are registered in the store, with these.
        self._registered: dict[str, bytes] = {}
        #: Members that left by closing and that the store still lists: group -> local parts.
        self._left: dict[str, list[str]] = {}
        #: Groups still to renew in this round, how many each second, and when some were renewed last.
        self._round: deque[str] = deque()
        self._share = 1.0
        self._renewed_at = time.monotonic()

    async def open(self) -> None:
        """Announce the inbox."""
        await self._execute([Lease(self.inbox, self.lease_times)])
        self._is_announced = True

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """Send all in one round trip, in order; say of each whether it was accepted.

        Raises:
            LayerUnavailable: unknown; the next call must pass the same envelopes.
            PartlyRefused: with what is known of each message: True, False (full), or None (refused).
        """
        positions: dict[str, list[int]] = {}
        for position, envelope in enumerate(envelopes):
            positions.setdefault(envelope.channel, []).append(position)
        pushes = [
            self._push(channel, [envelopes[position] for position in where]) for channel, where in positions.items()
        ]
        results, refusal = await self._pushed(pushes)
        for push, accepted in zip(pushes, results, strict=True):
            if push.wills and isinstance(accepted, int):
                self._note_wills(push.wills[:accepted])
        known = _accepted(positions.values(), results)
        if refusal is not None:
            raise PartlyRefused(str(refusal), known, refusal.is_clean) from refusal
        return [bool(is_accepted) for is_accepted in known]

    async def _pushed(self, pushes: Sequence[Push]) -> tuple[Sequence[object], PartlyRefused | None]:
        """Execute the pushes of one number; return the outcomes that are certain.

        Raises:
            LayerUnavailable: their outcomes are unknown; they keep the number.
        """
        results: Sequence[object]
        refusal: PartlyRefused | None = None
        try:
            results = await self._execute(pushes)
        except PartlyRefused as error:
            if self._is_unanswered and error.is_clean:  # now, and not at the first request
                raise LayerUnavailable(str(error)) from error
            results, refusal = error.results, error
        except BaseException:  # also if the process stops while it waits for the answer
            self._is_unanswered = True
            raise
        self._is_unanswered = False
        self._number += 1
        if FENCED in results:
            self._is_fenced = True
            results = [None] * len(pushes)
            refusal = PartlyRefused(f"inbox {self.inbox} had expired: its messages are refused", results, is_clean=True)
        return results, refusal

    def _push(self, channel: str, envelopes: Sequence[Envelope]) -> Push:
        bodies, changes_wills = [], channel in self._will_channels
        for envelope in envelopes:
            bodies.append(self._codec.queue_body(envelope))
            changes_wills = changes_wills or envelope.will is not None
        number = PushNumber(self.inbox, self._number)
        wills = self._wills(channel, envelopes) if changes_wills else ()
        return Push(channel, bodies, self._capacities.of(channel), number, wills)

    def _wills(self, channel: str, envelopes: Sequence[Envelope]) -> Sequence[tuple[str, bytes]]:
        """Return a pair for each envelope: the connection and the will that it registers, or takes away (empty)."""
        are_last = channel in self._will_channels
        wills = []
        for envelope in envelopes:
            local = (envelope.reply_channel or "").removeprefix(self.inbox)
            if envelope.will is not None:
                self._will_channels.add(envelope.will.channel)
                wills.append((local, self._codec.will(envelope.will)))
            else:
                wills.append((local if are_last else "", b""))
        return wills

    def _note_wills(self, wills: Sequence[tuple[str, bytes]]) -> None:
        """Note the wills that are registered in the store now, and those that no longer are."""
        for local, will in wills:
            if will:
                self._registered[local] = will
            else:
                self._registered.pop(local, None)

    async def check_turns(self, turns: Mapping[str, int], channels: Sequence[str]) -> Collection[str]:
        """Return the locals whose turns have an event that is queued or in flight; end the turns of the others."""
        records = (await self._execute([Outstanding(channels)]))[0]
        found: set[str] = set()
        for record in records:
            for begin in range(0, len(record.entries), DECODED_AT_A_TIME):
                found.update(self._locals(record.channel, record.entries[begin : begin + DECODED_AT_A_TIME]))
                await asyncio.sleep(0)
        ends = [self._codec.lost(local, turn) for local, turn in turns.items() if local not in found]
        if ends:
            # Behind their settlements, which were there before their events were not in flight any more.
            await self._execute([PushInbox(self.inbox, ends, INBOX_CAPACITY)])
        return found & turns.keys()

    def _locals(self, channel: str, entries: Sequence[bytes]) -> Iterator[str]:
        for entry in entries:
            try:
                envelope = self._codec.open_queue_entry(channel, entry, is_aged=True)
            except DecodeError:
                continue  # it is logged and counted where it is taken
            inbox, local = split_local(envelope.reply_channel or "")
            if inbox == self.inbox:
                yield local

    async def receive(self) -> Sequence[InboxEvent]:
        """Wait for the next events, at most a few seconds; joins and leaves are handled here."""
        entries = await self._read_inbox()
        self._reads.note(entries)
        events = self._index.events(entries) if entries else ()
        for group, local in self._index.pop_strays():
            self._left.setdefault(group, []).append(local)
        return events

    async def fill(self) -> Sequence[InboxEvent]:
        """Wait until messages of groups with a history are missing, and read some of them (see `Edge`)."""
        await self._missing.wait()
        lines = self._index.lines
        if lines is None:
            return ()
        if not lines.is_replaying:
            await asyncio.sleep(HOLE_SECONDS)  # most of them are on their way
        reads = lines.reads()
        pages = await self._execute(reads) if reads else ()
        if lines is not self._index.lines:
            return ()
        return [event for read, page in zip(reads, pages, strict=True) for event in lines.fill(read.group, page)]

    async def _check_heads(self) -> None:
        """Compare the newest messages of groups with a history with what was delivered: the last one may be lost."""
        lines = self._index.lines
        heads = lines.heads() if lines is not None else ()
        if lines is not None and heads:
            lines.note_heads(heads, await self._execute(heads))

    @property
    def group_count(self) -> int:
        """The number of groups that have members here."""
        return len(self._index.groups)

    def opened(self, local: str) -> None:
        """Allow a connection to join groups."""
        self._open.add(local)

    def members(self, group: str) -> Sequence[str]:
        """Return the local members of a group."""
        return self._index.members(group)

    def closed(self, local: str) -> None:
        """Take a connection out of all its groups."""
        self._open.discard(local)
        for group in self._index.remove(local):
            self._left.setdefault(group, []).append(local)

    async def renew(self) -> bool:
        """Renew the lease and a share of the groups' marks (all if the lease was lost), and write who left.

        False: the lease had expired, and this process has begun again with another inbox.
        """
        left, self._left = self._left, {}
        try:
            signs: list[AnyOperation] = [Lease(self.inbox, self.lease_times)]
            signs += [AddWills(self.inbox, {})] if not self._round else []
            state = (await self._execute([*signs, *self._leaves(left)]))[0]
            if self._is_fenced:
                state = LeaseState.EXPIRED
            if state is LeaseState.HELD:
                await self._renew_marks(self._next_share())
                await self._check_heads()
            elif state is LeaseState.NEW and self._is_announced:
                logger.warning("The layer had lost inbox %s: announcing %d groups", self.inbox, len(self._index.groups))
                await self._execute([AddWills(self.inbox, dict(self._registered))] if self._registered else [])
                await self._announce(self._index.groups)
        except Exception:
            for group, locals_ in left.items():
                self._left.setdefault(group, []).extend(locals_)
            raise
        self._is_announced = True
        if state is not LeaseState.EXPIRED:
            return True
        logger.error("The lease of inbox %s has expired: its connections are closed", self.inbox)
        self._begin()
        return False

    async def count_readers(self) -> int:
        """Return the number of readers that hold a lease."""
        return (await self._execute([CountReaders()]))[0]

    async def drop_channel(self, channel: str) -> None:
        """Forget a single-reader channel."""
        await self._execute([Drop(channel)])

    async def close(self) -> None:
        """Take the inbox and its marks out of the store; if wills are left, let it expire."""
        leaves = [Leave(group, self.inbox, self._index.members(group)) for group in self._index.groups]
        ends: list[AnyOperation] = [Fence(self.inbox), CloseInbox(self.inbox)]
        if self._registered or self._is_unanswered or self._is_fenced:
            logger.warning("Inbox %s closes with %d last wills to be published", self.inbox, len(self._registered))
            ends.append(Expire(self.inbox))
        else:
            ends += [ForgetWills(self.inbox), ReleaseLease(self.inbox)]
        await self._execute([*self._leaves(self._left), *leaves, *ends])

    def _leaves(self, left: dict[str, list[str]]) -> list[AnyOperation]:
        return [Leave(group, self.inbox, locals_) for group, locals_ in left.items()]

    def _next_share(self) -> list[str]:
        """Return the groups to renew now: each is renewed once in `RENEW_SECONDS`, also if the event loop is late."""
        now = time.monotonic()
        elapsed, self._renewed_at = min(max(now - self._renewed_at, 1.0), RENEW_SECONDS), now
        if not self._round:
            self._round.extend(self._index.groups)
            self._share = len(self._round) / RENEW_SECONDS
        return [self._round.popleft() for _ in range(min(math.ceil(self._share * elapsed), len(self._round)))]

    async def _renew_marks(self, groups: Sequence[str]) -> None:
        if groups:
            renewals: list[AnyOperation] = [Renew(group, self.inbox) for group in groups]
            records = self._index.lines.records(groups) if self._index.lines is not None else ()
            known = (await self._execute([*renewals, *records]))[: len(groups)]
            if not all(known):  # the marks of the others have expired too, or were lost
                logger.warning(
                    "Marks of inbox %s had expired: announcing %d groups", self.inbox, len(self._index.groups)
                )
                await self._announce(self._index.groups)

    async def _announce(self, groups: Sequence[str]) -> None:
        for begin in range(0, len(groups), ANNOUNCED_AT_A_TIME):
            some = groups[begin : begin + ANNOUNCED_AT_A_TIME]
            joins = [Join(group, self.inbox, members) for group in some if (members := self._index.members(group))]
            await self._execute(joins)

    @abstractmethod
    async def _execute(self, operations: Sequence[Operation[Result]]) -> Sequence[Result]:
        """Execute in order, in one round trip; one result each.

        Raises:
            LayerUnavailable: the store is unavailable; some may have been executed.
        """

    @abstractmethod
    async def _read_inbox(self) -> Sequence[bytes]:
        """Wait for inbox entries, at most a few seconds; return those there, oldest first, up to `_reads.limit`."""


def _accepted(positions: Iterable[Sequence[int]], counts: Sequence[object]) -> list[bool | None]:
    """Return of each position whether it was among the first that a push took; None where the push was refused."""
    found: dict[int, bool | None] = {}
    for where, count in zip(positions, counts, strict=True):
        for rank, position in enumerate(where):
            found[position] = rank < count if isinstance(count, int) else None
    return [found[position] for position in range(len(found))]
