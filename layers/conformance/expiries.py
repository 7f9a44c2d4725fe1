"""The expiry of messages and memberships."""

import time

from ..contract import Envelope
from ..errors import ConfigurationError
from .case import LayerCase


class ExpiryCases(LayerCase):
    """`expiry` and `group_expiry`, in seconds."""

    def test_a_message_is_not_received_after_its_expiry(self) -> None:
        layer = self.layer_with(expiry=self.expiry_delay)
        layer.send("channel", {"old": True})
        self.eventually(lambda: layer.channel_statistics("channel")["messages_max_age"] > self.expiry_delay)
        layer.send("channel", {"old": False})
        self.assertEqual(self.contents("channel", layer), [{"old": False}])

    def test_expired_messages_are_counted(self) -> None:
        layer = self.layer_with(expiry=self.expiry_delay)
        layer.send_many([Envelope("channel", {}), Envelope("channel", {})])
        self.eventually(lambda: layer.channel_statistics("channel")["messages_max_age"] > self.expiry_delay)
        self.assertEqual(layer.receive(["channel"]), (None, None))
        self.assertEqual(layer.channel_statistics("channel")["messages_expired_count"], 2)
        self.assertEqual(layer.global_statistics()["messages_expired_count"], 2)

    def test_a_membership_ends_with_group_expiry(self) -> None:
        layer = self.layer_with(group_expiry=self.expiry_delay)
        layer.group_add("group", "channel")
        self.assertEqual(layer.group_channels("group"), ["channel"])
        self.eventually(lambda: layer.group_channels("group") == [])
        layer.send_group("group", {})
        self.assertEqual(self.contents("channel", layer), [])

    def test_adding_again_renews_a_membership(self) -> None:
        layer = self.layer_with(group_expiry=self.expiry_delay)
        layer.group_add("group", "left")
        added_at = time.monotonic()
        layer.group_add("group", "renewed")

        def left_alone() -> bool:
            nonlocal added_at
            channels = layer.group_channels("group")
            if time.monotonic() - added_at < self.expiry_delay / 2:  # else a busy machine has let it end
                self.assertIn("renewed", channels)
            added_at = time.monotonic()
            layer.group_add("group", "renewed")
            return channels == ["renewed"]

        self.eventually(left_alone)

    def test_the_options_can_be_read(self) -> None:
        layer = self.layer_with(expiry=7, group_expiry=8, capacity=9)
        self.assertEqual((layer.expiry, layer.group_expiry, layer.capacity), (7, 8, 9))

    def test_times_that_are_no_times_are_refused_at_once(self) -> None:
        for options in ({"expiry": 0}, {"expiry": "60"}, {"group_expiry": -1}, {"group_expiry": True}):
            with self.subTest(options=options), self.assertRaises(ConfigurationError):
                self.make_layer(**options)
