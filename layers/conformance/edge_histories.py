"""Groups with a history at the edge: one order for all members, replays, gaps."""

import asyncio
from collections.abc import Sequence
from typing import Any

from ..contract import ChannelLayer, Edge
from ..errors import BadPosition, NoHistory
from ..inbox_events import Gap, Grouped, InboxEvent
from .case import PATIENCE_SECONDS, LayerCase


class EdgeHistoryCases(LayerCase):
    """`Edge.receive` and `Edge.fill` of groups with a history, `group_add_since`."""

    def setUp(self) -> None:
        super().setUp()
        bounds = {"messages": 100, "seconds": 60}
        self.history_layer = self.layer_with(group_history={"room": bounds}, position_keys=["a key"])

    async def edge_of(self, *locals_: str) -> Edge:
        """Return an edge on which these connections are open."""
        edge = await self.edge(self.history_layer)
        for local in locals_:
            edge.opened(local)
        return edge

    def publish(self, *numbers: int) -> None:
        """Send messages with these numbers to the group."""
        for number in numbers:
            self.history_layer.send_group("room", {"number": number})

    async def delivered(self, edge: Edge, local: str, count: int) -> list[Any]:
        """Return what a connection gets until it has `count` messages and gaps: numbers, None for a gap."""
        found: list[Any] = []

        def note(events: Sequence[InboxEvent]) -> None:
            for event in events:
                if isinstance(event, (Grouped, Gap)) and local in event.locals:
                    found.append(event.content["number"] if isinstance(event, Grouped) else None)

        async def fill() -> None:
            while True:
                note(await edge.fill())

        async def read() -> None:
            while len(found) < count:
                self.history_layer.send(f"{edge.inbox}awake", {})  # a read that waits ends
                note(await edge.receive())
                await asyncio.sleep(0)  # a layer in memory never waits

        filling = asyncio.create_task(fill())
        try:
            await asyncio.wait_for(read(), PATIENCE_SECONDS)
        finally:
            filling.cancel()
        return found

    async def test_messages_are_delivered_with_their_positions(self) -> None:
        edge = await self.edge_of("a")
        self.history_layer.group_add("room", f"{edge.inbox}a")
        self.publish(1, 2)
        events = [event for event in await self.events(edge, 2) if isinstance(event, Grouped)]
        self.assertEqual([event.content["number"] for event in events], [1, 2])
        positions = [event.position for event in events]
        assert positions[0] is not None and positions[1] is not None
        self.assertEqual(positions[0].epoch, positions[1].epoch)
        self.assertEqual([position.offset for position in positions if position], [1, 2])

    async def test_a_join_since_a_position_replays_what_came_after_it_and_then_what_follows(self) -> None:
        edge = await self.edge_of("a", "b")
        self.history_layer.group_add("room", f"{edge.inbox}a")
        self.publish(1)
        position = self.history_layer.group_position("room")
        self.publish(*range(2, 81))
        self.assertEqual(await self.delivered(edge, "a", 80), list(range(1, 81)))
        self.assertTrue(self.history_layer.group_add_since("room", f"{edge.inbox}b", position))
        self.publish(81, 82)
        self.assertEqual(await self.delivered(edge, "b", 81), list(range(2, 83)))

    async def test_the_first_member_of_a_process_can_join_since_a_position_of_another(self) -> None:
        position = self.history_layer.group_position("room")
        self.publish(1, 2)
        edge = await self.edge_of("a")
        self.assertTrue(self.history_layer.group_add_since("room", f"{edge.inbox}a", position))
        self.publish(3)
        self.assertEqual(await self.delivered(edge, "a", 3), [1, 2, 3])

    async def test_a_join_since_a_position_that_is_not_kept_is_a_gap(self) -> None:
        position = self.history_layer.group_position("room")
        self.publish(*range(101))
        edge = await self.edge_of("a")
        self.assertFalse(self.history_layer.group_add_since("room", f"{edge.inbox}a", position))
        self.publish(101)
        self.assertEqual(await self.delivered(edge, "a", 2), [None, 101])

    async def test_a_join_since_a_position_of_a_lost_epoch_is_a_gap(self) -> None:
        position = self.history_layer.group_position("room")
        self.history_layer.flush()
        edge = await self.edge_of("a")
        self.assertFalse(self.history_layer.group_add_since("room", f"{edge.inbox}a", position))
        self.publish(1)
        self.assertEqual(await self.delivered(edge, "a", 2), [None, 1])

    async def test_a_join_since_an_invalid_position_is_refused_and_no_member_is_added(self) -> None:
        edge = await self.edge_of("a")
        with self.assertRaises(BadPosition):
            self.history_layer.group_add_since("room", f"{edge.inbox}a", "forged")
        with self.assertRaises(NoHistory):
            self.history_layer.group_add_since("other", f"{edge.inbox}a", "forged")
        with self.assertRaises(ValueError):
            self.history_layer.group_add_since("room", "plain", self.history_layer.group_position("room"))
        self.assertEqual(self.history_layer.group_channels("room"), [])

    async def test_all_processes_deliver_the_messages_of_many_senders_in_one_order(self) -> None:
        edges = [await self.edge_of("a"), await self.edge_of("a")]
        for edge in edges:
            self.history_layer.group_add("room", f"{edge.inbox}a")

        def send(layer: ChannelLayer, sender: int) -> None:
            for number in range(20):
                layer.send_group("room", {"number": [sender, number]})

        for sender in range(4):
            self.in_thread(lambda sender=sender: send(self.history_layer, sender))  # type: ignore[misc]
        orders = [await self.delivered(edge, "a", 80) for edge in edges]
        self.assertEqual(orders[0], orders[1])
        for sender in range(4):
            self.assertEqual([number for by, number in orders[0] if by == sender], list(range(20)))
