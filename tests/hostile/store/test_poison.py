"""Invalid data in Redis is skipped and counted, and the messages behind it are handled."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from towpath.layers.contract import Envelope, Settlement
from towpath.layers.inbox_events import Settled
from towpath.layers.redis import RedisChannelLayer

#: What is not an entry of a queue, and none of an inbox.
POISON = [
    b"",
    b"x",
    b"\x00" * 15,
    b"\x00" * 16,
    b"\xff" * 16 + b"\xc1",
    bytes(range(256)),
    b"\x00" * 8 + b"\x7f\xf0\x00\x00\x00\x00\x00\x00" + b"\x93\x80",
    b"\x00" * 8 + b"\x7f\xf0\x00\x00\x00\x00\x00\x00" + b"\x93\xc0\xc0\xc0",
    b"\x00" * 8 + b"\x7f\xf8\x00\x00\x00\x00\x00\x00" + b"\x93\x80\xc0\xa1s",
    b"S\xc1",
    b"S\x94\xa3you\xa11\x90\xc0",
    b"S\x94\xa3you\x01\x91\x01\xc0",
    b"D\x92\xa3you\x90",
    b"G\x91\xa1g",
    b"J\x92\x01\x02",
    b"Z\x90",
    b"S" + b"\x91" * 5000,
    b"S\xdd\xff\xff\xff\xff",
]


@pytest.fixture
def layer(redis_url: str) -> Iterator[RedisChannelLayer]:
    """A layer on an empty store."""
    with closing(RedisChannelLayer(hosts=[redis_url], prefix="p:")) as made:
        yield made


@pytest.fixture
def store(redis_url: str) -> Iterator[Any]:
    """The store itself, for who goes behind the layer's back."""
    with closing(redis.Redis.from_url(redis_url)) as client:
        yield client


def key_like(store: Any, ending: bytes) -> bytes:
    """Return the one key with this ending."""
    (key,) = [key for key in store.scan_iter() if key.endswith(ending)]
    return bytes(key)


def test_a_poisoned_queue_is_read_on(layer: RedisChannelLayer, store: Any) -> None:
    layer.send("plain", {"text": "before"})
    store.rpush(key_like(store, b":queue"), *POISON, os.urandom(100))
    layer.send("plain", {"text": "after"})
    reader, found = layer.reader(["plain"]), []
    for _ in range(len(POISON) + 3):
        received = reader.exchange([], {"plain": 5})
        found += [taken.envelope.content.get("text") for taken in received.taken]
    reader.close()
    assert found[0] == "before"
    assert found[-1] == "after"
    assert layer.channel_statistics("plain")["messages_pending"] == 0


def test_a_poisoned_queue_is_received_on(layer: RedisChannelLayer, store: Any) -> None:
    """The same for the blocking `receive` of 1.x."""
    layer.send("plain", {"text": "before"})
    store.rpush(key_like(store, b":queue"), *POISON)
    layer.send("plain", {"text": "after"})
    assert layer.receive(["plain"]) == ("plain", {"text": "before"})
    assert layer.receive(["plain"]) == ("plain", {"text": "after"})


def test_a_poisoned_inbox_is_read_on(layer: RedisChannelLayer, store: Any) -> None:
    assert asyncio.run(poisoned_inbox(layer, store))[-1] == Settled("you", 1, [{"text": "after"}], None)


async def poisoned_inbox(layer: RedisChannelLayer, store: Any) -> list[Any]:
    """Poison an edge's inbox between two settlements; return what the edge made of it."""
    edge = layer.edge()
    await edge.open()
    events: list[Any] = []
    try:
        edge.opened("you")
        settle(layer, edge.inbox + "you", "before")
        store.rpush(key_like(store, b":inbox"), *POISON, os.urandom(100))
        settle(layer, edge.inbox + "you", "after")
        while not any(getattr(event, "replies", None) == [{"text": "after"}] for event in events):
            events += await asyncio.wait_for(edge.receive(), 20)
    finally:
        await edge.close()
    return events


def settle(layer: RedisChannelLayer, reply_channel: str, text: str) -> None:
    """End a turn as a worker does."""
    reader = layer.reader(["nothing"])
    reader.exchange([Settlement([Envelope(reply_channel, {"text": text})], reply_channel, 1)], {})
    reader.close()


@pytest.mark.parametrize("value", [b"a string", 7])
def test_a_key_of_another_type_is_an_error_that_names_no_content(
    layer: RedisChannelLayer, store: Any, value: Any
) -> None:
    layer.send("plain", {"text": "before"})
    key = key_like(store, b":queue")
    store.delete(key)
    store.set(key, value)
    with pytest.raises(Exception, match="WRONGTYPE") as caught:
        layer.send("plain", {"text": "Zeichen"})
    assert "Zeichen" not in str(caught.value)
    layer.send("other", {"text": "still served"})
    assert layer.receive(["other"]) == ("other", {"text": "still served"})
