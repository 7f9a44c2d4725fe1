"""Processes that die: what they had taken is counted, and who waits for it is told, once."""

from collections.abc import Sequence

from ..contract import Edge, Envelope, Owed, Reader, Send
from ..inbox_events import InboxEvent, Lost, Settled
from ..lives import LifeTimes
from .case import LayerCase

#: Lives so short that a test can wait for their end, in seconds. A store that is silent for `silence` was away.
SHORT = LifeTimes(reader_lease=0.2, inbox_lease=60, silence=30, grace=0, claim=5)


class DeathCases(LayerCase):
    """`ChannelLayer.renew_leases` and `reap`, and what `Reader` records for them."""

    def setUp(self) -> None:
        super().setUp()
        self.layer.life_times = SHORT

    def living_reader(self, *channels: str) -> Reader:
        """Return a reader whose lease runs out soon; nobody will renew it."""
        reader = self.layer.reader(channels)
        self.addCleanup(reader.close)
        self.layer.renew_leases([reader.name])
        return reader

    def send_turns(self, edge: Edge, *locals_: str) -> None:
        """Send one message for each of these connections, as turn 7."""
        sends: list[Send] = [Envelope("channel", {"reply_channel": edge.inbox + local}, 7) for local in locals_]
        self.assertEqual(self.layer.send_many(sends), [])

    def reap(self) -> None:
        """Reap again and again until the death of the reader in question must have been noticed."""
        witness = self.living_reader("witness")
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

    async def test_what_a_dead_reader_had_taken_is_lost_and_its_turns_end(self) -> None:
        edge = await self.edge()
        self.send_turns(edge, "a", "b", "c")
        self.take(self.living_reader("channel"), "channel", 2)
        with self.assertLogs("towpath.layers", "ERROR") as logs:
            self.reap()
        self.assertEqual(sum("2 messages of channel channel" in line for line in logs.output), 1)
        self.assertEqual(self.lost("channel"), 2)
        events = await self.events_until_mark(edge)
        self.assertEqual(events, [Lost("a", 7), Lost("b", 7)])
        self.assertTrue(all(isinstance(event, Lost) for event in events))

    async def test_a_message_that_was_waited_for_is_lost_too(self) -> None:
        edge = await self.edge()
        reader = self.living_reader("channel")
        thread = self.in_thread(lambda: reader.exchange([], {"channel": 1}, 5))
        self.send_turns(edge, "a")
        thread.join()
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 1)
        self.assertEqual(await self.events_until_mark(edge), [Lost("a", 7)])

    async def test_the_dead_are_reaped_once(self) -> None:
        edge = await self.edge()
        self.send_turns(edge, "a")
        self.take(self.living_reader("channel"), "channel")
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
            self.reap()
        self.assertEqual(self.lost("channel"), 1)
        self.assertEqual(await self.events_until_mark(edge), [Lost("a", 7)])

    async def test_what_was_settled_with_the_next_take_is_not_lost(self) -> None:
        edge = await self.edge()
        self.send_turns(edge, "a")
        reader = self.living_reader("channel")
        self.take(reader, "channel")
        reader.exchange([Owed([], f"{edge.inbox}a", 7)], {"channel": 1})
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)
        self.assertEqual(await self.events_until_mark(edge), [Settled("a", 7, [], None)])

    def test_what_is_settled_without_a_take_is_still_in_the_hand(self) -> None:
        self.layer.send("channel", {})
        reader = self.living_reader("channel")
        self.take(reader, "channel")
        reader.exchange([Owed()], {})
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 1)

    def test_what_was_settled_before_a_wait_is_not_lost(self) -> None:
        self.layer.send("channel", {})
        reader = self.living_reader("channel")
        self.take(reader, "channel")
        waiting = self.in_thread(lambda: reader.exchange([Owed()], {"channel": 1}, 5))
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)
        self.layer.send("channel", {})
        waiting.join()

    def test_what_was_given_back_is_not_lost(self) -> None:
        self.layer.send_many([Envelope("channel", {}), Envelope("channel", {})])
        reader = self.living_reader("channel")
        reader.requeue(self.take(reader, "channel", 1))
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)
        self.assertEqual(len(self.contents("channel")), 2)

    def test_a_reader_that_was_closed_has_not_died(self) -> None:
        self.layer.send("channel", {})
        reader = self.living_reader("channel")
        self.take(reader, "channel")
        reader.close()
        with self.assertLogs("towpath.layers", "ERROR"):
            self.reap()
        self.assertEqual(self.lost("channel"), 0)

    def test_who_renews_its_lease_lives(self) -> None:
        self.layer.send("channel", {})
        reader = self.living_reader("channel")
        self.take(reader, "channel")
        witness = self.living_reader("witness")
        self.layer.send("witness", {})
        self.take(witness, "witness")

        def is_noticed() -> bool:
            self.layer.renew_leases([reader.name])
            self.layer.reap()
            return self.lost("witness") == 1

        with self.assertLogs("towpath.layers", "ERROR"):
            self.eventually(is_noticed)
        self.assertEqual(self.lost("channel"), 0)

    def test_a_store_that_was_silent_is_believed_after_a_grace_only(self) -> None:
        self.layer.life_times = LifeTimes(reader_lease=0.0, silence=0.0, grace=30, claim=5)
        self.layer.renew_leases(["another reader"])
        reader = self.living_reader("channel")
        self.layer.send("channel", {})
        self.take(reader, "channel")
        self.layer.reap()
        self.assertEqual(self.lost("channel"), 0)

    def test_renewing_nothing_does_nothing(self) -> None:
        self.layer.renew_leases([])
