"""The values a message may hold; they arrive as they were sent."""

from typing import Any

from ..contract import Content
from ..errors import EncodeError, MessageTooLarge
from .case import LayerCase

VALUES: tuple[Any, ...] = (
    "",
    "text",
    "😀 \x00\x1f\x7f é",
    b"",
    b"bytes \x00\xff",
    0,
    -1,
    2**63 - 1,
    2**64 - 1,
    -(2**63),
    0.0,
    -1.5,
    1e300,
    True,
    False,
    None,
    [],
    [1, "a", b"a", None, [True]],
    {},
    {"nested": {"deep": [{"text": "😀", "bytes": b"\xf0\x9f"}]}},
)

UNSENDABLE: tuple[Any, ...] = (object(), {1, 2}, 1j, print, range(3), [{"x": [object()]}])


class ContentCases(LayerCase):
    """Values and their types."""

    def carried(self, content: Content) -> Content:
        """Return a message after its way through the layer."""
        self.layer.send("channel", content)
        channel, received = self.layer.receive(["channel"])
        self.assertEqual(channel, "channel")
        assert received is not None
        return received

    def test_values_keep_their_type_and_value(self) -> None:
        for value in VALUES:
            with self.subTest(value=value):
                received = self.carried({"value": value})
                self.assertEqual(received, {"value": value})
                self.assertIs(type(received["value"]), type(value))

    def test_a_tuple_arrives_as_a_list(self) -> None:
        self.assertEqual(self.carried({"value": (1, ("a",))}), {"value": [1, ["a"]]})

    def test_absent_none_and_empty_are_three_things(self) -> None:
        contents: list[Content] = [{}, {"text": None}, {"text": ""}, {"text": b""}]
        for content in contents:
            with self.subTest(content=content):
                self.assertEqual(self.carried(content), content)

    def test_a_message_of_a_megabyte_arrives(self) -> None:
        content = {"bytes": b"x" * 1_000_000, "text": "é" * 250_000}
        self.assertEqual(self.carried(content), content)

    def test_a_message_beyond_every_bound_is_refused(self) -> None:
        with self.assertRaises(MessageTooLarge):
            self.layer.send("channel", {"bytes": b"x" * (64 * 1024 * 1024)})

    def test_a_value_that_cannot_be_sent_is_refused_by_the_name_of_its_key(self) -> None:
        for value in UNSENDABLE:
            with self.subTest(value=value), self.assertRaisesRegex(EncodeError, "wrong"):
                self.layer.send("channel", {"right": 1, "wrong": value})
        self.assertEqual(self.contents("channel"), [])

    def test_numbers_and_texts_that_no_format_holds_are_refused(self) -> None:
        for value in (2**64, -(2**63) - 1, "\ud800"):
            with self.subTest(value=value), self.assertRaises(EncodeError):
                self.layer.send("channel", {"wrong": value})

    def test_keys_are_text(self) -> None:
        for content in ({1: "a"}, {b"a": "a"}, {"a": {2: "b"}}, {None: 1}):
            with self.subTest(content=content), self.assertRaises(EncodeError):
                self.layer.send("channel", content)  # type: ignore[arg-type]

    def test_a_message_is_a_dict(self) -> None:
        contents: tuple[object, ...] = ([], "text", None, b"", 3)
        for content in contents:
            with self.subTest(content=content), self.assertRaises(EncodeError):
                self.layer.send("channel", content)  # type: ignore[arg-type]

    def test_group_messages_are_checked_too(self) -> None:
        self.layer.group_add("group", "channel")
        with self.assertRaisesRegex(EncodeError, "wrong"):
            self.layer.send_group("group", {"wrong": object()})

    def test_what_the_sender_changes_afterwards_is_not_seen(self) -> None:
        content: Content = {"list": [1], "dict": {"a": 1}}
        self.layer.send("channel", content)
        content["list"].append(2)
        content["dict"]["b"] = 2
        content["more"] = True
        self.assertEqual(self.contents("channel"), [{"list": [1], "dict": {"a": 1}}])

    def test_receivers_of_one_group_message_share_nothing(self) -> None:
        for channel in ("one", "two"):
            self.layer.group_add("group", channel)
        self.layer.send_group("group", {"list": []})
        for channel in ("one", "two"):
            [content] = self.contents(channel)
            self.assertEqual(content, {"list": []})
            content["list"].append(channel)
