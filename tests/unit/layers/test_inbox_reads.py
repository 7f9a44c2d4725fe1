"""The number of entries that one read of an inbox takes: few, until full reads were short."""

import asyncio

import pytest

from towpath.layers.inbox_reads import FIRST_COUNT, LONG_BYTES, MOST_COUNT, InboxReads
from towpath.layers.memory import MemoryChannelLayer


@pytest.fixture
def reads() -> InboxReads:
    return InboxReads()


def test_reads_grow_while_they_are_full_of_short_entries(reads: InboxReads) -> None:
    limits = []
    for _ in range(5):
        reads.note([b"x"] * reads.limit)
        limits.append(reads.limit)
    assert limits == [128, 256, 512, MOST_COUNT, MOST_COUNT]


def test_a_long_read_is_followed_by_a_short_one(reads: InboxReads) -> None:
    reads.note([b"x"] * FIRST_COUNT)
    reads.note([bytes(LONG_BYTES // 100)] * reads.limit)
    assert reads.limit == FIRST_COUNT


def test_a_read_that_is_not_full_is_followed_by_a_short_one(reads: InboxReads) -> None:
    reads.note([b"x"] * FIRST_COUNT)
    reads.note([b"x"])
    assert reads.limit == FIRST_COUNT


def test_an_edge_takes_replies_in_reads_of_bounded_length() -> None:
    async def lengths() -> list[int]:
        layer = MemoryChannelLayer()
        edge = layer.edge()
        await edge.open()
        edge.opened("local")
        for number in range(300):
            layer.send(f"{edge.inbox}local", {"text": str(number)})
        found = [len(await edge.receive()) for _ in range(3)]
        await edge.close()
        return found

    assert asyncio.run(lengths()) == [64, 128, 108]
