"""Messages that are due later, and those of schedules."""

import time
from unittest.mock import patch

from ..contract import Delayed, Scheduled
from ..errors import EncodeError, InvalidName
from ..inbox_events import Replies
from ..operations.delays import FULL_SECONDS, MAX_DELAY_SECONDS, WAKE_CHANNEL
from ..operations.schedules import Fired
from .case import BLOCK_SECONDS, LayerCase

#: A delay that is over soon, and one that is not over before its test, in seconds.
SOON = 0.05
LATER = 3600.0


class DelayCases(LayerCase):
    """`send_later` and `deliver_due`."""

    def delay(self, number: int, seconds: float = 0.0, channel: str = "channel") -> None:
        self.assertEqual(self.layer.send_later([Delayed(channel, {"number": number}, seconds)]), [])

    def numbers(self, channel: str = "channel") -> list[int]:
        """Take the numbers of everything that is in a channel."""
        return [content["number"] for content in self.contents(channel)]

    def test_a_message_is_delivered_when_it_is_due_and_not_before(self) -> None:
        sent_at = time.monotonic()
        self.delay(1, SOON)
        self.delay(2, LATER)
        found = self.eventually(lambda: (self.layer.deliver_due(), self.numbers())[1])
        self.assertGreaterEqual(time.monotonic() - sent_at, SOON)
        self.assertEqual(found, [1])
        self.layer.deliver_due()
        self.assertEqual(self.numbers(), [])

    def test_messages_come_in_the_order_in_which_they_are_due(self) -> None:
        self.layer.send_later(
            [Delayed("channel", {"number": number}, seconds) for number, seconds in ((2, SOON), (3, 2 * SOON), (1, 0))]
        )
        self.eventually(lambda: (self.layer.deliver_due(), self.delayed("channel") == 0)[1])
        self.assertEqual(self.numbers(), [1, 2, 3])

    def test_a_message_arrives_as_it_was_sent(self) -> None:
        content = {"text": "grüße", "bytes": b"\x00\xff", "none": None, "list": [1, {"deep": True}], "float": 0.5}
        self.layer.send_later([Delayed("channel", content, 0)])
        self.layer.deliver_due()
        self.assertEqual(self.contents("channel"), [content])

    def test_equal_messages_are_as_many_as_were_sent(self) -> None:
        self.layer.send_later([Delayed("channel", {"number": 1}, 0)] * 3)
        self.layer.deliver_due()
        self.assertEqual(self.numbers(), [1, 1, 1])

    async def test_a_connection_may_be_sent_to_later(self) -> None:
        edge = await self.edge()
        edge.opened("a")
        self.delay(1, channel=f"{edge.inbox}a")
        self.layer.deliver_due()
        self.assertEqual(await self.events(edge, 1), [Replies("a", ({"number": 1},))])

    def test_each_message_is_delivered_once_by_any_number_of_threads(self) -> None:
        layer = self.layer = self.layer_with(capacity=1000)
        channels = [f"channel{index}" for index in range(5)]
        layer.send_later([Delayed(channels[number % 5], {"number": number}, SOON) for number in range(300)])
        found: list[int] = []

        def deliver_due() -> None:
            deadline = time.monotonic() + 4 * SOON
            while time.monotonic() < deadline:
                layer.deliver_due()

        for thread in [self.in_thread(deliver_due) for _ in range(4)]:
            thread.join()
        self.eventually(lambda: (layer.deliver_due(), sum(map(self.delayed, channels)) == 0)[1])
        for channel in channels:
            found += self.numbers(channel)
        self.assertEqual(sorted(found), list(range(300)))

    def delayed(self, channel: str) -> int | float:
        """Count what is delayed for a channel."""
        return self.layer.channel_statistics(channel)["messages_delayed"]

    def test_it_says_when_to_look_again(self) -> None:
        self.assertIsNone(self.layer.deliver_due())
        self.delay(1, LATER)
        self.delay(2, LATER / 2, "other")
        self.delay(3)
        seconds = self.layer.deliver_due()
        self.assertEqual(self.numbers(), [3])
        seconds = self.layer.deliver_due() if seconds is None or seconds < LATER / 4 else seconds
        self.assertAlmostEqual(seconds or 0.0, LATER / 2, delta=60)

    def test_who_sleeps_is_woken_for_what_is_due_sooner(self) -> None:
        reader = self.reader(WAKE_CHANNEL)
        self.delay(1, LATER)
        self.assertEqual(len(reader.exchange([], {WAKE_CHANNEL: 1}).taken), 0)
        self.delay(2, 2 * BLOCK_SECONDS)
        self.assertEqual(len(reader.exchange([], {WAKE_CHANNEL: 5}, BLOCK_SECONDS).taken), 1)

    def test_what_a_full_channel_does_not_take_stays_and_is_tried_again(self) -> None:
        self.layer = self.layer_with(capacity=2)
        for number in range(3):
            self.delay(number)
        seconds = self.layer.deliver_due()
        assert seconds is not None
        self.assertLessEqual(seconds, FULL_SECONDS)
        self.assertEqual(self.delayed("channel"), 1)
        found = self.numbers()
        self.assertEqual(len(found), 2)
        found += self.eventually(lambda: (self.layer.deliver_due(), self.numbers())[1])
        self.assertEqual(sorted(found), [0, 1, 2])

    def test_a_full_channel_gives_up_what_is_too_old(self) -> None:
        self.layer = self.layer_with(capacity=1, expiry=self.expiry_delay)
        self.layer.send("channel", {"number": 1})
        self.delay(2)
        self.eventually(lambda: (self.layer.deliver_due(), self.delayed("channel") == 0)[1])
        self.assertEqual(self.numbers(), [2])
        self.assertEqual(self.layer.channel_statistics("channel")["messages_expired_count"], 1)

    def test_more_than_may_wait_are_refused_and_counted(self) -> None:
        with patch("towpath.layers.delaying.DELAYED_CAPACITY", 2):
            sends = [Delayed("channel", {"number": number}, LATER) for number in range(3)]
            self.assertEqual(self.layer.send_later([*sends, Delayed("other", {}, LATER)]), [sends[2]])
        self.assertEqual(self.delayed("channel"), 2)
        self.assertEqual(self.layer.channel_statistics("channel")["channel_full_count"], 1)

    def test_delayed_messages_are_counted_when_they_are_sent_and_when_they_are_due(self) -> None:
        self.delay(1)
        self.delay(2, LATER)
        before = self.layer.channel_statistics("channel")
        self.layer.deliver_due()
        after = self.layer.channel_statistics("channel")
        names = ("messages_delayed", "messages_delayed_count", "messages_count", "messages_pending")
        self.assertEqual([before[name] for name in names], [2, 2, 0, 0])
        self.assertEqual([after[name] for name in names], [1, 2, 1, 1])
        self.assertEqual(self.layer.global_statistics()["messages_delayed_count"], 2)

    def test_sending_nothing_later_does_nothing(self) -> None:
        self.assertEqual(self.layer.send_later([]), [])

    def test_what_cannot_be_delayed_is_refused_with_a_reason(self) -> None:
        for seconds in (-1.0, MAX_DELAY_SECONDS + 1.0, float("nan"), float("inf")):
            with self.assertRaisesRegex(ValueError, "is delayed by 0 to"):
                self.layer.send_later([Delayed("channel", {}, seconds)])
        with self.assertRaises(InvalidName):
            self.layer.send_later([Delayed("not a name", {}, 1)])
        with self.assertRaises(EncodeError):
            self.layer.send_later([Delayed("channel", {"key": object()}, 1)])

    def test_a_flush_forgets_what_is_delayed(self) -> None:
        self.delay(1)
        self.layer.flush()
        self.assertIsNone(self.layer.deliver_due())
        self.assertEqual(self.numbers(), [])


class FiringCases(LayerCase):
    """`fire`."""

    def fire(self, due: float, is_missed: bool = False, schedule: str = "schedule") -> Fired:
        return self.layer.fire(Scheduled(schedule, "channel", {"due": due}, due, is_missed))

    def test_a_schedule_fires_once_for_each_time(self) -> None:
        now = time.time()
        self.assertEqual([self.fire(due) for due in (now - 20, now - 20, now - 10, now - 20)], [1, 0, 1, 0])
        self.assertEqual(self.contents("channel"), [{"due": now - 20}, {"due": now - 10}])
        self.assertEqual(self.layer.channel_statistics("channel")["messages_count"], 2)

    def test_many_processes_fire_once(self) -> None:
        due = time.time() - 1
        results: list[Fired] = []
        for thread in [self.in_thread(lambda: results.append(self.fire(due))) for _ in range(8)]:
            thread.join()
        self.assertEqual(sorted(results), [Fired.NO] * 7 + [Fired.YES])
        self.assertEqual(len(self.contents("channel")), 1)

    def test_schedules_do_not_mind_each_other(self) -> None:
        due = time.time() - 1
        self.assertEqual([self.fire(due), self.fire(due, schedule="other")], [Fired.YES, Fired.YES])

    def test_a_time_that_was_missed_counts_only_for_a_schedule_that_is_known(self) -> None:
        now = time.time()
        self.assertEqual(self.fire(now - 30, is_missed=True), Fired.FIRST)
        self.assertEqual(self.fire(now - 30), Fired.NO)
        self.assertEqual(self.contents("channel"), [])
        self.assertEqual(self.fire(now - 10, is_missed=True), Fired.YES)
        self.assertEqual(self.contents("channel"), [{"due": now - 10}])

    def test_a_full_channel_is_tried_again(self) -> None:
        self.layer = self.layer_with(capacity=1)
        due = time.time() - 1
        self.layer.send("channel", {"due": 0})
        self.assertEqual([self.fire(due), self.fire(due)], [Fired.FULL, Fired.FULL])
        self.assertEqual(self.layer.channel_statistics("channel")["channel_full_count"], 2)
        self.assertEqual(self.contents("channel"), [{"due": 0}])
        self.assertEqual(self.fire(due), Fired.YES)
        self.assertEqual(self.contents("channel"), [{"due": due}])

    def test_a_full_channel_gives_up_what_is_too_old_for_it(self) -> None:
        self.layer = self.layer_with(capacity=1, expiry=self.expiry_delay)
        self.layer.send("channel", {"due": 0})
        due = time.time() - 1
        self.eventually(lambda: self.fire(due) == Fired.YES)
        self.assertEqual(self.contents("channel"), [{"due": due}])

    def test_what_cannot_be_sent_is_refused(self) -> None:
        with self.assertRaises(InvalidName):
            self.layer.fire(Scheduled("schedule", "not a name", {}, 0))
        with self.assertRaises(EncodeError):
            self.layer.fire(Scheduled("schedule", "channel", {"key": object()}, 0))
