"""Histories of groups, as any process reads them: offsets, positions, bounds, and what a layer refuses."""

from typing import Any

from ..contract import ChannelLayer, Envelope, GroupSend, Send, Settlement
from ..errors import BadPosition, ConfigurationError, NoHistory
from ..history.messages import GroupHistory
from .case import LayerCase

#: The keys of positions in these tests.
KEYS = ["a key"]
#: A second for the tests in which messages become too old.
SHORT = {"messages": 100, "seconds": 1}


class HistoryCases(LayerCase):
    """`group_history`, `group_position`, and the option `group_history`."""

    def with_history(self, name: str = "room*", position_keys: Any = KEYS, **bounds: int) -> ChannelLayer:
        """Return a layer that keeps histories of groups with this pattern."""
        history = {"quiet*": None, name: {"messages": 100, "seconds": 60, **bounds}}
        return self.layer_with(group_history=history, position_keys=position_keys)

    def send_numbers(self, layer: ChannelLayer, *numbers: int, group: str = "room") -> None:
        """Send messages with these numbers."""
        for number in numbers:
            layer.send_group(group, {"number": number})

    def kept_numbers(self, history: GroupHistory) -> list[int]:
        """Return the numbers of messages."""
        return [message.content["number"] for message in history]

    def test_a_group_keeps_its_messages_in_the_order_in_which_they_were_sent(self) -> None:
        layer = self.with_history()
        self.assertEqual(self.kept_numbers(layer.group_history("room")), [])
        self.send_numbers(layer, 1, 2, 3)
        history = layer.group_history("room")
        self.assertEqual(self.kept_numbers(history), [1, 2, 3])
        self.assertFalse(history.has_gap)
        self.assertEqual(self.kept_numbers(layer.group_history("room2")), [])
        self.assertGreater(history.messages[0].sent_at, 0)

    def test_messages_are_kept_without_any_member_and_reach_all_members(self) -> None:
        layer = self.with_history()
        self.send_numbers(layer, 1)
        for channel in ("plain", "name!a", "name!b"):
            layer.group_add("room", channel)
        self.send_numbers(layer, 2)
        self.assertCountEqual(
            self.drain(["plain", "name!"], layer), [(name, {"number": 2}) for name in ("plain", "name!a", "name!b")]
        )
        self.assertEqual(self.kept_numbers(layer.group_history("room")), [1, 2])

    def test_a_position_divides_what_was_sent_before_it_from_what_comes_after(self) -> None:
        layer = self.with_history()
        empty = layer.group_position("room")
        self.send_numbers(layer, 1, 2)
        middle = layer.group_position("room")
        self.send_numbers(layer, 3)
        self.assertEqual(self.kept_numbers(layer.group_history("room", since=empty)), [1, 2, 3])
        self.assertEqual(self.kept_numbers(layer.group_history("room", since=middle)), [3])
        last = layer.group_history("room", since=layer.group_position("room"))
        self.assertEqual((self.kept_numbers(last), last.has_gap), ([], False))
        self.assertEqual(last.position, layer.group_position("room"))

    def test_a_history_is_read_in_pages_from_either_end(self) -> None:
        layer = self.with_history()
        begin = layer.group_position("room")
        self.send_numbers(layer, *range(5))
        self.assertEqual(self.kept_numbers(layer.group_history("room", limit=2)), [3, 4])
        first = layer.group_history("room", since=begin, limit=2)
        second = layer.group_history("room", since=first.position, limit=2)
        third = layer.group_history("room", since=second.messages[-1].position, limit=2)
        self.assertEqual([self.kept_numbers(page) for page in (first, second, third)], [[0, 1], [2, 3], [4]])

    def test_messages_above_the_number_are_forgotten_and_the_gap_is_reported(self) -> None:
        layer = self.with_history(messages=3)
        begin = layer.group_position("room")
        self.send_numbers(layer, 1, 2, 3)
        self.assertFalse(layer.group_history("room", since=begin).has_gap)
        self.send_numbers(layer, 4)
        history = layer.group_history("room", since=begin)
        self.assertEqual((self.kept_numbers(history), history.has_gap), ([2, 3, 4], True))

    def test_messages_above_the_bytes_are_forgotten(self) -> None:
        layer = self.with_history(bytes=3000)
        for number in range(4):
            layer.send_group("room", {"number": number, "text": "x" * 900})
        kept = self.kept_numbers(layer.group_history("room"))
        self.assertIn(kept, ([1, 2, 3], [2, 3]))  # encrypted ones are longer

    def test_a_message_longer_than_the_bytes_is_sent_and_not_kept(self) -> None:
        layer = self.with_history(bytes=1000)
        layer.group_add("room", "name!a")
        begin = layer.group_position("room")
        layer.send_group("room", {"number": 1, "text": "x" * 1000})
        self.assertEqual(len(self.drain(["name!"], layer)), 1)
        history = layer.group_history("room", since=begin)
        self.assertEqual((self.kept_numbers(history), history.has_gap), ([], True))
        self.send_numbers(layer, 2)
        self.assertEqual(self.kept_numbers(layer.group_history("room")), [2])

    def test_messages_above_the_age_are_forgotten_and_positions_stay_valid(self) -> None:
        layer = self.with_history(seconds=1)
        begin = layer.group_position("room")
        self.send_numbers(layer, 1)
        last = layer.group_position("room")
        self.eventually(lambda: not len(layer.group_history("room")))
        self.assertTrue(layer.group_history("room", since=begin).has_gap)
        self.assertFalse(layer.group_history("room", since=last).has_gap)

        def reads_what_follows() -> bool:
            before = layer.group_position("room")
            self.send_numbers(layer, 2)
            history = layer.group_history("room", since=before)
            return self.kept_numbers(history) == [2] and not history.has_gap  # unless a second has passed meanwhile

        self.eventually(reads_what_follows)

    def test_a_store_that_has_lost_its_data_begins_an_epoch_and_old_positions_have_a_gap(self) -> None:
        layer = self.with_history()
        self.send_numbers(layer, 1, 2)
        old = layer.group_position("room")
        layer.flush()
        self.assertTrue(layer.group_history("room", since=old).has_gap)
        self.send_numbers(layer, 3, 4, 5)
        history = layer.group_history("room", since=old)
        self.assertEqual((self.kept_numbers(history), history.has_gap), ([3, 4, 5], True))
        self.assertNotEqual(history.position.split(".")[1], old.split(".")[1])

    def test_held_sends_of_a_consumer_are_kept_in_the_order_of_the_sends(self) -> None:
        layer = self.with_history()
        sends: list[Send] = [GroupSend("room", {"number": 1}), Envelope("work", {}), GroupSend("room", {"number": 2})]
        self.reader("work", layer=layer).exchange([Settlement([*sends, GroupSend("quiet", {})], "name!a", 1)], {})
        self.assertEqual(self.kept_numbers(layer.group_history("room")), [1, 2])

    def test_positions_are_text_for_a_url_and_sort_as_the_messages_do(self) -> None:
        layer = self.with_history()
        positions = []
        for number in range(20):
            positions.append(layer.group_position("room"))
            self.send_numbers(layer, number)
        self.assertEqual(positions, sorted(positions))
        self.assertEqual([message.position for message in layer.group_history("room")][:-1], positions[1:])
        self.assertRegex(positions[0], r"\A[0-9A-Za-z._-]{1,100}\Z")

    def test_positions_are_refused_if_they_are_forged_cut_off_or_of_another_group(self) -> None:
        layer = self.with_history()
        self.send_numbers(layer, 1)
        good = layer.group_position("room")
        offset, epoch, signature = good.split(".")
        forged = f"{int(offset, 16) - 1:014x}.{epoch}.{signature}"
        wrong: list[Any] = [forged, good[:-1], good + "A", "", "-1", f"{offset}.{epoch}.", 1, b"x", good.upper()]
        for text in [*wrong, layer.group_position("room2")]:
            with self.subTest(text=text), self.assertRaises(BadPosition):
                layer.group_history("room", since=text)

    def test_positions_stay_valid_while_their_key_is_one_of_the_keys(self) -> None:
        layer = self.with_history()
        old = layer.group_position("room")
        rotated = self.make_layer(group_history={"room*": SHORT}, position_keys=["a new key", *KEYS])
        self.addCleanup(rotated.close)
        rotated.group_history("room", since=old)
        other = self.make_layer(group_history={"room*": SHORT}, position_keys=["another key"])
        self.addCleanup(other.close)
        with self.assertRaises(BadPosition):
            other.group_history("room", since=old)

    def test_without_a_key_no_position_is_made(self) -> None:
        with self.assertRaisesRegex(ConfigurationError, "position_keys"):
            self.with_history(position_keys=None).group_position("room")

    def test_a_group_without_a_history_refuses_and_names_the_option(self) -> None:
        layer = self.with_history()
        for group in ("other", "quiet-room"):
            with self.subTest(group=group), self.assertRaisesRegex(NoHistory, "'group_history' in CONFIG"):
                layer.group_history(group)
            with self.assertRaisesRegex(NoHistory, group):
                layer.group_position(group)

    def test_wrong_bounds_are_refused_and_the_error_names_them(self) -> None:
        wrong: list[tuple[Any, str]] = [
            (["room"], "group_history is a dict such as"),
            ({"": {"messages": 1, "seconds": 1}}, "is not a pattern"),
            ({"room": 100}, r"group_history\['room'\] is a dict such as"),
            ({"room": {"messages": 100}}, "has no 'seconds'"),
            ({"room": {"seconds": 100}}, "has no 'messages'"),
            ({"room": {"messages": 100, "seconds": 60, "size": 1}}, "unknown key 'size'"),
            ({"room": {"messages": 0, "seconds": 60}}, "'messages'.* is an int from 1 to 10000, not 0"),
            ({"room": {"messages": True, "seconds": 60}}, "not True"),
            ({"room": {"messages": 1, "seconds": 1e99}}, "'seconds'"),
            ({"room": {"messages": 1, "seconds": 1, "bytes": -1}}, "'bytes'"),
        ]
        for history, message in wrong:
            with self.subTest(history=history), self.assertRaisesRegex(ConfigurationError, message):
                self.make_layer(group_history=history)
        with self.assertRaisesRegex(ConfigurationError, "position_keys is a list of keys, not a str"):
            self.make_layer(position_keys="secret")
        with self.assertRaisesRegex(ValueError, "limit is a number of messages"):
            self.with_history().group_history("room", limit=0)

    def test_a_group_send_may_exclude_channels_of_every_kind(self) -> None:
        layer = self.with_history()
        for group in ("room", "quiet"):
            for channel in ("one", "two", "name!a", "name!b"):
                layer.group_add(group, channel)
            layer.send_group(group, {"group": group}, exclude=["two", "name!a"])
            found = self.drain(["one", "two", "name!"], layer)
            self.assertCountEqual(found, [(channel, {"group": group}) for channel in ("one", "name!b")])
