"""Groups at the edge: one event for all members of a process, joins and leaves in order with messages."""

from ..contract import Edge
from ..inbox_events import Grouped, InboxEvent, Replies
from .case import LayerCase


class EdgeGroupCases(LayerCase):
    """`Edge.receive` of group messages, `opened`, `closed`, `renew`."""

    async def edge_with(self, *locals_: str) -> Edge:
        """Return an edge on which these connections are open."""
        edge = await self.edge()
        for local in locals_:
            edge.opened(local)
        return edge

    def join(self, edge: Edge, *locals_: str) -> None:
        """Let connections join the group, as a worker does."""
        for local in locals_:
            self.layer.group_add("group", edge.inbox + local)

    async def events_before_mark(self, edge: Edge) -> list[InboxEvent]:
        """Return all events that were sent until now."""
        self.layer.send(f"{edge.inbox}mark", {})
        events: list[InboxEvent] = []
        while Replies("mark", ({},)) not in events:
            events += await self.events(edge, 1)
        return [event for event in events if event != Replies("mark", ({},))]

    async def test_a_group_message_is_one_event_for_all_members(self) -> None:
        locals_ = [f"c{number}" for number in range(500)]
        edge = await self.edge_with(*locals_)
        self.join(edge, *locals_)
        self.layer.send_group("group", {"number": 1})
        [event] = await self.events_before_mark(edge)
        assert isinstance(event, Grouped)
        self.assertEqual((event.group, event.content), ("group", {"number": 1}))
        self.assertCountEqual(event.locals, locals_)

    async def test_each_process_gets_its_own_members(self) -> None:
        edge, other = await self.edge_with("a", "b"), await self.edge_with("a")
        self.join(edge, "a", "b")
        self.join(other, "a")
        self.layer.send_group("group", {})
        self.assertEqual([event.locals for event in await self.grouped(edge)], [("a", "b")])
        self.assertEqual([event.locals for event in await self.grouped(other)], [("a",)])

    async def grouped(self, edge: Edge) -> list[Grouped]:
        """Return the group messages sent until now; locals are compared as tuples in order."""
        events = [event for event in await self.events_before_mark(edge) if isinstance(event, Grouped)]
        return [Grouped(event.group, tuple(sorted(event.locals)), event.content) for event in events]

    async def test_a_join_counts_for_every_later_send_and_no_earlier_one(self) -> None:
        edge = await self.edge_with("a", "b")
        self.join(edge, "a")
        self.layer.send_group("group", {"number": 1})
        self.join(edge, "b")
        self.layer.send_group("group", {"number": 2})
        found = [(event.content["number"], event.locals) for event in await self.grouped(edge)]
        self.assertEqual(found, [(1, ("a",)), (2, ("a", "b"))])

    async def test_a_discard_counts_for_every_later_send(self) -> None:
        edge = await self.edge_with("a", "b")
        self.join(edge, "a", "b")
        self.layer.send_group("group", {"number": 1})
        self.layer.group_discard("group", f"{edge.inbox}a")
        self.layer.send_group("group", {"number": 2})
        found = [(event.content["number"], event.locals) for event in await self.grouped(edge)]
        self.assertEqual(found, [(1, ("a", "b")), (2, ("b",))])

    async def test_a_closed_connection_is_in_no_group(self) -> None:
        edge = await self.edge_with("a", "b")
        self.join(edge, "a", "b")
        await self.events_before_mark(edge)
        edge.closed("a")
        self.layer.send_group("group", {})
        self.assertEqual([event.locals for event in await self.grouped(edge)], [("b",)])
        await edge.renew()
        self.assertEqual(self.layer.group_channels("group"), [f"{edge.inbox}b"])

    async def test_when_the_last_connection_has_closed_the_group_is_empty(self) -> None:
        edge = await self.edge_with("a")
        self.join(edge, "a")
        await self.events_before_mark(edge)
        edge.closed("a")
        await edge.renew()
        self.assertEqual(self.layer.group_channels("group"), [])
        self.layer.send_group("group", {})
        self.assertEqual(await self.events_before_mark(edge), [])

    async def test_a_connection_that_is_gone_cannot_join(self) -> None:
        edge = await self.edge_with("a", "gone")
        edge.closed("gone")
        self.join(edge, "a", "gone", "never-there")
        self.layer.send_group("group", {})
        self.assertEqual([event.locals for event in await self.grouped(edge)], [("a",)])
        await edge.renew()
        self.assertEqual(self.layer.group_channels("group"), [f"{edge.inbox}a"])

    async def test_a_connection_that_closes_before_its_join_is_read_is_not_listed_for_long(self) -> None:
        edge = await self.edge_with("a")
        self.join(edge, "a")
        edge.closed("a")
        await self.events_before_mark(edge)
        await edge.renew()
        self.assertEqual(self.layer.group_channels("group"), [])

    async def test_renewing_keeps_members(self) -> None:
        edge = await self.edge_with("a", "b")
        self.join(edge, "a", "b")
        await self.events_before_mark(edge)
        for _ in range(25):
            await edge.renew()
        self.assertCountEqual(self.layer.group_channels("group"), [f"{edge.inbox}a", f"{edge.inbox}b"])

    async def test_groups_are_announced_again_after_the_store_lost_them(self) -> None:
        edge = await self.edge_with("a", "b")
        self.join(edge, "a", "b")
        await self.events_before_mark(edge)
        self.layer.flush()
        await edge.renew()
        self.assertCountEqual(self.layer.group_channels("group"), [f"{edge.inbox}a", f"{edge.inbox}b"])
        self.layer.send_group("group", {"number": 1})
        self.assertEqual([event.locals for event in await self.grouped(edge)], [("a", "b")])

    async def test_a_group_of_plain_channels_and_connections_reaches_both(self) -> None:
        edge = await self.edge_with("a")
        self.join(edge, "a")
        self.layer.group_add("group", "channel")
        self.layer.send_group("group", {"number": 1})
        self.assertEqual(self.contents("channel"), [{"number": 1}])
        self.assertEqual(await self.grouped(edge), [Grouped("group", ("a",), {"number": 1})])
