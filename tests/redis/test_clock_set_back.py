"""The clock of Redis is set back by an hour: no lease, claim or time from which they count lasts an hour longer."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from towpath.layers.operations.leases import Claim, ExpiredOwner, ForgetOwner, Lease, LeaseTimes
from towpath.layers.redis import RedisChannelLayer

PREFIX = "set-back:"
TIMES = LeaseTimes(reader_lease=0.0, inbox_lease=0.0, silence=30, grace=0, claim=0)


@pytest.fixture
def layer(redis_url: str) -> Iterator[RedisChannelLayer]:
    with closing(RedisChannelLayer(hosts=[redis_url], prefix=PREFIX)) as layer:
        layer.flush()
        yield layer
        layer.flush()


def set_back(client: Any) -> None:
    """Write what a clock that was an hour ahead would have left in the leases."""
    for part in ("held", "expired", "tombstones"):
        key = f"{PREFIX}{{leases}}:{part}"
        for owner, score in client.zrange(key, 0, -1, withscores=True):
            client.zadd(key, {owner: score + 3600})
    for field, value in client.hgetall(f"{PREFIX}{{leases}}:watch").items():
        client.hset(f"{PREFIX}{{leases}}:watch", field, float(value) + 3600)


def claimed(layer: RedisChannelLayer) -> list[ExpiredOwner]:
    found = layer._execute([Claim(TIMES)])[0]
    assert isinstance(found, list)
    return found


def test_a_lease_that_expires_in_an_hour_expires_at_once(layer: RedisChannelLayer, redis_url: str) -> None:
    layer._execute([Lease("reader", TIMES)])
    with closing(Redis.from_url(redis_url)) as client:
        set_back(client)
    while not (expired := claimed(layer)):
        pass
    assert [owner.owner for owner in expired] == ["reader"]


def test_a_claim_that_ends_in_an_hour_ends_at_once(layer: RedisChannelLayer, redis_url: str) -> None:
    layer._execute([Lease("reader", TIMES)])
    while not claimed(layer):
        pass
    with closing(Redis.from_url(redis_url)) as client:
        set_back(client)
    while not (expired := claimed(layer)):
        pass
    assert expired[0].owner == "reader"
    assert expired[0].seconds < 60
    layer._execute([ForgetOwner("reader")])
