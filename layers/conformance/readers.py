"""The reading side: the messages that one exchange takes, from which channel, and requeued messages."""

from ..contract import Envelope, Received, Send
from .case import LayerCase


class ReaderCases(LayerCase):
    """`Reader.exchange` as it takes, and `give_back`."""

    def test_nothing_there_is_an_empty_answer(self) -> None:
        self.assertEqual(self.reader("channel").exchange([], {"channel": 5}), Received((), ()))

    def test_a_batch_is_as_long_as_its_limit_and_in_order(self) -> None:
        self.layer.send_many([Envelope("channel", {"number": number}) for number in range(5)])
        reader = self.reader("channel")
        batches = [self.take(reader, "channel", 3), self.take(reader, "channel", 3), self.take(reader, "channel", 3)]
        numbers = [[item.envelope.content["number"] for item in batch] for batch in batches]
        self.assertEqual(numbers, [[0, 1, 2], [3, 4], []])

    def test_turn_and_session_travel_with_the_content(self) -> None:
        envelopes: list[Send] = [
            Envelope("channel", {"number": 1}),
            Envelope("channel", {"number": 2}, turn=0, session_state=b""),
            Envelope("channel", {"number": 3}, turn=2**40, session_state=b"\x00state\xff"),
        ]
        self.layer.send_many(envelopes)
        self.assertEqual([item.envelope for item in self.take(self.reader("channel"), "channel")], envelopes)

    def test_channels_without_a_limit_are_left_alone(self) -> None:
        self.layer.send("channel", {})
        reader = self.reader("channel", "other")
        self.assertEqual(reader.exchange([], {}), Received((), ()))
        self.assertEqual(reader.exchange([], {"other": 5, "channel": 0}), Received((), ()))
        self.assertEqual(len(self.take(reader, "channel")), 1)

    def test_channels_that_are_not_the_readers_are_left_alone(self) -> None:
        self.layer.send("strange", {})
        self.assertEqual(self.reader("channel").exchange([], {"channel": 1, "strange": 1}), Received((), ()))

    def test_one_answer_is_of_one_channel(self) -> None:
        for channel in ("one", "two"):
            self.layer.send_many([Envelope(channel, {}), Envelope(channel, {})])
        reader = self.reader("one", "two")
        limits = {"one": 5, "two": 5}
        answers = [{item.envelope.channel for item in reader.exchange([], limits).taken} for _ in range(2)]
        self.assertCountEqual(answers, [{"one"}, {"two"}])

    def test_channels_take_turns_so_that_a_busy_one_does_not_starve_the_others(self) -> None:
        names = ["busy", "quiet", "rare"]
        self.layer.send_many([Envelope("busy", {}) for _ in range(50)])
        reader = self.reader(*names)
        limits = dict.fromkeys(names, 4)
        for quiet in ("quiet", "rare", "quiet"):
            self.layer.send(quiet, {})
            found = [item.envelope.channel for _ in names for item in reader.exchange([], limits).taken]
            self.assertIn(quiet, found)
            self.assertIn("busy", found)

    def test_two_busy_channels_take_turns_whatever_others_there_are(self) -> None:
        names = ["first", *(f"empty{number}" for number in range(6)), "second"]
        self.layer.send_many([Envelope(channel, {}) for channel in ("first", "second") for _ in range(8)])
        reader = self.reader(*names)
        found = [reader.exchange([], dict.fromkeys(names, 1)).taken[0].envelope.channel for _ in range(8)]
        self.assertEqual([found[position] != found[position + 1] for position in range(7)], [True] * 7)

    def test_two_readers_share_a_channel(self) -> None:
        self.layer.send_many([Envelope("channel", {"number": number}) for number in range(6)])
        readers = [self.reader("channel"), self.reader("channel")]
        found = [item for _ in range(3) for reader in readers for item in self.take(reader, "channel", 1)]
        self.assertEqual([item.envelope.content["number"] for item in found], list(range(6)))

    def test_requeued_messages_come_first_and_in_order(self) -> None:
        self.layer.send_many([Envelope("channel", {"number": number}, number, b"state") for number in range(6)])
        reader = self.reader("channel")
        taken = self.take(reader, "channel", 4)
        reader.requeue(taken[1:])
        again = self.take(self.reader("channel"), "channel")
        self.assertEqual([item.envelope.content["number"] for item in again], [1, 2, 3, 4, 5])
        self.assertEqual(again[0], taken[1])

    def test_each_batch_is_requeued_to_its_channel(self) -> None:
        self.layer.send_many([Envelope("one", {"number": 1}), Envelope("two", {"number": 2})])
        reader = self.reader("one", "two")
        for channel in ("one", "two"):
            self.assertTrue(reader.requeue(self.take(reader, channel)))
        self.assertEqual([item.envelope.content["number"] for item in self.take(reader, "one")], [1])
        self.assertEqual([item.envelope.content["number"] for item in self.take(reader, "two")], [2])

    def test_a_batch_is_requeued_once(self) -> None:
        self.layer.send("channel", {"number": 1})
        reader = self.reader("channel")
        taken = self.take(reader, "channel")
        self.assertTrue(reader.requeue(taken))
        self.assertFalse(reader.requeue(taken))
        self.assertEqual(self.contents("channel"), [{"number": 1}])

    def test_a_batch_that_is_settled_is_not_requeued(self) -> None:
        self.layer.send_many([Envelope("channel", {"number": number}) for number in (1, 2)])
        reader = self.reader("channel")
        taken = self.take(reader, "channel", 1)
        self.take(reader, "channel", 1)
        self.assertEqual(reader.number, 2)
        reader.number = 1
        self.assertFalse(reader.requeue(taken))
        self.assertEqual(self.contents("channel"), [])

    def test_requeueing_nothing_settles_the_batch(self) -> None:
        self.layer.send("channel", {})
        reader = self.reader("channel")
        taken = self.take(reader, "channel")
        self.assertTrue(reader.requeue([]))
        self.assertFalse(reader.requeue(taken))

    def test_a_requeued_message_keeps_its_age_and_is_not_counted_again(self) -> None:
        layer = self.layer_with(expiry=self.expiry_delay)
        reader = self.reader("channel", layer=layer)
        layer.send("channel", {})
        reader.requeue(self.take(reader, "channel"))
        self.assertEqual(layer.channel_statistics("channel")["messages_count"], 1)
        self.eventually(lambda: layer.channel_statistics("channel")["messages_max_age"] > self.expiry_delay)
        self.assertEqual(layer.receive(["channel"]), (None, None))

    def test_what_is_too_old_is_reported_apart_and_counted(self) -> None:
        layer = self.layer_with(expiry=self.expiry_delay)
        reader = self.reader("channel", layer=layer)
        old = Envelope("channel", {"old": True}, 4, b"state")
        layer.send_many([old])
        self.eventually(lambda: layer.channel_statistics("channel")["messages_max_age"] > self.expiry_delay)
        layer.send("channel", {"old": False})
        received = self.received(reader, "channel")
        self.assertEqual([item.envelope for item in received.expired], [old])
        self.assertEqual([item.envelope.content for item in received.taken], [{"old": False}])
        reader.exchange([], {})
        self.assertEqual(layer.channel_statistics("channel")["messages_expired_count"], 1)

    def test_a_reader_can_be_closed_and_another_goes_on(self) -> None:
        self.layer.send_many([Envelope("channel", {"number": number}) for number in range(2)])
        reader = self.reader("channel")
        self.take(reader, "channel", 1)
        reader.close()
        self.assertEqual(len(self.take(self.reader("channel"), "channel")), 1)
