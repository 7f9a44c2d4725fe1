"""Sending and receiving: order, one reader each, several channels at once, names with a local part."""

import threading
from functools import partial

from ..contract import Envelope, GroupSend, Send
from .case import PATIENCE_SECONDS, LayerCase


class QueueCases(LayerCase):
    """`send`, `send_many`, `receive`, `drop_channel`, `flush`."""

    def test_messages_of_a_channel_arrive_in_order_and_once(self) -> None:
        for number in range(10):
            self.layer.send("channel", {"number": number})
        self.assertEqual(self.contents("channel"), [{"number": number} for number in range(10)])

    def test_nothing_there_is_a_pair_of_none(self) -> None:
        self.assertEqual(self.layer.receive(["channel", "name!"]), (None, None))

    def test_several_channels_can_be_received_from(self) -> None:
        self.layer.send("two", {"number": 2})
        self.layer.send("name!local", {"number": 3})
        self.layer.send("unread", {})
        found = self.drain(["one", "two", "name!"])
        self.assertCountEqual(found, [("two", {"number": 2}), ("name!local", {"number": 3})])

    def test_no_channels_give_nothing(self) -> None:
        self.assertEqual(self.layer.receive([]), (None, None))

    def test_a_busy_channel_does_not_starve_a_quiet_one(self) -> None:
        self.layer.send_many([Envelope("busy", {}) for _ in range(100)])
        self.layer.send("quiet", {})
        found = [self.layer.receive(["busy", "quiet"])[0] for _ in range(60)]
        self.assertIn("quiet", found)

    def test_a_blocking_receive_returns_when_something_comes(self) -> None:
        for channel, name in (("channel", "channel"), ("name!", "name!local")):
            with self.subTest(channel=channel):
                found: list[object] = []
                thread = self.in_thread(partial(self.receive_once, channel, found))
                self.layer.send(name, {"number": 1})
                thread.join(PATIENCE_SECONDS)
                self.assertEqual(found, [(name, {"number": 1})])

    def receive_once(self, channel: str, found: list[object]) -> None:
        """Block until a message comes."""
        self.eventually(lambda: found or self.received_into(channel, found))

    def received_into(self, channel: str, found: list[object]) -> bool:
        """Block once, and keep what came."""
        name, content = self.layer.receive([channel], block=True)
        if name is not None:
            found.append((name, content))
        return name is not None

    def test_many_receivers_get_each_message_once(self) -> None:
        expected = 200
        found: list[int] = []
        lock = threading.Lock()

        def receive() -> None:
            while len(found) < expected:
                channel, content = self.layer.receive(["channel"])
                if channel is not None and content is not None:
                    with lock:
                        found.append(content["number"])

        layer_capacity = self.layer.capacity
        threads = [self.in_thread(receive) for _ in range(3)]
        for start in range(0, expected, layer_capacity):
            batch: list[Send] = [Envelope("channel", {"number": start + index}) for index in range(layer_capacity)]
            while batch:
                batch = list(self.layer.send_many(batch))
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        self.assertEqual(sorted(found), list(range(expected)))

    # Names with a local part

    def test_one_reader_gets_everything_for_its_process_with_full_names_and_in_order(self) -> None:
        sent = [(f"name!{local}", {"number": number}) for number, local in enumerate("abcab")]
        for channel, content in sent:
            self.layer.send(channel, content)
        self.layer.send("other!a", {})
        self.assertEqual(self.drain(["name!"]), sent)

    # Many at once

    def test_many_sends_leave_in_order(self) -> None:
        sends: list[Send] = []
        for number in range(6):
            sends += [Envelope("channel", {"number": number}), Envelope("name!a", {"number": number})]
        self.assertEqual(list(self.layer.send_many(sends)), [])
        self.assertEqual(self.contents("channel"), [{"number": number} for number in range(6)])
        self.assertEqual(self.contents("name!"), [{"number": number} for number in range(6)])

    def test_group_sends_keep_their_place_among_sends_to_a_connection(self) -> None:
        self.layer.group_add("group", "name!a")
        own = [Envelope("name!a", {"number": number}) for number in range(3)]
        sends: list[Send] = [
            own[0],
            GroupSend("group", {"text": "x"}),
            own[1],
            GroupSend("group", {"text": "y"}),
            own[2],
        ]
        self.layer.send_many(sends)
        expected = [{"number": 0}, {"text": "x"}, {"number": 1}, {"text": "y"}, {"number": 2}]
        self.assertEqual(self.contents("name!"), expected)

    def test_no_sends_are_nothing(self) -> None:
        self.assertEqual(list(self.layer.send_many([])), [])

    def test_one_message_that_cannot_be_sent_keeps_back_all(self) -> None:
        with self.assertRaises(TypeError):
            self.layer.send_many([Envelope("channel", {}), Envelope("channel", {"wrong": object()})])
        self.assertEqual(self.contents("channel"), [])

    # Forgetting

    def test_a_dropped_channel_is_empty_and_can_be_used_again(self) -> None:
        name = self.layer.new_channel("test?")
        self.layer.send(name, {"number": 1})
        self.layer.drop_channel(name)
        self.assertEqual(self.contents(name), [])
        self.layer.send(name, {"number": 2})
        self.assertEqual(self.contents(name), [{"number": 2}])

    def test_dropping_what_is_not_there_does_nothing(self) -> None:
        self.layer.drop_channel("nobody?x")

    def test_a_flush_forgets_messages_groups_and_statistics(self) -> None:
        self.layer.group_add("group", "channel")
        self.layer.group_add("group", "name!a")
        self.layer.send("channel", {})
        self.layer.send("name!a", {})
        self.layer.flush()
        self.assertEqual(self.drain(["channel", "name!"]), [])
        self.assertEqual(self.layer.group_channels("group"), [])
        self.layer.send_group("group", {})
        self.assertEqual(self.drain(["channel", "name!"]), [])
        self.assertEqual(self.layer.global_statistics()["messages_count"], 0)

    def test_a_flush_forgets_what_this_process_has_read_but_not_handed_out(self) -> None:
        self.layer.group_add("group", "name!a")
        for number in range(3):
            self.layer.send("name!a", {"number": number})
        self.assertEqual(self.layer.receive(["name!"]), ("name!a", {"number": 0}))
        self.layer.flush()
        self.assertEqual(self.contents("name!"), [])
        self.layer.group_add("group", "name!b")
        self.layer.send_group("group", {})
        self.assertEqual(self.drain(["name!"]), [("name!b", {})])

    def test_a_closed_layer_opens_again(self) -> None:
        self.layer.close()
        self.layer.send("channel", {"number": 1})
        self.layer.close()
        self.assertEqual(self.contents("channel"), [{"number": 1}])
