"""The number of entries that one read of an inbox takes: few, until reads were full."""

import asyncio

import pytest

from towpath.layers.inbox_reads import FIRST_COUNT, MOST_COUNT, InboxReads
from towpath.layers.memory import MemoryChannelLayer


@pytest.fixture
def reads() -> InboxReads:
    return InboxReads()


def test_reads_grow_while_they_are_full(reads: InboxReads) -> None:
    limits = []
    for _ in range(7):
        reads.note([b"x"] * reads.limit)
        limits.append(reads.limit)
    assert limits == [16, 32, 64, 128, 256, 512, MOST_COUNT]


def test_reads_shrink_to_the_first_limit_while_they_are_nearly_empty(reads: InboxReads) -> None:
    for _ in range(2):
        reads.note([b"x"] * reads.limit)
    limits = []
    for count in (8, 7, 7, 1, 0):
        reads.note([b"x"] * count)
        limits.append(reads.limit)
    assert limits == [32, 16, 16, 8, FIRST_COUNT]


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

    assert asyncio.run(lengths()) == [8, 16, 32]
