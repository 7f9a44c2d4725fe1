"""The statistics of a layer."""

from ..contract import Envelope
from .case import LayerCase


class StatisticsCases(LayerCase):
    """`global_statistics` and `channel_statistics`."""

    def test_an_unused_channel_has_zeros(self) -> None:
        statistics = self.layer.channel_statistics("channel")
        for name in ("messages_count", "channel_full_count", "messages_expired_count", "messages_pending"):
            self.assertEqual(statistics[name], 0)
        self.assertEqual(statistics["messages_max_age"], 0)

    def test_messages_are_counted_when_they_are_sent(self) -> None:
        for _ in range(3):
            self.layer.send("channel", {})
        self.layer.send("other", {})
        self.layer.receive(["channel"])
        self.assertEqual(self.layer.channel_statistics("channel")["messages_count"], 3)
        self.assertEqual(self.layer.global_statistics()["messages_count"], 4)

    def test_messages_that_wait_are_counted_as_pending(self) -> None:
        self.layer.send_many([Envelope("channel", {}) for _ in range(3)])
        self.layer.receive(["channel"])
        self.assertEqual(self.layer.channel_statistics("channel")["messages_pending"], 2)

    def test_the_oldest_message_tells_its_age_in_seconds(self) -> None:
        self.layer.send("channel", {"number": 1})
        first = self.eventually(lambda: self.layer.channel_statistics("channel")["messages_max_age"])
        self.assertLess(first, 5)
        self.layer.send("channel", {"number": 2})
        self.assertGreater(self.layer.channel_statistics("channel")["messages_max_age"], first)

    def test_refusals_are_counted_and_are_no_messages(self) -> None:
        layer = self.layer_with(capacity=2)
        self.assertEqual(len(layer.send_many([Envelope("channel", {}) for _ in range(5)])), 3)
        statistics = layer.channel_statistics("channel")
        self.assertEqual((statistics["messages_count"], statistics["channel_full_count"]), (2, 3))
        self.assertEqual(layer.global_statistics()["channel_full_count"], 3)

    def test_a_dropped_channel_is_not_counted_any_more(self) -> None:
        name = self.layer.new_channel("test?")
        self.layer.send(name, {})
        self.layer.drop_channel(name)
        self.assertEqual(self.layer.global_statistics()["messages_count"], 0)
        self.assertEqual(self.layer.channel_statistics(name)["messages_pending"], 0)
