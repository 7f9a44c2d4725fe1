"""Reads of long entries from Redis: bounded in bytes where a layer's users cannot see it, and left as they were."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from towpath.layers.contract import Envelope
from towpath.layers.operations.inboxes import TakeInbox
from towpath.layers.operations.operation import READ_BYTES
from towpath.layers.operations.wills import AddWills, ReadWills, StoreSessionState
from towpath.layers.redis import RedisChannelLayer

LONG = bytes(READ_BYTES // 2)
PREFIX = "long:"


@pytest.fixture
def layer(redis_url: str) -> Iterator[RedisChannelLayer]:
    with closing(RedisChannelLayer(hosts=[redis_url], prefix=PREFIX)) as layer:
        layer.flush()
        yield layer
        layer.flush()


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with closing(Redis.from_url(redis_url)) as client:
        yield client


def test_messages_that_a_take_leaves_wake_readers_and_expire_as_before(layer: RedisChannelLayer, client: Any) -> None:
    layer.send_many([Envelope("channel", {"bytes": LONG}) for _ in range(3)])
    before = client.pttl(f"{PREFIX}{{channel}}:queue")
    with closing(layer.reader(["channel"])) as reader:
        assert len(reader.exchange([], {"channel": 32}).taken) == 2
        assert before - 30_000 < client.pttl(f"{PREFIX}{{channel}}:queue") <= before + 30_000
        assert client.llen(f"{PREFIX}{{channel}}:wakeup") == 1


def test_long_messages_that_a_reader_has_waited_for_wake_the_next_one(layer: RedisChannelLayer, client: Any) -> None:
    layer.send_many([Envelope("channel", {"bytes": LONG}) for _ in range(3)])
    with closing(layer.reader(["channel"])) as reader:
        assert len(reader.exchange([], {"channel": 32}, block_seconds=5).taken) == 2
        assert client.llen(f"{PREFIX}{{channel}}:wakeup") == 1


def test_a_take_of_an_inbox_is_bounded_and_leaves_what_expires(layer: RedisChannelLayer, client: Any) -> None:
    for _ in range(3):
        layer.send("name!local", {"bytes": LONG})
    before = client.pttl(f"{PREFIX}{{name!}}:inbox")
    assert len(layer._execute([TakeInbox("name!", 512)])[0]) == 2
    assert before - 30_000 < client.pttl(f"{PREFIX}{{name!}}:inbox") <= before + 30_000
    assert len(layer._execute([TakeInbox("name!", 512)])[0]) == 1


def test_peek_reads_a_mebibyte_and_takes_nothing(layer: RedisChannelLayer) -> None:
    layer.send_many([Envelope("channel", {"number": number, "bytes": LONG}) for number in range(5)])
    found = layer.survey().peek("channel", 5)
    assert [message.content["number"] for message in found if message.content is not None] == [0, 1]
    assert layer.channel_statistics("channel")["messages_pending"] == 5


def test_a_page_of_wills_is_bounded_and_pages_hold_all(layer: RedisChannelLayer) -> None:
    inbox, state = "interface.a!", bytes(READ_BYTES // 16)
    wills = {f"local{number}": b"w" * 100 for number in range(200)}  # as long as those of WebSockets
    states = [StoreSessionState(inbox, local, state) for local in wills]
    layer._execute([AddWills(inbox, wills), *states])
    found: list[str] = []
    begin, pages = 0, 0
    while begin or not pages:
        page = layer._execute([ReadWills(inbox, begin, 1000)])[0]
        assert sum(len(stored.session_state or b"") for stored in page.wills) < 4 * READ_BYTES
        found += [stored.local for stored in page.wills]
        begin, pages = page.next, pages + 1
    assert set(found) == set(wills)


def test_a_longer_read_of_an_inbox_outlives_the_scripts_of_redis(layer: RedisChannelLayer, client: Any) -> None:
    """A Redis that was replaced knows no script, and a user may have removed them."""

    async def numbers() -> list[Any]:
        edge: Any = layer.edge()
        await edge.open()
        edge.opened("a")
        found: list[Any] = []
        for number in range(40):
            await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": number})
        while len(found) < 40:
            await asyncio.to_thread(client.script_flush)
            found += [content["number"] for event in await edge.receive() for content in event.contents]
        await edge.close()
        return found

    assert asyncio.run(numbers()) == list(range(40))
