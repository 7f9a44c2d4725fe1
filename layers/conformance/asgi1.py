"""The attributes that code of Channels 1.x expects of every layer, as ASGI 1 names them."""

from collections.abc import Callable

from ..errors import InvalidName
from .case import LayerCase


class Asgi1Cases(LayerCase):
    """Errors, extensions, and checks of names."""

    def test_a_full_channel_raises_the_channel_full_of_its_layer(self) -> None:
        layer = self.layer_with(capacity=1)
        layer.send("full", {})
        with self.assertRaises(layer.ChannelFull):
            layer.send("full", {})
        self.assertTrue(issubclass(type(layer).ChannelFull, Exception))

    def test_a_message_that_is_too_large_raises_the_message_too_large_of_its_layer(self) -> None:
        with self.assertRaises(self.layer.MessageTooLarge):
            self.layer.send("large", {"bytes": bytes(17 * 1024 * 1024)})

    def test_extensions_are_a_list_of_each_layer_alone(self) -> None:
        for extension in ("groups", "flush", "statistics"):
            self.assertIn(extension, self.layer.extensions)
        self.assertIsInstance(self.layer.extensions, list)
        self.layer.extensions.append("twisted")
        self.assertNotIn("twisted", self.layer_with().extensions)

    def test_receive_many_is_a_deprecated_name_of_receive(self) -> None:
        self.layer.send("channel", {"number": 1})
        with self.assertWarnsRegex(DeprecationWarning, r"write receive\(\)"):
            self.assertEqual(self.layer.receive_many(["channel"]), ("channel", {"number": 1}))

    def test_names_are_checked_by_their_layer(self) -> None:
        self.assertTrue(self.layer.valid_group_name("room-1"))
        self.assertTrue(self.layer.valid_channel_name("name!local"))
        self.assertTrue(self.layer.valid_channel_names(["a", "b!"], receive=True))
        wrong: list[Callable[[], bool]] = [
            lambda: self.layer.valid_group_name("a!b"),
            lambda: self.layer.valid_channel_name("a b"),
            lambda: self.layer.valid_channel_name("pattern?"),
            lambda: self.layer.valid_channel_name("name!local", receive=True),
            lambda: self.layer.valid_channel_names([]),
            lambda: self.layer.valid_channel_names("ab"),
        ]
        for check in wrong:
            with self.assertRaises(InvalidName) as caught:
                check()
            self.assertIsInstance(caught.exception, TypeError)
