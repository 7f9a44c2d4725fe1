"""The reading side as it waits: what ends a wait, and that ending one loses nothing."""

import threading
import time
from collections.abc import Sequence

from ..contract import Envelope, Reader, Received, Settlement, Taken
from .case import BLOCK_SECONDS, PATIENCE_SECONDS, LayerCase

#: A wait that ends in less than this, in seconds, was ended by something else than its time.
SOON_SECONDS = PATIENCE_SECONDS / 2


class WaitCases(LayerCase):
    """`Reader.exchange` with `block_seconds`, and `wake`."""

    def wait_in_thread(self, reader: Reader, answers: list[Received], *channels: str) -> threading.Thread:
        """Let a thread wait once, for as long as a test is patient."""
        limits = dict.fromkeys(channels or ("channel",), 10)
        return self.in_thread(lambda: answers.append(reader.exchange([], limits, PATIENCE_SECONDS)))

    def wake_until_ended(self, reader: Reader, thread: threading.Thread) -> None:
        """Wake until the reader's thread has ended: it may not have begun to wait."""

        def has_ended() -> bool:
            reader.wake()
            return not thread.is_alive()

        self.eventually(has_ended)

    def taken(self, answers: Sequence[Received]) -> list[Taken]:
        """Join what several answers brought."""
        return [item for answer in answers for item in answer.taken]

    def test_a_wait_ends_when_its_time_is_over(self) -> None:
        started = time.monotonic()
        self.assertEqual(self.reader("channel").exchange([], {"channel": 1}, 0.1), Received((), ()))
        self.assertGreater(time.monotonic() - started, 0.05)

    def test_what_is_there_already_is_not_waited_for(self) -> None:
        self.layer.send("channel", {})
        started = time.monotonic()
        answer = self.reader("channel").exchange([], {"channel": 1}, PATIENCE_SECONDS)
        self.assertEqual(len(answer.taken), 1)
        self.assertLess(time.monotonic() - started, SOON_SECONDS)

    def test_a_wait_ends_when_a_message_comes(self) -> None:
        answers: list[Received] = []
        started = time.monotonic()
        thread = self.wait_in_thread(self.reader("channel", "other"), answers, "channel", "other")
        self.layer.send_many([Envelope("other", {"number": 1}, 7, b"state")])
        thread.join(PATIENCE_SECONDS)
        self.assertLess(time.monotonic() - started, SOON_SECONDS)
        self.assertEqual(
            [item.envelope for item in self.taken(answers)], [Envelope("other", {"number": 1}, 7, b"state")]
        )

    def test_a_message_taken_after_a_wait_can_be_requeued(self) -> None:
        answers: list[Received] = []
        reader = self.reader("channel")
        thread = self.wait_in_thread(reader, answers)
        self.layer.send("channel", {"number": 1})
        thread.join(PATIENCE_SECONDS)
        reader.requeue(self.taken(answers))
        self.assertEqual([item.envelope.content for item in self.take(reader, "channel")], [{"number": 1}])

    async def test_a_settlement_is_written_before_the_wait(self) -> None:
        edge = await self.edge()
        reader = self.reader("channel")
        self.in_thread(lambda: reader.exchange([Settlement([], f"{edge.inbox}a", 1)], {"channel": 1}, PATIENCE_SECONDS))
        await self.events(edge, 1)
        self.layer.send("channel", {})

    def test_wake_ends_a_wait(self) -> None:
        answers: list[Received] = []
        started = time.monotonic()
        reader = self.reader("channel")
        thread = self.wait_in_thread(reader, answers)
        self.wake_until_ended(reader, thread)
        self.assertEqual(answers, [Received((), ())])
        self.assertLess(time.monotonic() - started, SOON_SECONDS)

    def test_a_woken_reader_goes_on(self) -> None:
        answers: list[Received] = []
        reader = self.reader("channel")
        thread = self.wait_in_thread(reader, answers)
        self.wake_until_ended(reader, thread)
        self.layer.send("channel", {"number": 1})
        self.assertEqual([item.envelope.content for item in self.take(reader, "channel")], [{"number": 1}])

    def test_waking_who_does_not_wait_does_no_harm(self) -> None:
        reader = self.reader("channel")
        reader.wake()
        self.layer.send("channel", {})
        self.assertEqual(len(reader.exchange([], {"channel": 1}, PATIENCE_SECONDS).taken), 1)

    def test_waking_loses_nothing_that_is_on_its_way(self) -> None:
        expected = 300
        found: list[int] = []
        reader = self.reader("channel")

        def read() -> None:
            while len(found) < expected:
                taken = reader.exchange([], {"channel": 2}, BLOCK_SECONDS).taken
                found.extend(item.envelope.content["number"] for item in taken)

        thread = self.in_thread(read)
        for number in range(expected):
            self.send_when_there_is_room(Envelope("channel", {"number": number}))
            reader.wake()
        thread.join(PATIENCE_SECONDS)
        self.assertEqual(found, list(range(expected)))

    def send_when_there_is_room(self, envelope: Envelope) -> None:
        """Send, again and again if the channel is full."""
        self.eventually(lambda: not self.layer.send_many([envelope]))

    def test_a_message_ends_the_wait_of_one_reader(self) -> None:
        answers: list[Received] = []
        readers = [self.reader("channel"), self.reader("channel")]
        threads = [self.wait_in_thread(reader, answers) for reader in readers]
        self.layer.send("channel", {"number": 1})
        self.eventually(lambda: len(self.taken(answers)) == 1)
        self.layer.send("channel", {"number": 2})
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        self.assertCountEqual([item.envelope.content["number"] for item in self.taken(answers)], [1, 2])
