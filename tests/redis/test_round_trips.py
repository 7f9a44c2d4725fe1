"""How often a layer goes to Redis. In 1.x a send took two round trips, and a receive that waits took three."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from towpath.layers.contract import Envelope, Settlement
from towpath.layers.redis import RedisChannelLayer


@pytest.fixture
def layer(redis_url: str) -> Iterator[RedisChannelLayer]:
    with closing(RedisChannelLayer(hosts=[redis_url])) as layer:
        layer.send("warm", {})  # the connection is open, and Redis knows the scripts
        layer.receive(["warm"], block=True)
        yield layer


@pytest.fixture
def round_trips(redis_url: str) -> Iterator[Callable[[Callable[[], object]], int]]:
    """Count the writes that reach Redis while something is done."""
    with closing(Redis.from_url(redis_url)) as client:

        def reads() -> int:
            statistics: Any = client.info("stats")
            return int(statistics["total_reads_processed"])

        def count(action: Callable[[], object]) -> int:
            before = reads()
            action()
            return reads() - before - 1  # the last question itself

        reads()
        yield count


def test_a_send_with_its_statistics_is_one(layer: RedisChannelLayer, round_trips: Any) -> None:
    assert round_trips(lambda: layer.send("channel", {"n": 1})) == 1
    assert layer.channel_statistics("channel")["messages_count"] == 1


def test_a_receive_of_what_is_there_is_one(layer: RedisChannelLayer, round_trips: Any) -> None:
    layer.send("channel", {"n": 1})
    assert round_trips(lambda: layer.receive(["channel"], block=True)) == 1


def test_a_settlement_and_the_next_message_are_one(layer: RedisChannelLayer, round_trips: Any) -> None:
    connection = "interface.test!connection"
    settlement = Settlement([Envelope(connection, {"text": "reply"})], connection, turn=1)
    with closing(layer.reader(["channel"])) as reader:
        layer.send("channel", {"n": 1})
        assert len(reader.exchange([], {"channel": 1}).taken) == 1
        layer.send("channel", {"n": 2})
        assert round_trips(lambda: reader.exchange([settlement], {"channel": 1})) == 1
