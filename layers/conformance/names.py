"""Which names a layer takes, and the names it makes."""

from ..errors import InvalidName
from .case import LayerCase

GOOD = ("a", "websocket.receive", "A-b_c.9", "http.request.body?x9-_", "interface.x!local", "name!", "a" * 99)
BAD = ("", "a b", "a/b", "é", "a\n", "a" * 100, "a!b!c", "a?b!c", "!a", "?", "a:b", "a{b}", None, 1, b"a", ["a"])
BAD_GROUPS = ("", "a b", "a!b", "a?b", "é", "a" * 100, None, 1, b"a")


class NameCases(LayerCase):
    """Names of channels and groups."""

    def test_every_allowed_channel_name_can_be_sent_to(self) -> None:
        for name in GOOD:
            with self.subTest(name=name):
                self.layer.send(name, {})

    def test_other_channel_names_are_refused_with_a_type_error(self) -> None:
        for name in BAD:
            with self.subTest(name=name):
                for call in (
                    lambda name=name: self.layer.send(name, {}),
                    lambda name=name: self.layer.receive([name]),
                    lambda name=name: self.layer.group_add("group", name),
                    lambda name=name: self.layer.group_discard("group", name),
                ):
                    with self.assertRaises(InvalidName) as caught:
                        call()
                    self.assertIsInstance(caught.exception, TypeError)

    def test_other_group_names_are_refused(self) -> None:
        for name in BAD_GROUPS:
            with self.subTest(name=name):
                for call in (
                    lambda name=name: self.layer.send_group(name, {}),
                    lambda name=name: self.layer.group_add(name, "channel"),
                    lambda name=name: self.layer.group_discard(name, "channel"),
                    lambda name=name: self.layer.group_channels(name),
                ):
                    with self.assertRaises(InvalidName):
                        call()

    def test_a_new_channel_begins_with_its_pattern_and_is_new(self) -> None:
        names = {self.layer.new_channel("test.foo?") for _ in range(50)}
        self.assertEqual(len(names), 50)
        for name in names:
            self.assertTrue(name.startswith("test.foo?"))
            self.assertEqual(name.count("?"), 1)
            self.assertGreater(len(name), len("test.foo?") + 8)

    def test_a_new_channel_carries_messages(self) -> None:
        name = self.layer.new_channel("test.foo?")
        self.layer.send(name, {"number": 1})
        self.assertEqual(self.layer.receive([name]), (name, {"number": 1}))

    def test_a_new_channel_needs_a_pattern_with_a_question_mark_at_its_end(self) -> None:
        for pattern in ("test!", "test.foo", "test?foo", "a b?", "", "a" * 90 + "?"):
            with self.subTest(pattern=pattern), self.assertRaises(InvalidName):
                self.layer.new_channel(pattern)

    def test_receiving_from_a_name_with_a_local_part_is_refused(self) -> None:
        self.layer.send("name!local", {})
        with self.assertRaises(InvalidName):
            self.layer.receive(["name!local"])
