"""The edge side: what an event loop sends, and what arrives in its inbox."""

import asyncio

from ..contract import Envelope, Settlement
from ..inbox_events import Commanded, Lost, Replies, Settled
from .case import PATIENCE_SECONDS, LayerCase

#: An arrival must end a wait of `Edge.receive` sooner than its own time does, in seconds.
SOON_SECONDS = 4.0


class EdgeCases(LayerCase):
    """`Edge.open`, `send`, `receive`, `drop_channel`, `close`."""

    async def test_each_edge_has_an_inbox_of_its_own(self) -> None:
        edge, other = await self.edge(), await self.edge()
        self.assertNotEqual(edge.inbox, other.inbox)
        for inbox in (edge.inbox, other.inbox):
            self.assertTrue(inbox.startswith("interface.") and inbox.endswith("!"))
            self.assertGreater(len(inbox), 24)

    async def test_events_arrive_at_readers_in_order_with_turn_and_session(self) -> None:
        edge = await self.edge()
        envelopes = [Envelope("channel", {"number": number}, number, b"state") for number in range(3)]
        self.assertEqual(list(await edge.send(envelopes)), [True] * 3)
        self.assertEqual([item.envelope for item in self.take(self.reader("channel"), "channel")], envelopes)

    async def test_each_send_learns_whether_it_was_accepted(self) -> None:
        layer = self.layer_with(capacity=2)
        edge = await self.edge(layer)
        accepted = await edge.send([Envelope(channel, {}) for channel in ("a", "b", "a", "a", "b", "a")])
        self.assertEqual(list(accepted), [True, True, True, False, True, False])
        self.assertEqual(layer.channel_statistics("a")["channel_full_count"], 2)

    async def test_an_edge_may_send_nothing(self) -> None:
        edge = await self.edge()
        self.assertEqual(list(await edge.send([])), [])

    async def test_turns_whose_events_are_queued_or_in_flight_go_on_and_the_others_end(self) -> None:
        edge = await self.edge()
        names = ["queued", "taken", "requeued", "settled"]
        sends = [Envelope(name, {"reply_channel": f"{edge.inbox}{name}"}, 1) for name in names]
        self.assertEqual(list(await edge.send(sends)), [True] * 4)
        self.take(self.reader("taken"), "taken")
        requeuing, settling = self.reader("requeued"), self.reader("settled")
        requeuing.requeue(self.take(requeuing, "requeued"))
        self.take(settling, "settled")
        settling.exchange([Settlement([], f"{edge.inbox}settled", 1)], {"settled": 1})
        found = await edge.check_turns(dict.fromkeys([*names, "never"], 1), names)
        self.assertEqual(set(found), {"queued", "taken", "requeued"})
        events = await self.events(edge, 3)
        self.assertEqual(events, [Settled("settled", 1, [], None), Lost("settled", 1), Lost("never", 1)])

    async def test_an_event_of_another_inbox_does_not_count(self) -> None:
        edge, other = await self.edge(), await self.edge()
        await other.send([Envelope("channel", {"reply_channel": f"{other.inbox}a"}, 1)])
        self.assertEqual(set(await edge.check_turns({"a": 1}, ["channel"])), set())
        self.assertEqual(await self.events(edge, 1), [Lost("a", 1)])

    async def test_a_waiting_reader_sees_what_an_edge_sends(self) -> None:
        edge = await self.edge()
        reader = self.reader("channel")
        waiting = asyncio.create_task(asyncio.to_thread(reader.exchange, [], {"channel": 1}, PATIENCE_SECONDS))
        await asyncio.sleep(0)
        await edge.send([Envelope("channel", {"number": 1})])
        received = await asyncio.wait_for(waiting, SOON_SECONDS)
        self.assertEqual([item.envelope.content for item in received.taken], [{"number": 1}])

    async def test_messages_for_connections_arrive_in_order(self) -> None:
        edge = await self.edge()
        for number, local in enumerate("aba"):
            self.layer.send(f"{edge.inbox}{local}", {"number": number})
        expected = [Replies(local, ({"number": number},)) for number, local in enumerate("aba")]
        self.assertEqual(await self.events(edge, 3), expected)

    async def test_the_inbox_is_its_own_processes_only(self) -> None:
        edge, other = await self.edge(), await self.edge()
        self.layer.send(f"{other.inbox}a", {"number": 1})
        self.layer.send(f"{edge.inbox}a", {"number": 2})
        self.assertEqual(await self.events(edge, 1), [Replies("a", ({"number": 2},))])
        self.assertEqual(await self.events(other, 1), [Replies("a", ({"number": 1},))])

    async def test_what_another_thread_sends_ends_the_wait(self) -> None:
        edge = await self.edge()
        for number in range(3):
            waiting = asyncio.create_task(self.wait(edge.receive()))
            await asyncio.sleep(0)
            await asyncio.to_thread(self.layer.send, f"{edge.inbox}a", {"number": number})
            self.assertEqual(await waiting, [Replies("a", ({"number": number},))])

    async def wait(self, receiving: object) -> list[object]:
        """Wait until something came, but not as long as `receive` itself does."""
        return list(await asyncio.wait_for(receiving, SOON_SECONDS))  # type: ignore[arg-type]

    async def test_the_loop_goes_on_while_the_inbox_is_waited_for(self) -> None:
        edge = await self.edge()
        waiting = asyncio.create_task(self.wait(edge.receive()))
        for number in range(20):
            self.assertEqual(list(await edge.send([Envelope("channel", {"number": number})])), [True])
        self.assertFalse(waiting.done())
        self.layer.send(f"{edge.inbox}a", {})
        await waiting

    async def test_tasks_of_the_loop_may_use_an_edge_at_the_same_time(self) -> None:
        edge = await self.edge()
        numbers = range(20)
        sends = [edge.send([Envelope(f"channel{number}", {"number": number})]) for number in numbers]
        renewals = [edge.renew() for _ in numbers]
        drops = [edge.drop_channel(f"body?{number}") for number in numbers]
        together = asyncio.gather(*sends), asyncio.gather(*renewals), asyncio.gather(*drops)
        answers, _, _ = await asyncio.gather(*together)
        self.assertEqual([list(accepted) for accepted in answers], [[True]] * len(numbers))
        for number in numbers:
            self.assertEqual(self.contents(f"channel{number}"), [{"number": number}])

    async def test_much_that_arrives_at_once_is_complete(self) -> None:
        edge = await self.edge()
        self.layer.send_many([Envelope(f"{edge.inbox}a", {"number": number}) for number in range(2000)])
        events = await self.events(edge, 2000)
        self.assertEqual(events, [Replies("a", ({"number": number},)) for number in range(2000)])

    async def test_a_command_of_an_operator_arrives_at_each_edge_that_it_is_for(self) -> None:
        edge, other, third = await self.edge(), await self.edge(), await self.edge()
        self.layer.administration().command([edge.inbox, other.inbox], {"command": "drain"})
        self.layer.send(f"{third.inbox}a", {})
        for each in (edge, other):
            self.assertEqual(await self.events(each, 1), [Commanded({"command": "drain"})])
        self.assertEqual(await self.events(third, 1), [Replies("a", ({},))])

    async def test_the_members_of_a_group_in_this_process_are_known(self) -> None:
        edge, other = await self.edge(), await self.edge()
        edge.opened("a")
        other.opened("b")
        self.layer.group_add("group", f"{edge.inbox}a")
        self.layer.group_add("group", f"{other.inbox}b")
        self.layer.send_group("group", {})
        await self.events(edge, 1)
        self.assertEqual((list(edge.members("group")), list(edge.members("other"))), (["a"], []))

    async def test_a_dropped_channel_is_empty(self) -> None:
        edge = await self.edge()
        body = self.layer.new_channel("http.request.body?")
        await edge.send([Envelope(body, {"content": b"x"})])
        await edge.drop_channel(body)
        self.assertEqual(self.contents(body), [])

    async def test_a_closed_edge_leaves_nothing_behind(self) -> None:
        edge = self.layer.edge()
        await edge.open()
        edge.opened("a")
        self.layer.group_add("group", f"{edge.inbox}a")
        self.layer.send(f"{edge.inbox}a", {})
        await self.events(edge, 1)
        await edge.close()
        self.assertEqual(self.layer.group_channels("group"), [])
        self.assertEqual(self.drain([edge.inbox]), [])
