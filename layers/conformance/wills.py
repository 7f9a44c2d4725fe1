"""Interface servers whose lease expires: each of their sockets is disconnected once, after its other events."""

from ..contract import ChannelLayer, Edge, Envelope, Settlement
from ..errors import PartlyRefused
from ..operations.leases import LeaseTimes
from .case import LayerCase

#: Leases so short that a test can wait for their end, in seconds.
SHORT = LeaseTimes(reader_lease=60, inbox_lease=0.1, silence=30, grace=0, claim=5)


class WillCases(LayerCase):
    """`ChannelLayer.reap` of an edge that did not close, and `Edge.renew` of one whose lease has expired."""

    async def edge_of_sockets(
        self, *locals_: str, times: LeaseTimes = SHORT, layer: ChannelLayer | None = None
    ) -> Edge:
        """Return an edge with these sockets, whose connects have been handled."""
        (layer or self.layer).lease_times = times
        edge = await self.edge(layer)
        connects = [self.event("websocket.connect", edge, local, path=f"/{local}/") for local in locals_]
        self.assertEqual(list(await edge.send(connects)), [True] * len(locals_))
        reader = self.reader("websocket.connect", layer=layer)
        self.take(reader, "websocket.connect", 1000)
        reader.requeue([])
        return edge

    def event(self, channel: str, edge: Edge, local: str, **content: object) -> Envelope:
        """Return an event of a socket."""
        return Envelope(channel, {"reply_channel": edge.inbox + local, **content}, 1)

    def last_events(self, layer: ChannelLayer | None = None) -> list[Envelope]:
        """Return the last events that are there now."""
        reader = self.reader("websocket.disconnect", layer=layer)
        return [item.envelope for item in self.take(reader, "websocket.disconnect", 1000)]

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

    async def test_the_sockets_of_an_expired_edge_are_disconnected_once(self) -> None:
        edge = await self.edge_of_sockets("a", "b")
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(2)
        contents = [
            {"reply_channel": f"{edge.inbox}{local}", "path": f"/{local}/", "code": 1006} for local in ("a", "b")
        ]
        self.assertEqual([envelope.content for envelope in sent], contents)
        self.assertEqual([envelope.session_state for envelope in sent], [None, None])

    async def test_last_events_have_the_session_state_that_was_settled_last(self) -> None:
        edge = await self.edge_of_sockets("a", "b", "c")
        reader = self.reader("channel")
        for state in (b"old", b"new"):
            reader.exchange(
                [Settlement([], f"{edge.inbox}a", 1, state), Settlement([], f"{edge.inbox}b", 1, state)], {}
            )
        reader.exchange([Settlement([], f"{edge.inbox}a", 1), Settlement([], f"{edge.inbox}b", 1, b"")], {})
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(3)
        self.assertEqual([envelope.session_state for envelope in sent], [b"new", None, None])

    async def test_sockets_that_were_disconnected_before_are_not_disconnected_again(self) -> None:
        edge = await self.edge_of_sockets("a", "b")
        await edge.send([self.event("websocket.disconnect", edge, "a", path="/a/", code=1000)])
        self.assertEqual([envelope.content["code"] for envelope in self.last_events()], [1000])
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(1)
        self.assertEqual([envelope.content["path"] for envelope in sent], ["/b/"])

    async def test_the_events_of_a_socket_come_before_its_last_one(self) -> None:
        edge = await self.edge_of_sockets("a", "b", "c")
        self.layer.renew_leases([(reader := self.reader("websocket.receive")).name])
        await edge.send([self.event("websocket.receive", edge, local) for local in ("a", "b")])
        self.assertEqual(len(self.take(reader, "websocket.receive", 1)), 1)
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(1)
            self.assertEqual([envelope.content["path"] for envelope in sent], ["/c/"])
            reader.exchange([Settlement([], f"{edge.inbox}a", 1, b"last")], {"websocket.receive": 1})
            sent = self.reap_until_sent(1)
            self.assertEqual(
                [(envelope.content["path"], envelope.session_state) for envelope in sent], [("/a/", b"last")]
            )
            reader.requeue([])
            sent = self.reap_until_sent(1)
            self.assertEqual([envelope.content["path"] for envelope in sent], ["/b/"])

    async def test_a_full_channel_takes_last_events_when_it_has_room(self) -> None:
        self.layer = layer = self.layer_with(channel_capacity={"websocket.disconnect": 1, "websocket.*": 1000})
        await self.edge_of_sockets(*map(str, range(150)), layer=layer)
        layer.send("websocket.disconnect", {"path": "other"})

        def is_noticed() -> bool:
            with self.assertLogs("towpath.layers", "ERROR") as logs:
                layer.reap()
                layer.renew_leases(["witness"])
            return "disconnected 0" in logs.output[-1]

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
        edge = await self.edge_of_sockets("a")
        before = edge.inbox
        edge.opened("a")
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap_until_sent(1)
            self.assertFalse(await edge.renew())
        self.assertNotEqual(edge.inbox, before)
        self.assertTrue(await edge.renew())
        self.layer.send(f"{edge.inbox}b", {"number": 1})
        self.assertEqual(len(await self.events(edge, 1)), 1)

    async def test_an_edge_that_renews_its_lease_keeps_its_sockets(self) -> None:
        await self.edge_of_sockets("a", times=LeaseTimes(inbox_lease=60, silence=30, grace=0))
        self.layer.reap()
        self.assertEqual(self.last_events(), [])

    async def test_an_edge_that_closes_after_its_sockets_leaves_none(self) -> None:
        gone = await self.closed_edge_of_sockets("gone", disconnects=True)
        self.assertEqual([envelope.content["reply_channel"] for envelope in self.last_events()], [f"{gone}gone"])
        await self.edge_of_sockets("a")
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(1)
        self.assertEqual([envelope.content["path"] for envelope in sent], ["/a/"])

    async def test_sockets_that_an_edge_leaves_when_it_closes_are_disconnected(self) -> None:
        await self.edge_of_sockets("a")
        gone = await self.closed_edge_of_sockets("gone", disconnects=False)
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(2)
        self.assertEqual({envelope.content["path"] for envelope in sent}, {"/a/", "/gone/"})
        self.assertIn(f"{gone}gone", {envelope.content["reply_channel"] for envelope in sent})

    async def test_a_connect_that_was_refused_leaves_no_socket(self) -> None:
        self.layer = layer = self.layer_with(channel_capacity={"websocket.connect": 1, "websocket.*": 1000})
        edge = await self.edge_of_sockets("a", layer=layer)
        connects = [self.event("websocket.connect", edge, local, path=f"/{local}/") for local in "bc"]
        self.assertEqual(list(await edge.send(connects)), [True, False])
        reader = self.reader("websocket.connect", layer=layer)
        self.take(reader, "websocket.connect")
        reader.requeue([])
        with self.assertLogs("towpath.layers", "ERROR"):
            sent = self.reap_until_sent(2)
        self.assertEqual({envelope.content["path"] for envelope in sent}, {"/a/", "/b/"})

    async def test_events_of_an_expired_edge_are_refused(self) -> None:
        edge = await self.edge_of_sockets("a")
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap_until_sent(1)
        with self.assertRaises(PartlyRefused) as refusal:
            await edge.send([self.event("websocket.receive", edge, "a", text="late")])
        self.assertTrue(refusal.exception.is_clean)
        self.assertEqual(self.contents("websocket.receive"), [])
        with self.assertLogs("towpath.layers", "ERROR"):
            self.assertFalse(await edge.renew())
        self.assertEqual(list(await edge.send([self.event("websocket.receive", edge, "b", text="new")])), [True])

    async def closed_edge_of_sockets(self, *locals_: str, disconnects: bool) -> str:
        """Return the inbox of an edge that has closed, with these sockets, whose connects have been handled."""
        edge = self.layer.edge()
        await edge.open()
        await edge.send([self.event("websocket.connect", edge, local, path=f"/{local}/") for local in locals_])
        reader = self.reader("websocket.connect")
        self.take(reader, "websocket.connect")
        reader.requeue([])
        if disconnects:
            await edge.send([self.event("websocket.disconnect", edge, local, path=f"/{local}/") for local in locals_])
        await edge.close()
        return edge.inbox
