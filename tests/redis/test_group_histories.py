"""Histories of groups, on both stores: a publish whose answer is lost, round trips, and the memory of many groups."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from redis import Redis

from towpath.layers import base
from towpath.layers.base import BaseChannelLayer
from towpath.layers.contract import Edge, GroupSend, Settlement
from towpath.layers.entries import EntryCodec
from towpath.layers.errors import LayerUnavailable
from towpath.layers.history.bounds import HistoryBounds
from towpath.layers.inbox_events import Gap, Grouped, InboxEvent
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.history import NEWEST, Publish, Published, ReadHistory
from towpath.layers.redis import RedisChannelLayer

OPTIONS: dict[str, Any] = {"group_history": {"room*": {"messages": 100, "seconds": 60}}, "position_keys": ["a key"]}
BOUNDS = HistoryBounds(100, 60)


@pytest.fixture(params=["memory", "redis"])
def layer(request: pytest.FixtureRequest) -> Iterator[BaseChannelLayer]:
    layer: BaseChannelLayer
    if request.param == "memory":
        layer = MemoryChannelLayer(**OPTIONS)
    else:
        layer = RedisChannelLayer(hosts=[request.getfixturevalue("redis_url")], prefix="histories:", **OPTIONS)
    with closing(layer):
        layer.flush()
        yield layer


def numbers(layer: BaseChannelLayer) -> list[int]:
    return [message.content["number"] for message in layer.group_history("room")]


def publish(number: int, *, is_repeated: bool = False, kept: dict[int, bytes]) -> Publish:
    entry = kept.setdefault(number, EntryCodec().of_history("room", {"number": number}))
    return Publish("room", entry, BOUNDS, "0123456789abcdef", is_repeated)


def test_a_repeated_publish_has_the_place_that_it_got_first(layer: BaseChannelLayer) -> None:
    kept: dict[int, bytes] = {}
    places = layer._execute([publish(number, kept=kept) for number in (1, 2, 3)])
    assert [place.offset for place in places] == [1, 2, 3]
    again = layer._execute([publish(number, kept=kept, is_repeated=True) for number in (2, 3, 4)])
    assert again == [Published(places[0].epoch, offset, []) for offset in (2, 3, 4)]
    assert numbers(layer) == [1, 2, 3, 4]


def test_a_publish_that_is_executed_late_has_a_second_place_and_counts_once(layer: BaseChannelLayer) -> None:
    kept: dict[int, bytes] = {}
    layer._execute([publish(1, kept=kept), publish(2, kept=kept), publish(1, kept=kept)])
    assert numbers(layer) == [1, 2]
    assert layer.group_history("room").position == layer.group_position("room")


def test_an_exchange_whose_answer_was_lost_publishes_once(layer: BaseChannelLayer) -> None:
    layer.group_add("room", "name!a")
    reader: Any = layer.reader(["work"])
    execute = reader._execute

    def lose_answer(operations: Sequence[Any], then: Any = None) -> Any:
        execute(operations, then)
        if any(isinstance(operation, Publish) for operation in operations):
            reader._execute = execute
            raise LayerUnavailable("the answer is lost")

    reader._execute = lose_answer
    sends = [GroupSend("room", {"number": number}) for number in (1, 2)]
    with pytest.raises(LayerUnavailable):
        reader.exchange([Settlement([*sends])], {})
    reader.exchange([], {})
    reader.close()
    assert numbers(layer) == [1, 2]
    assert [layer.receive(["name!"])[1] for _ in range(3)] == [{"number": 1}, {"number": 2}, None]


@asynccontextmanager
async def member_of(layer: BaseChannelLayer) -> AsyncIterator[Edge]:
    """An edge with one member of the group, for which nothing is missing."""
    edge = layer.edge()
    await edge.open()
    edge.opened("a")
    await asyncio.to_thread(layer.group_add, "room", f"{edge.inbox}a")
    await edge.receive()
    assert await edge.fill() == []
    yield edge
    await edge.close()


async def filled(edge: Edge) -> Sequence[InboxEvent]:
    while not (events := await edge.fill()):
        pass
    return events


def test_a_sender_that_stops_between_publishing_and_delivering_loses_nothing(layer: BaseChannelLayer) -> None:
    async def scene() -> list[Any]:
        async with member_of(layer) as edge:
            kept: dict[int, bytes] = {}
            await asyncio.to_thread(layer._execute, [publish(1, kept=kept)])  # the last message: no other follows
            await edge.renew()
            events = await asyncio.wait_for(filled(edge), 30)
            await asyncio.to_thread(layer._execute, [publish(2, kept=kept)])
            await asyncio.to_thread(layer.send_group, "room", {"number": 3})  # which shows the hole before it
            await edge.receive()
            events = [*events, *await asyncio.wait_for(filled(edge), 30)]
        return [event.content["number"] for event in events if isinstance(event, Grouped)]

    assert asyncio.run(scene()) == [1, 2, 3]


def test_messages_that_a_full_inbox_refuses_are_read_from_the_history(
    layer: BaseChannelLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "INBOX_CAPACITY", 3)

    async def scene() -> list[Any]:
        async with member_of(layer) as edge:
            for number in range(5):
                await asyncio.to_thread(layer.send_group, "room", {"number": number})
            events = [*await edge.receive()]
            await edge.renew()
            while len(events) < 5:
                events += await asyncio.wait_for(edge.fill(), 30)
            return [event.content["number"] for event in events if isinstance(event, Grouped)]

    assert asyncio.run(scene()) == [0, 1, 2, 3, 4]


def test_after_the_store_has_lost_its_data_members_get_a_gap_and_then_new_messages(layer: BaseChannelLayer) -> None:
    async def scene() -> list[Any]:
        async with member_of(layer) as edge:
            await asyncio.to_thread(layer.send_group, "room", {"number": 1})
            events = [*await edge.receive()]
            await asyncio.to_thread(layer.flush)
            await edge.renew()  # which announces the members
            await asyncio.to_thread(layer.send_group, "room", {"number": 2})
            while len(events) < 3:
                events += await asyncio.wait_for(edge.receive(), 30)
                await asyncio.sleep(0)
            return [event.content["number"] if isinstance(event, Grouped) else type(event) for event in events]

    assert asyncio.run(scene()) == [1, Gap, 2]


def test_a_send_to_a_group_with_a_history_takes_as_many_commands_as_to_one_without(redis_url: str) -> None:
    def counts(group: str) -> tuple[int, int]:
        before = client.info("stats")
        layer.send_group(group, {"number": 1})
        after = client.info("stats")
        return tuple(after[name] - before[name] for name in ("total_commands_processed", "total_reads_processed"))  # type: ignore[return-value]

    with (
        closing(RedisChannelLayer(hosts=[redis_url], prefix="histories:", **OPTIONS)) as layer,
        closing(Redis.from_url(redis_url)) as client,
    ):
        for group in ("room", "other"):
            layer.group_add(group, "name!a")
            layer.send_group(group, {"number": 1})  # the scripts are loaded
        trips, with_history = counts("other"), counts("room")
        assert with_history[1] == trips[1] == 3  # two, and the question of this test
        # Inside the script: HMGET, LLEN, RPUSH, LINDEX, HSET and two EXPIRE.
        assert with_history[0] - trips[0] == 7
        layer.flush()


def test_the_history_of_each_group_expires_and_its_memory_is_bounded(redis_url: str) -> None:
    options = {**OPTIONS, "group_history": {"room*": {"messages": 5, "seconds": 60, "bytes": 2000}}}
    with (
        closing(RedisChannelLayer(hosts=[redis_url], prefix="histories:", **options)) as layer,
        closing(Redis.from_url(redis_url)) as client,
    ):
        layer.flush()
        for number in range(300):
            sends = [GroupSend(f"room-{number}", {"text": "x" * 1000})] * (1 + number % 4)
            assert layer.send_many(sends) == []
        layer.group_position("room-never-used")
        lives = {key: client.ttl(key) for key in client.scan_iter("histories:*", count=1000)}
        assert len(lives) == 601
        assert all(0 < life <= (60 if key.endswith(b":history") else 180) for key, life in lives.items())
        of_a_group = [client.memory_usage(key) for key in lives if b"{room-299}" in key]
        assert sum(of_a_group) < 2000 + 1000
        layer.flush()


def test_the_record_of_a_group_with_members_lives_on_and_that_of_an_unknown_group_is_not_made(redis_url: str) -> None:
    with (
        closing(RedisChannelLayer(hosts=[redis_url], prefix="histories:", **OPTIONS)) as layer,
        closing(Redis.from_url(redis_url)) as client,
    ):
        layer.flush()
        layer.send_group("room", {"number": 1})
        client.expire("histories:{room}:head", 5)
        pages = layer._execute([ReadHistory(group, None, "", NEWEST, 0) for group in ("room", "room-unknown")])
        assert [(page.newest, page.kept) for page in pages] == [(1, []), (0, [])]
        assert pages[1].epoch == ""
        assert int(client.ttl("histories:{room}:head")) > 100
        assert not client.exists("histories:{room-unknown}:head")
        layer.flush()
