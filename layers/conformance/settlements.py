"""The reading side as it settles: what a consumer owes reaches its connection in one piece and in order."""

from ..contract import Content, Envelope, GroupSend, Send, Settlement
from ..inbox_events import Grouped, InboxEvent, Kept, Lost, Replies, Settled
from .case import LayerCase


def seen_by(local: str, events: list[InboxEvent]) -> list[Content]:
    """Return what a connection would send to its client, in order."""
    found: list[Content] = []
    for event in events:
        match event:
            case Replies(local=name, contents=contents) | Settled(local=name, replies=contents) if name == local:
                found += contents
            case Grouped(locals=names, content=content) if local in names:
                found.append(content)
    return found


class SettlementCases(LayerCase):
    """`Reader.exchange` as it writes settlements, and `keep_turns`."""

    async def test_replies_state_and_the_end_of_the_turn_are_one_event(self) -> None:
        edge = await self.edge()
        own = f"{edge.inbox}a"
        sends: list[Send] = [Envelope(own, {"number": 1}), Envelope(own, {"number": 2})]
        self.reader("channel").exchange([Settlement(sends, own, 3, b"state")], {})
        self.assertEqual(await self.events(edge, 1), [Settled("a", 3, [{"number": 1}, {"number": 2}], b"state")])

    async def test_state_may_stay_or_be_cleared(self) -> None:
        edge = await self.edge()
        own = f"{edge.inbox}a"
        self.reader("channel").exchange([Settlement([], own, 1, None), Settlement([], own, 2, b"")], {})
        self.assertEqual(await self.events(edge, 2), [Settled("a", 1, [], None), Settled("a", 2, [], b"")])

    async def test_runs_settle_in_order(self) -> None:
        edge = await self.edge()
        names = {local: f"{edge.inbox}{local}" for local in "abc"}
        settlements = [Settlement([Envelope(name, {"text": local})], name, 1) for local, name in names.items()]
        self.reader("channel").exchange(settlements, {})
        events = await self.events(edge, 3)
        self.assertEqual(events, [Settled(local, 1, [{"text": local}], None) for local in "abc"])

    async def test_sends_without_a_turn_end_none(self) -> None:
        edge = await self.edge()
        own = f"{edge.inbox}a"
        self.reader("channel").exchange(
            [Settlement([Envelope(own, {"number": 1}), Envelope("other", {"number": 2})])], {}
        )
        self.assertEqual(await self.events(edge, 1), [Replies("a", ({"number": 1},))])
        self.assertEqual(self.contents("other"), [{"number": 2}])

    async def test_a_turn_without_a_run_ends_as_lost(self) -> None:
        edge = await self.edge()
        self.reader("channel").exchange(
            [Settlement([], f"{edge.inbox}a", 1, is_lost=True), Settlement(is_lost=True)], {}
        )
        self.assertEqual(await self.events(edge, 1), [Lost("a", 1)])

    async def test_a_settlement_and_the_next_messages_are_one_exchange(self) -> None:
        edge = await self.edge()
        self.layer.send_many([Envelope("channel", {"number": number}) for number in range(2)])
        received = self.reader("channel").exchange([Settlement([], f"{edge.inbox}a", 1)], {"channel": 5})
        self.assertEqual(len(received.taken), 2)
        self.assertEqual(await self.events(edge, 1), [Settled("a", 1, [], None)])

    async def test_what_a_connection_is_sent_keeps_its_order_among_group_sends(self) -> None:
        edge = await self.edge()
        own = f"{edge.inbox}a"
        edge.opened("a")
        self.layer.group_add("group", own)
        sends: list[Send] = [
            Envelope(own, {"number": 1}),
            GroupSend("group", {"number": 2}),
            Envelope(f"{edge.inbox}b", {"number": -1}),
            Envelope(own, {"number": 3}),
            Envelope("other", {"number": -2}),
            GroupSend("group", {"number": 4}),
            Envelope(own, {"number": 5}),
        ]
        self.reader("channel").exchange([Settlement(sends, own, 1)], {})
        events = await self.events(edge, 6)
        self.assertEqual(events[-1], Settled("a", 1, [{"number": 5}], None))
        self.assertEqual([content["number"] for content in seen_by("a", events)], [1, 2, 3, 4, 5])
        self.assertEqual(seen_by("b", events), [{"number": -1}])
        self.assertEqual(self.contents("other"), [{"number": -2}])

    async def test_a_group_send_after_the_last_reply_comes_after_it(self) -> None:
        edge = await self.edge()
        own = f"{edge.inbox}a"
        edge.opened("a")
        self.layer.group_add("group", own)
        self.reader("channel").exchange(
            [Settlement([Envelope(own, {"number": 1}), GroupSend("group", {"number": 2})], own, 1)], {}
        )
        events = await self.events(edge, 3)
        self.assertEqual([content["number"] for content in seen_by("a", events)], [1, 2])
        self.assertIsInstance(events[-1], Settled)

    async def test_sends_to_channels_are_there_before_the_turn_ends(self) -> None:
        edge = await self.edge()
        sends: list[Send] = [Envelope("other", {"number": 1}, 5, b"state"), Envelope("other", {"number": 2})]
        self.reader("channel").exchange([Settlement(sends, f"{edge.inbox}a", 1)], {})
        await self.events(edge, 1)
        self.assertEqual([item.envelope for item in self.take(self.reader("other"), "other")], sends)

    async def test_a_send_that_cannot_be_encoded_is_logged_and_the_turn_ends(self) -> None:
        edge = await self.edge()
        own = f"{edge.inbox}a"
        bad = {"wrong": object()}
        with self.assertLogs("towpath", "ERROR"):
            self.reader("channel").exchange(
                [Settlement([Envelope("other", bad), Envelope(own, bad)], own, 1, b"state")], {}
            )
        [event] = await self.events(edge, 1)
        self.assertIsInstance(event, Settled)
        self.assertEqual(seen_by("a", [event]), [])

    async def test_a_send_to_a_channel_that_stays_full_is_dropped_counted_and_logged(self) -> None:
        layer = self.layer_with(capacity=1)
        edge = await self.edge(layer)
        reader = self.reader("channel", layer=layer)
        layer.send("other", {"number": 1})
        with self.assertLogs("towpath", "ERROR"):
            reader.exchange([Settlement([Envelope("other", {"number": 2})], f"{edge.inbox}a", 1)], {})
        self.assertEqual(await self.events(edge, 1), [Settled("a", 1, [], None)])
        self.assertEqual(self.contents("other", layer), [{"number": 1}])
        self.assertGreaterEqual(layer.channel_statistics("other")["channel_full_count"], 1)

    async def test_a_send_to_a_full_channel_waits_for_room(self) -> None:
        layer = self.layer_with(capacity=1)
        reader = self.reader("channel", layer=layer)
        layer.send("other", {"number": 1})
        thread = self.in_thread(lambda: reader.exchange([Settlement([Envelope("other", {"number": 2})])], {}))
        self.eventually(lambda: layer.channel_statistics("other")["channel_full_count"])
        self.assertEqual(self.contents("other", layer), [{"number": 1}])
        thread.join()
        self.assertEqual(self.contents("other", layer), [{"number": 2}])

    async def test_a_turn_that_is_kept_says_so(self) -> None:
        edge, other = await self.edge(), await self.edge()
        self.layer.keep_turns([(f"{edge.inbox}a", 3), (f"{other.inbox}b", 4), (f"{edge.inbox}c", 5)])
        self.assertEqual(await self.events(edge, 2), [Kept("a", 3), Kept("c", 5)])
        self.assertEqual(await self.events(other, 1), [Kept("b", 4)])

    def test_keeping_no_turns_does_nothing(self) -> None:
        self.layer.keep_turns([])
