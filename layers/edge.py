"""The event loop's side of a layer over the operations of its store: everything that Redis and memory share.

A layer adds how operations are executed without blocking and how inbox entries are waited for.
"""

import logging
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence

from .capacity import Capacities
from .contract import Envelope, InboxEvent
from .entries import EntryCodec
from .errors import PartlyRefused
from .inbox import Inbox
from .lives import Lease, Life, LifeTimes, Retire
from .names import random_token
from .operations import RENEW_SECONDS, ChannelState, CloseInbox, Drop, Join, Leave, Operation, Push, Renew, Statistics
from .sockets import CONNECT, ForgetSockets, OpenSockets

logger = logging.getLogger(__name__)


class BaseEdge:
    """One process's inbox, with the group index, and its way out (see `Edge`)."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, name: str = "interface") -> None:
        self.life_times = LifeTimes()
        self._name = name
        self._codec = codec
        self._capacities = capacities
        self._begin()

    def _begin(self) -> None:
        """Take a new name, and know of no connections."""
        self.inbox = f"{self._name}.{random_token()}!"
        #: The store has heard of this inbox.
        self._is_announced = False
        self._open: set[str] = set()
        self._index = Inbox(self.inbox, self._codec, self._open.__contains__)
        self._sockets = OpenSockets(self.inbox, self._codec)
        #: Members that left by closing and that the store still lists: group -> local parts.
        self._left: dict[str, list[str]] = {}
        #: Groups still to renew in this round, and how many each second.
        self._round: deque[str] = deque()
        self._share = 1

    async def open(self) -> None:
        """Announce the inbox."""
        await self._execute([Lease(self.inbox, self.life_times)])
        self._is_announced = True

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """Send all in one round trip, in order; say of each whether it was accepted.

        Raises:
            PartlyRefused: with what is known of each message: True, False (full), or None (refused).
        """
        positions: dict[str, list[int]] = {}
        for position, envelope in enumerate(envelopes):
            positions.setdefault(envelope.channel, []).append(position)
        pushes = [
            Push(
                channel,
                [self._codec.queue_body(envelopes[position]) for position in where],
                self._capacities.of(channel),
            )
            for channel, where in positions.items()
        ]
        changes = self._sockets.changes(envelopes, positions)
        try:
            results = await self._execute([*changes, *pushes])
        except PartlyRefused as error:
            known = _accepted(positions.values(), error.results[len(changes) :])
            if error.is_clean:
                self._refuse_connects(envelopes, known)
            raise PartlyRefused(str(error), known, error.is_clean) from error
        known = _accepted(positions.values(), results[len(changes) :])
        self._refuse_connects(envelopes, known)
        return [bool(is_accepted) for is_accepted in known]

    async def receive(self) -> Sequence[InboxEvent]:
        """Wait for the next events, at most a few seconds; joins and leaves are handled here."""
        entries = await self._read_inbox()
        events = self._index.events(entries) if entries else ()
        for group, local in self._index.pop_strays():
            self._left.setdefault(group, []).append(local)
        return events

    def opened(self, local: str) -> None:
        """Let a connection join groups."""
        self._open.add(local)

    def closed(self, local: str) -> None:
        """Take a connection out of all its groups."""
        self._open.discard(local)
        for group in self._index.remove(local):
            self._left.setdefault(group, []).append(local)

    async def renew(self) -> bool:
        """Renew the lease and a share of the groups' marks (all if the lease was lost), and write who left.

        False: others have taken this process for dead, so that it has begun again, with another inbox.
        """
        left, self._left = self._left, {}
        try:
            signs: list[Operation] = [Lease(self.inbox, self.life_times)]
            signs += [self._sockets.keep()] if not self._round else []
            life = (await self._execute([*signs, *self._leaves(left)]))[0]
            if life is Life.KNOWN:
                await self._renew_marks(self._next_share())
            elif life is Life.NEW and self._is_announced:
                logger.warning("The layer had lost inbox %s: announcing %d groups", self.inbox, len(self._index.groups))
                await self._execute(self._sockets.again())
                await self._announce(self._index.groups)
        except Exception:
            for group, locals_ in left.items():
                self._left.setdefault(group, []).extend(locals_)
            raise
        self._is_announced = True
        if life is not Life.DEAD:
            return True
        logger.error("Inbox %s was taken for dead: its connections are over", self.inbox)
        self._begin()
        return False

    async def waiting(self, channels: Sequence[str]) -> int:
        """Return how many messages wait on channels, together."""
        states = await self._execute([Statistics(channel) for channel in channels])
        return sum(state.pending for state in states if isinstance(state, ChannelState))

    async def drop_channel(self, channel: str) -> None:
        """Forget a single-reader channel."""
        await self._execute([Drop(channel)])

    async def close(self) -> None:
        """Take the inbox and its marks out of the store, and give up the connections."""
        leaves = [Leave(group, self.inbox, self._index.members(group)) for group in self._index.groups]
        ends: list[Operation] = [ForgetSockets(self.inbox), CloseInbox(self.inbox), Retire(self.inbox)]
        await self._execute([*self._leaves(self._left), *leaves, *ends])

    def _refuse_connects(self, envelopes: Sequence[Envelope], accepted: Sequence[bool | None]) -> None:
        for envelope, is_accepted in zip(envelopes, accepted, strict=True):
            if envelope.channel == CONNECT and not is_accepted:
                self._sockets.refuse(envelope)

    def _leaves(self, left: dict[str, list[str]]) -> list[Operation]:
        return [Leave(group, self.inbox, locals_) for group, locals_ in left.items()]

    def _next_share(self) -> list[str]:
        """Return the groups to renew this second: each comes round once in `RENEW_SECONDS`."""
        if not self._round:
            self._round.extend(self._index.groups)
            self._share = -(-len(self._round) // RENEW_SECONDS)
        return [self._round.popleft() for _ in range(min(self._share, len(self._round)))]

    async def _renew_marks(self, groups: Sequence[str]) -> None:
        if groups:
            known = await self._execute([Renew(group, self.inbox) for group in groups])
            await self._announce([group for group, is_known in zip(groups, known, strict=True) if not is_known])

    async def _announce(self, groups: Sequence[str]) -> None:
        joins = [Join(group, self.inbox, members) for group in groups if (members := self._index.members(group))]
        if joins:
            await self._execute(joins)

    @abstractmethod
    async def _execute(self, operations: Sequence[Operation]) -> Sequence[object]:
        """Execute in order, in one round trip; one result each.

        Raises:
            LayerUnavailable: the store is away; some may have been executed.
        """

    @abstractmethod
    async def _read_inbox(self) -> Sequence[bytes]:
        """Wait for inbox entries, at most a few seconds; return those there, oldest first."""


def _accepted(positions: Iterable[Sequence[int]], counts: Sequence[object]) -> list[bool | None]:
    """Return of each position whether it was among the first that a push took; None where the push was refused."""
    found: dict[int, bool | None] = {}
    for where, count in zip(positions, counts, strict=True):
        for rank, position in enumerate(where):
            found[position] = rank < count if isinstance(count, int) else None
    return [found[position] for position in range(len(found))]
