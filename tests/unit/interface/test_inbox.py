"""The dispatch of inbox events: what is read from histories and from the inbox reaches members in one order."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from towpath.interface.counters import Count, Counters
from towpath.interface.inbox import MEMBERS_AT_A_TIME, Inbox
from towpath.layers.errors import LayerUnavailable
from towpath.layers.history.positions import Position
from towpath.layers.inbox_events import Gap, Grouped, InboxEvent


class Member:
    """A connection that notes what it gets; it is its own conversation and owner."""

    is_closed = False

    def __init__(self) -> None:
        self.owner = self
        self.got: list[Any] = []

    def deliver_group(self, message: Any) -> None:
        self.got.append(message.content["number"])


class ScriptedEdge:
    """An edge that returns what the test says, or raises it."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[Sequence[InboxEvent]] = asyncio.Queue()
        self.filled: asyncio.Queue[Sequence[InboxEvent] | Exception] = asyncio.Queue()

    async def receive(self) -> Sequence[InboxEvent]:
        return await self.received.get()

    async def fill(self) -> Sequence[InboxEvent]:
        found = await self.filled.get()
        if isinstance(found, Exception):
            raise found
        return found


class Scene:
    """An inbox of many members of one group."""

    def __init__(self, count: int) -> None:
        self.members = {f"m{number}": Member() for number in range(count)}
        self.edge = ScriptedEdge()
        self.away: list[Exception] = []
        availability = SimpleNamespace(went_away=self.away.append, wait_until_back=self._back)
        self.hub: Any = SimpleNamespace(
            edge=self.edge, counters=Counters(), connections=self.members, availability=availability, clock=None
        )
        self.inbox = Inbox(self.hub)

    async def _back(self) -> None:
        return

    def message(self, number: int, *locals_: str) -> Grouped:
        return Grouped("room", locals_ or tuple(self.members), {"number": number}, None, Position("epoch", number))

    async def until(self, count: int) -> None:
        """Let both readers run until the last member has `count` messages."""
        tasks = [asyncio.create_task(self.inbox.read()), asyncio.create_task(self.inbox.fill())]
        last = list(self.members.values())[-1]
        for _ in range(10_000):
            if len(last.got) >= count and not self.edge.filled.qsize():
                break
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_a_message_from_the_history_does_not_overtake_one_of_the_inbox_that_is_being_dispatched() -> None:
    async def scene() -> None:
        room = Scene(3 * MEMBERS_AT_A_TIME)
        last = list(room.members)[-1]
        room.edge.received.put_nowait([room.message(1)])
        room.edge.filled.put_nowait([room.message(2, last)])
        await room.until(2)
        assert room.members[last].got == [1, 2]

    asyncio.run(scene())


def test_gaps_are_counted_by_member_and_a_store_that_is_unavailable_is_waited_for() -> None:
    async def scene() -> None:
        room = Scene(2)
        room.edge.filled.put_nowait(LayerUnavailable("away"))
        room.edge.filled.put_nowait([Gap("room", ("m0", "m1"), Position("epoch", 3)), room.message(4)])
        await room.until(1)
        assert room.hub.counters.totals[Count.HISTORY_GAPS] == 2
        assert len(room.away) == 1

    asyncio.run(scene())
