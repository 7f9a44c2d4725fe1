"""Readers whose lease expires: messages that they had taken are counted as lost, and their turns end, once."""

from collections.abc import Sequence

from ..contract import Edge, Envelope, Reader, Send, Settlement
from ..inbox_events import InboxEvent, Lost, Settled
from ..operations.leases import LeaseTimes
from .case import LayerCase

#: Leases so short that a test can wait for their end, in seconds. After `silence` the store counts as unavailable.
SHORT = LeaseTimes(reader_lease=0.2, inbox_lease=60, silence=30, grace=0, claim=5)


class ExpiredReaderCases(LayerCase):
    """`ChannelLayer.renew_leases` and `reap`, and what `Reader` records for them."""

    def setUp(self) -> None:
        super().setUp()
        self.layer.lease_times = SHORT

    def leased_reader(self, *channels: str) -> Reader:
        """Return a reader whose lease expires soon and is not renewed."""
        reader = self.layer.reader(channels)
        self.addCleanup(reader.close)
        self.layer.renew_leases([reader.name])
        return reader

    def send_turns(self, edge: Edge, *locals_: str) -> None:
        """Send one message for each of these connections, as turn 7."""
        sends: list[Send] = [Envelope("channel", {"reply_channel": edge.inbox + local}, 7) for local in locals_]
        self.assertEqual(self.layer.send_many(sends), [])

    def reap(self) -> None:
        """Reap until the expiry of every reader of the test must have been noticed."""
        witness = self.leased_reader("witness")
        self.layer.send("witness", {})
        self.take(witness, "witness")

        def is_noticed() -> bool:
            self.layer.reap()
            return self.lost("witness") == 1

        self.eventually(is_noticed)

    def lost(self, channel: str) -> float:
        """Return how many messages of a channel were lost."""
        return self.layer.channel_statistics(channel)["messages_lost_count"]

    async def events_until_mark(self, edge: Edge) -> Sequence[InboxEvent]:
        """Return what is in the inbox now."""
        self.layer.keep_turns([(f"{edge.inbox}mark", 1)])
        events: list[InboxEvent] = []
        while not events or events[-1][0] != "mark":
            events += await self.events(edge, 1)
        return events[:-1]

    async def test_messages_that_an_expired_reader_had_taken_are_lost_and_their_turns_end(self) -> None:
        edge = await self.edge()
        self.send_turns(edge, "a", "b", "c")
        self.take(self.leased_reader("channel"), "channel", 2)
        with self.assertLogs("towpath.layers", "ERROR") as logs:
            self.reap()
        self.assertEqual(sum("2 messages of channel channel" in line for line in logs.output), 1)
        self.assertEqual(self.lost("channel"), 2)
        events = await self.events_until_mark(edge)
        self.assertEqual(events, [Lost("a", 7), Lost("b", 7)])
        self.assertTrue(all(isinstance(event, Lost) for event in events))

    async def test_a_message_that_was_waited_for_is_lost_too(self) -> None:
        edge = await self.edge()
        reader = self.leased_reader("channel")
        thread = self.in_thread(lambda: reader.exchange([], {"channel": 1}, 5))
        self.send_turns(edge, "a")
        thread.join()
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 1)
        self.assertEqual(await self.events_until_mark(edge), [Lost("a", 7)])

    async def test_expired_readers_are_reaped_once(self) -> None:
        edge = await self.edge()
        self.send_turns(edge, "a")
        self.take(self.leased_reader("channel"), "channel")
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
            self.reap()
        self.assertEqual(self.lost("channel"), 1)
        self.assertEqual(await self.events_until_mark(edge), [Lost("a", 7)])

    async def test_a_message_that_was_settled_with_the_next_take_is_not_lost(self) -> None:
        edge = await self.edge()
        self.send_turns(edge, "a")
        reader = self.leased_reader("channel")
        self.take(reader, "channel")
        reader.exchange([Settlement([], f"{edge.inbox}a", 7)], {"channel": 1})
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)
        self.assertEqual(await self.events_until_mark(edge), [Settled("a", 7, [], None)])

    def test_a_message_that_is_settled_without_a_take_is_still_in_flight(self) -> None:
        self.layer.send("channel", {})
        reader = self.leased_reader("channel")
        self.take(reader, "channel")
        reader.exchange([Settlement()], {})
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 1)

    def test_a_message_that_was_settled_before_a_wait_is_not_lost(self) -> None:
        self.layer.send("channel", {})
        reader = self.leased_reader("channel")
        self.take(reader, "channel")
        waiting = self.in_thread(lambda: reader.exchange([Settlement()], {"channel": 1}, 5))
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)
        self.layer.send("channel", {})
        waiting.join()

    def test_a_requeued_message_is_not_lost(self) -> None:
        self.layer.send_many([Envelope("channel", {}), Envelope("channel", {})])
        reader = self.leased_reader("channel")
        reader.requeue(self.take(reader, "channel", 1))
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)
        self.assertEqual(len(self.contents("channel")), 2)

    def test_a_closed_reader_does_not_expire(self) -> None:
        self.layer.send("channel", {})
        reader = self.leased_reader("channel")
        self.take(reader, "channel")
        reader.close()
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)

    def test_a_reader_that_renews_its_lease_does_not_expire(self) -> None:
        self.layer.send("channel", {})
        reader = self.leased_reader("channel")
        self.take(reader, "channel")
        witness = self.leased_reader("witness")
        self.layer.send("witness", {})
        self.take(witness, "witness")

        def is_noticed() -> bool:
            self.layer.renew_leases([reader.name])
            self.layer.reap()
            return self.lost("witness") == 1

        with self.assertLogs("towpath.layers", "ERROR"):
            self.eventually(is_noticed)
        self.assertEqual(self.lost("channel"), 0)

    def test_leases_count_only_after_a_grace_when_the_store_was_silent(self) -> None:
        self.layer.lease_times = LeaseTimes(reader_lease=0.0, silence=0.0, grace=30, claim=5)
        self.layer.renew_leases(["another reader"])
        reader = self.leased_reader("channel")
        self.layer.send("channel", {})
        self.take(reader, "channel")
        self.layer.reap()
        self.assertEqual(self.lost("channel"), 0)

    def test_renewing_nothing_does_nothing(self) -> None:
        self.layer.renew_leases([])
