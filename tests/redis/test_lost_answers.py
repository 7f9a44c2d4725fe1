"""Connections to Redis that fail: what an answer held that was lost is read again, once; what was not sent is known."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from towpath.layers.contract import Edge, Envelope
from towpath.layers.errors import LayerUnavailable, PartlyRefused
from towpath.layers.inbox_events import Replies
from towpath.layers.redis import RedisChannelLayer
from towpath.layers.redis.edge import RedisEdge, _drop

from ..redis_server import RedisServer


class Losing:
    """The connection that an edge reads over; it loses the next answer on request."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.label = client.label
        self.loses = False

    @property
    def is_open(self) -> bool:
        return bool(self._client.is_open)

    async def exchange(self, commands: Sequence[Any], silent: int = 0) -> list[Any]:
        """Execute, and lose what was answered."""
        answers: list[Any] = await self._client.exchange(commands, silent)
        if self.loses:
            self.loses = False
            raise LayerUnavailable("the answer is lost")
        return answers

    async def close(self) -> None:
        await self._client.close()


async def _numbers(edge: Edge) -> list[Any]:
    return [event.contents[0]["number"] for event in await edge.receive() if isinstance(event, Replies)]


async def _one_by_one(
    layer: RedisChannelLayer, sender: RedisChannelLayer, after_each: Callable[[], object] = lambda: None
) -> list[Any]:
    """Send four numbers and read each before the next; return what was read."""
    edge = layer.edge()
    await edge.open()
    received = []
    for number in range(4):
        await asyncio.to_thread(sender.send, f"{edge.inbox}a", {"number": number})
        received += await _numbers(edge)
        after_each()
    await edge.close()
    return received


@pytest.mark.parametrize("lost_read", [0, 1, 2])
def test_what_was_read_and_not_received_is_read_again_and_nothing_is_read_twice(redis_url: str, lost_read: int) -> None:
    layer = RedisChannelLayer(hosts=[redis_url], prefix="lost:")

    async def scene() -> list[Any]:
        edge: Any = layer.edge()
        await edge.open()
        edge._into = losing = Losing(edge._into)
        received = []
        for number in range(3):
            # Two at a time that cannot be told apart but by their numbers.
            for half in (0, 0.5):
                await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": number + half})
            losing.loses = number == lost_read
            if losing.loses:
                with pytest.raises(LayerUnavailable, match="lost"):
                    await edge.receive()
            received += await _numbers(edge)
        await edge.close()
        return received

    assert asyncio.run(scene()) == [0, 0.5, 1, 1.5, 2, 2.5]
    layer.close()


def test_what_comes_after_the_store_was_emptied_is_not_taken_for_what_was_read(redis_url: str) -> None:
    layer = RedisChannelLayer(hosts=[redis_url], prefix="lost:")

    async def scene() -> list[Any]:
        edge = layer.edge()
        await edge.open()
        await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": 1})
        received = await _numbers(edge)
        await asyncio.to_thread(layer.flush)
        await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": 2})
        received += await _numbers(edge)
        await edge.close()
        return received

    assert asyncio.run(scene()) == [1, 2]
    layer.close()


def test_who_may_not_ask_redis_for_silence_reads_everything_once_too(redis_url: str) -> None:
    with closing(Redis.from_url(redis_url)) as client:
        client.acl_setuser("noisy", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-client"])
    layer = RedisChannelLayer(hosts=[redis_url.replace("//", "//noisy:any@")], prefix="lost:")
    sender = RedisChannelLayer(hosts=[redis_url], prefix="lost:")
    assert asyncio.run(_one_by_one(layer, sender)) == [0, 1, 2, 3]
    sender.close()
    layer.close()


def test_scripts_that_redis_has_forgotten_do_not_make_it_give_anything_twice(redis_url: str) -> None:
    layer = RedisChannelLayer(hosts=[redis_url], prefix="lost:")
    with closing(Redis.from_url(redis_url)) as client:
        assert asyncio.run(_one_by_one(layer, layer, client.script_flush)) == [0, 1, 2, 3]
    layer.close()


def test_a_read_drops_the_entries_of_the_read_before(redis_url: str) -> None:
    layer = RedisChannelLayer(hosts=[redis_url], prefix="lost:")

    async def scene() -> int:
        edge = layer.edge()
        await edge.open()
        for number in (1, 2):
            await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": number})
            assert await _numbers(edge) == [number]
        with closing(Redis.from_url(redis_url)) as client:
            left = client.llen(f"lost:{{{edge.inbox}}}:inbox")
        await edge.close()
        return int(left)

    assert asyncio.run(scene()) == 1
    layer.close()


def test_a_drop_that_is_executed_twice_removes_no_equal_message(redis_url: str) -> None:
    """Its answer may be lost; then it is written again."""
    layer = RedisChannelLayer(hosts=[redis_url], prefix="lost:")

    async def scene() -> list[Any]:
        edge = layer.edge()
        assert isinstance(edge, RedisEdge)
        await edge.open()
        await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": 1})
        received = await _numbers(edge)
        for _ in range(2):
            await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": 1})
        command = _drop(f"lost:{{{edge.inbox}}}:inbox", edge._read)
        assert command[0] == "LREM"
        with closing(Redis.from_url(redis_url)) as client:
            assert [client.execute_command(*command) for _ in range(2)] == [1, 0]
        while len(received) < 3:
            received += await _numbers(edge)
        await edge.close()
        return received

    assert asyncio.run(scene()) == [1, 1, 1]
    layer.close()


@pytest.mark.parametrize(
    "read",
    [[b"S" * 1025], [b"Jroom"], [b"Kturn"], [b"S1", b"S2"]],
    ids=["long", "a join", "a keep-alive", "two"],
)
def test_entries_that_are_long_or_may_have_equals_are_dropped_by_their_place(read: list[bytes]) -> None:
    assert _drop("inbox", read)[0] == "EVAL"


def test_a_redis_that_has_become_a_replica_gives_nothing_twice(start_redis: Callable[[], RedisServer]) -> None:
    server = start_redis()
    layer = RedisChannelLayer(hosts=[server.url], prefix="lost:")

    async def scene() -> list[Any]:
        edge = layer.edge()
        await edge.open()
        with closing(Redis.from_url(server.url)) as client:
            await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": 1})
            received = await _numbers(edge)
            client.replicaof("127.0.0.1", 1)
            for _ in range(2):
                with pytest.raises(LayerUnavailable, match="READONLY"):
                    await edge.receive()
            client.replicaof("NO", "ONE")
            await asyncio.to_thread(layer.send, f"{edge.inbox}a", {"number": 2})
            received += await _numbers(edge)
        await edge.close()
        return received

    assert asyncio.run(scene()) == [1, 2]
    layer.close()


def test_what_could_not_be_written_is_known_not_to_have_arrived() -> None:
    edge = RedisChannelLayer(hosts=[("127.0.0.1", 1)]).edge()
    with pytest.raises(PartlyRefused, match="is unavailable") as caught:
        asyncio.run(edge.send([Envelope("a", {}), Envelope("b", {}), Envelope("a", {})]))
    assert (caught.value.is_clean, caught.value.results) == (True, [None, None, None])
