"""Full channels: who is refused, who is not, and what makes room."""

import re

from ..contract import Envelope, Send, Settlement
from ..errors import ChannelFull, ConfigurationError
from ..inbox_events import Settled
from .case import LayerCase


class CapacityCases(LayerCase):
    """`capacity`, `channel_capacity`, and the bound of an inbox."""

    def test_a_channel_takes_its_capacity_and_then_refuses(self) -> None:
        layer = self.layer_with(capacity=self.capacity_limit)
        for number in range(self.capacity_limit):
            layer.send("channel", {"number": number})
        with self.assertRaises(ChannelFull):
            layer.send("channel", {"number": -1})
        layer.send("other", {})
        self.assertEqual(self.contents("channel", layer), [{"number": number} for number in range(self.capacity_limit)])

    def test_a_message_taken_makes_room_for_one(self) -> None:
        layer = self.layer_with(capacity=1)
        layer.send("channel", {"number": 1})
        layer.receive(["channel"])
        layer.send("channel", {"number": 2})
        self.assertEqual(self.contents("channel", layer), [{"number": 2}])

    def test_expired_messages_make_room(self) -> None:
        layer = self.layer_with(capacity=2, expiry=self.expiry_delay)
        layer.send_many([Envelope("channel", {"old": True}), Envelope("channel", {"old": True})])

        def sent() -> bool:
            return not layer.send_many([Envelope("channel", {"old": False})])

        self.eventually(sent)
        self.assertEqual(self.contents("channel", layer), [{"old": False}])

    def test_the_first_pattern_that_matches_decides(self) -> None:
        patterns = {"chat.*": 1, re.compile(r"chat\.room|news$"): 3, "n?ws": 2}
        layer = self.layer_with(capacity=4, channel_capacity=patterns)
        for channel, capacity in {"chat.room": 1, "news": 3, "nows": 2, "newsletter": 4}.items():
            with self.subTest(channel=channel):
                sends = [Envelope(channel, {"number": number}) for number in range(6)]
                self.assertEqual(list(layer.send_many(list(sends))), sends[capacity:])

    def test_a_capacity_below_one_or_a_wrong_pattern_is_refused_at_once(self) -> None:
        for options in (
            {"capacity": 0},
            {"capacity": "9"},
            {"channel_capacity": {"a": 0}},
            {"channel_capacity": {1: 1}},
        ):
            with self.subTest(options=options), self.assertRaises(ConfigurationError):
                self.make_layer(**options)

    def test_of_many_sends_those_that_find_no_room_are_returned(self) -> None:
        layer = self.layer_with(capacity=2)
        sends: list[Send] = []
        for number in range(3):
            sends += [Envelope("one", {"number": number}), Envelope("two!a", {"number": number})]
        refused = layer.send_many(sends)
        self.assertEqual(len(refused), 1)
        self.assertIs(refused[0], sends[4])
        self.assertEqual(self.contents("one", layer), [{"number": 0}, {"number": 1}])
        self.assertEqual(len(self.contents("two!", layer)), 3)

    def test_a_group_send_does_not_raise_for_a_full_member(self) -> None:
        layer = self.layer_with(capacity=1)
        for channel in ("full", "free"):
            layer.group_add("group", channel)
        layer.send("full", {"number": 1})
        layer.send_group("group", {"number": 2})
        self.assertEqual(self.contents("full", layer), [{"number": 1}])
        self.assertEqual(self.contents("free", layer), [{"number": 2}])
        self.assertEqual(layer.channel_statistics("full")["channel_full_count"], 1)

    async def test_a_full_inbox_refuses_messages_but_no_settlement(self) -> None:
        if self.inbox_capacity is None:
            self.skipTest("inbox_capacity is None")
        edge = await self.edge()
        self.layer.send_many([Envelope(f"{edge.inbox}{number % 7}", {}) for number in range(self.inbox_capacity)])
        with self.assertRaises(ChannelFull):
            self.layer.send(f"{edge.inbox}a", {})
        self.reader("channel").exchange([Settlement([], f"{edge.inbox}a", 3)], {})
        events = await self.events(edge, self.inbox_capacity + 1)
        self.assertEqual(events[-1], Settled("a", 3, [], None))
