"""Reads of long messages: the bytes of one read are bounded, and nothing is lost or changes its place."""

from ..contract import Delayed, Envelope
from ..inbox_events import Replies
from ..operations.operation import READ_BYTES
from .case import LayerCase

#: Two of these are as much as one read takes, encrypted or not.
LONG = bytes(READ_BYTES // 2)


class LengthCases(LayerCase):
    """`Reader.exchange`, `Edge.receive`, `receive` and `deliver_due` with long messages."""

    def test_a_batch_ends_after_a_mebibyte(self) -> None:
        self.layer.send_many([Envelope("channel", {"number": number, "bytes": LONG}) for number in range(5)])
        reader = self.reader("channel")
        batches = [[item.envelope.content["number"] for item in self.take(reader, "channel")] for _ in range(4)]
        self.assertEqual(batches, [[0, 1], [2, 3], [4], []])

    def test_long_messages_behind_short_ones_keep_their_places(self) -> None:
        lengths = [1] * 5 + [len(LONG)] * 3 + [1] * 5
        self.layer.send_many(
            [Envelope("channel", {"number": n, "bytes": LONG[:length]}) for n, length in enumerate(lengths)]
        )
        reader = self.reader("channel")
        batches = [[item.envelope.content["number"] for item in self.take(reader, "channel")] for _ in range(3)]
        self.assertEqual(batches, [list(range(7)), list(range(7, 13)), []])

    async def test_a_read_of_many_replies_ends_after_a_mebibyte(self) -> None:
        edge = await self.edge()
        edge.opened("a")
        short, long = 60, 10
        for number in range(short + long):
            content = {"number": number, "bytes": b"" if number < short else LONG}
            self.layer.send(f"{edge.inbox}a", content)
        numbers: list[int] = []
        while len(numbers) < short + long:
            replies = [event for event in await edge.receive() if isinstance(event, Replies)]
            contents = [content for event in replies for content in event.contents]
            numbers += [content["number"] for content in contents]
            self.assertLessEqual(sum(len(content["bytes"]) for content in contents), READ_BYTES + len(LONG))
        self.assertEqual(numbers, list(range(short + long)))

    def test_long_messages_are_received_in_order(self) -> None:
        for number in range(5):
            self.layer.send("name!local", {"number": number, "bytes": LONG})
        found = [content["number"] for _, content in self.drain(["name!"])]
        self.assertEqual(found, list(range(5)))

    def test_a_delivery_ends_after_a_mebibyte_and_is_continued_at_once(self) -> None:
        self.layer.send_later([Delayed("channel", {"number": n, "bytes": LONG}, 0.0) for n in range(3)])
        self.assertEqual(self.layer.deliver_due(), 0)
        self.assertEqual(self.layer.channel_statistics("channel")["messages_pending"], 2)
        self.layer.deliver_due()
        self.assertEqual([content["number"] for content in self.contents("channel")], [0, 1, 2])
