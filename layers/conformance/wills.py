"""Interface servers whose lease expires: the will of each connection is published once, after its other events."""

from collections.abc import Sequence

from ..contract import ChannelLayer, Content, Edge, Envelope, Settlement, Will
from ..errors import PartlyRefused
from ..operations.leases import LeaseTimes
from .case import LayerCase

#: Leases so short that a test can wait for their end, in seconds.
SHORT = LeaseTimes(reader_lease=60, inbox_lease=0.1, silence=30, grace=0, claim=5)
#: The channels of the first event of a connection, of further ones, and of the last one.
FIRST, MORE, LAST = "first", "more", "last"


class WillCases(LayerCase):
    """`ChannelLayer.reap` of an edge that did not close, and `Edge.renew` of one whose lease has expired."""

    async def edge_of_connections(
        self, *locals_: str, times: LeaseTimes = SHORT, layer: ChannelLayer | None = None
    ) -> Edge:
        """Return an edge with these connections, whose first events have been handled."""
        (layer or self.layer).lease_times = times
        edge = await self.edge(layer)
        self.assertEqual(list(await edge.send(self.first_events(edge, locals_))), [True] * len(locals_))
        reader = self.reader(FIRST, layer=layer)
        self.take(reader, FIRST, 1000)
        reader.requeue([])
        return edge

    def event(self, channel: str, edge: Edge, local: str, will: Will | None = None, **content: object) -> Envelope:
        """Return an event of a connection."""
        return Envelope(channel, {"reply_channel": edge.inbox + local, **content}, 1, will=will)

    def will(self, edge: Edge, local: str) -> Will:
        """Return the will of a connection."""
        content = {"reply_channel": edge.inbox + local, "path": f"/{local}/", "reason": "expired", "none": None}
        return Will(LAST, content, after=(FIRST, MORE))

    def first_events(self, edge: Edge, locals_: Sequence[str]) -> list[Envelope]:
        """Return the first events of connections, with their wills."""
        return [self.event(FIRST, edge, local, self.will(edge, local)) for local in locals_]

    def last_events(self, layer: ChannelLayer | None = None) -> list[Envelope]:
        """Return the last events that are there now."""
        reader = self.reader(LAST, layer=layer)
        return [item.envelope for item in self.take(reader, LAST, 1000)]

    def reap_until_sent(self, count: int) -> list[Envelope]:
        """Reap until `count` last events were sent, and once more; return them in the order of their paths."""
        found: list[Envelope] = []

        def is_sent() -> bool:
            self.layer.reap()
            found.extend(self.last_events())
            return len(found) >= count

        self.eventually(is_sent)
        is_sent()
        return sorted(found, key=lambda envelope: str(envelope.content["path"]))

    async def test_the_wills_of_an_expired_edge_are_published_once_and_unchanged(self) -> None:
        edge = await self.edge_of_connections("a", "b")
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(2)
        self.assertEqual([envelope.content for envelope in sent], [self.will(edge, local).content for local in "ab"])
        self.assertEqual([envelope.session_state for envelope in sent], [None, None])

    async def test_wills_of_one_edge_go_to_their_own_channels_each_after_its_own_events(self) -> None:
        edge = await self.edge_of_connections("a")
        stream = Will("stream.last", {"reply_channel": f"{edge.inbox}s", "path": "/s/"}, after=("stream.first",))
        await edge.send([self.event("stream.first", edge, "s", stream), self.event("stream.first", edge, "plain")])
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap_until_sent(1)
            self.assertEqual(self.contents("stream.last"), [])
            self.assertEqual(len(self.contents("stream.first")), 2)
            found = self.eventually(self.reaped_contents)
        self.assertEqual(found, [stream.content])

    def reaped_contents(self) -> list[Content]:
        """Reap, and return what is on the channel of streams then."""
        self.layer.reap()
        return self.contents("stream.last")

    async def test_last_events_have_the_session_state_that_was_settled_last(self) -> None:
        edge = await self.edge_of_connections("a", "b", "c")
        reader = self.reader("channel")
        for state in (b"old", b"new"):
            reader.exchange(
                [Settlement([], f"{edge.inbox}a", 1, state), Settlement([], f"{edge.inbox}b", 1, state)], {}
            )
        reader.exchange([Settlement([], f"{edge.inbox}a", 1), Settlement([], f"{edge.inbox}b", 1, b"")], {})
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(3)
        self.assertEqual([envelope.session_state for envelope in sent], [b"new", None, None])

    async def test_a_connection_that_has_sent_its_last_event_has_no_will(self) -> None:
        edge = await self.edge_of_connections("a", "b")
        await edge.send([self.event(LAST, edge, "a", path="/a/", reason="closed")])
        self.assertEqual([envelope.content["reason"] for envelope in self.last_events()], ["closed"])
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(1)
        self.assertEqual([envelope.content["path"] for envelope in sent], ["/b/"])

    async def test_the_events_of_a_connection_come_before_its_will(self) -> None:
        edge = await self.edge_of_connections("a", "b", "c")
        self.layer.renew_leases([(reader := self.reader(MORE)).name])
        await edge.send([self.event(MORE, edge, local) for local in ("a", "b")])
        self.assertEqual(len(self.take(reader, MORE, 1)), 1)
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(1)
            self.assertEqual([envelope.content["path"] for envelope in sent], ["/c/"])
            reader.exchange([Settlement([], f"{edge.inbox}a", 1, b"last")], {MORE: 1})
            sent = self.reap_until_sent(1)
            self.assertEqual(
                [(envelope.content["path"], envelope.session_state) for envelope in sent], [("/a/", b"last")]
            )
            reader.requeue([])
            sent = self.reap_until_sent(1)
            self.assertEqual([envelope.content["path"] for envelope in sent], ["/b/"])

    async def test_a_full_channel_takes_wills_when_it_has_room(self) -> None:
        self.layer = layer = self.layer_with(channel_capacity={LAST: 1, FIRST: 1000, MORE: 1000})
        await self.edge_of_connections(*map(str, range(150)), layer=layer)
        layer.send(LAST, {"path": "other"})

        def is_noticed() -> bool:
            with self.assertLogs("towpath.layers", "ERROR") as logs:
                layer.reap()
                layer.renew_leases(["witness"])
            return "0 last wills are published" in logs.output[-1]

        def is_expired() -> bool:
            try:
                return is_noticed()
            except AssertionError:
                return False

        self.eventually(is_expired)
        self.assertEqual(len(self.last_events(layer)), 1)
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(150)
        self.assertEqual(len({str(envelope.content["path"]) for envelope in sent}), 150)

    async def test_an_expired_edge_begins_again_with_another_inbox(self) -> None:
        edge = await self.edge_of_connections("a")
        before = edge.inbox
        edge.opened("a")
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap_until_sent(1)
            self.assertFalse(await edge.renew())
        self.assertNotEqual(edge.inbox, before)
        self.assertTrue(await edge.renew())
        self.layer.send(f"{edge.inbox}b", {"number": 1})
        self.assertEqual(len(await self.events(edge, 1)), 1)

    async def test_the_wills_of_an_edge_that_renews_its_lease_are_not_published(self) -> None:
        await self.edge_of_connections("a", times=LeaseTimes(inbox_lease=60, silence=30, grace=0))
        self.layer.reap()
        self.assertEqual(self.last_events(), [])

    async def test_an_edge_that_closes_after_its_connections_leaves_no_wills(self) -> None:
        gone = await self.closed_edge_of_connections("gone", ends_connections=True)
        self.assertEqual([envelope.content["reply_channel"] for envelope in self.last_events()], [f"{gone}gone"])
        await self.edge_of_connections("a")
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(1)
        self.assertEqual([envelope.content["path"] for envelope in sent], ["/a/"])

    async def test_the_wills_that_an_edge_leaves_when_it_closes_are_published(self) -> None:
        await self.edge_of_connections("a")
        gone = await self.closed_edge_of_connections("gone", ends_connections=False)
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(2)
        self.assertEqual({envelope.content["path"] for envelope in sent}, {"/a/", "/gone/"})
        self.assertIn(f"{gone}gone", {envelope.content["reply_channel"] for envelope in sent})

    async def test_a_first_event_that_was_refused_leaves_no_will(self) -> None:
        self.layer = layer = self.layer_with(channel_capacity={FIRST: 1, LAST: 1000})
        edge = await self.edge_of_connections("a", layer=layer)
        self.assertEqual(list(await edge.send(self.first_events(edge, "bc"))), [True, False])
        reader = self.reader(FIRST, layer=layer)
        self.take(reader, FIRST)
        reader.requeue([])
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(2)
        self.assertEqual({envelope.content["path"] for envelope in sent}, {"/a/", "/b/"})

    async def test_events_of_an_expired_edge_are_refused(self) -> None:
        edge = await self.edge_of_connections("a")
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap_until_sent(1)
        with self.assertRaises(PartlyRefused) as refusal:
            await edge.send([self.event(MORE, edge, "a", text="late")])
        self.assertTrue(refusal.exception.is_clean)
        self.assertEqual(self.contents(MORE), [])
        with self.assertLogs("towpath.layers", "ERROR"):
            self.assertFalse(await edge.renew())
        self.assertEqual(list(await edge.send([self.event(MORE, edge, "b", text="new")])), [True])

    async def closed_edge_of_connections(self, *locals_: str, ends_connections: bool) -> str:
        """Return the inbox of an edge that has closed, with these connections, whose first events have been handled."""
        edge = self.layer.edge()
        await edge.open()
        await edge.send(self.first_events(edge, locals_))
        reader = self.reader(FIRST)
        self.take(reader, FIRST)
        reader.requeue([])
        if ends_connections:
            await edge.send([self.event(LAST, edge, local, path=f"/{local}/") for local in locals_])
        await edge.close()
        return edge.inbox
