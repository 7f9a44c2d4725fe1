"""The Redis layer does what every layer must, with messages in clear and encrypted, and leaves nothing for ever."""

from contextlib import closing
from typing import Any

import pytest
import redis

from towpath.layers import conformance
from towpath.layers.contract import Envelope
from towpath.layers.redis import RedisChannelLayer

from ..redis_server import RedisServer

#: Keys of a layer all live shorter than this, in seconds: a day, and a little.
LONGEST_LIFE_SECONDS = 86_400 + 60


class RedisLayerTests(conformance.ConformanceTestCase):
    url: str

    @pytest.fixture(autouse=True)
    def _redis(self, redis_url: str) -> None:
        self.url = redis_url

    def make_layer(self, **options: Any) -> RedisChannelLayer:
        return RedisChannelLayer(hosts=[self.url], prefix="conformance:", **options)

    def stored(self) -> dict[bytes, bytes]:
        """Return what Redis holds: by key, the value as Redis would write it to disk."""
        with closing(redis.Redis.from_url(self.url)) as client:
            return {key: client.dump(key) for key in client.scan_iter()}

    async def test_every_key_expires(self) -> None:
        edge = await self.edge()
        edge.opened("a")
        self.layer.group_add("group", f"{edge.inbox}a")
        self.layer.group_add("group", "plain")
        self.layer.send_group("group", {})
        self.layer.send(self.layer.new_channel("body?"), {})
        reader = self.reader("plain")
        reader.requeue(self.take(reader, "plain"))
        with closing(redis.Redis.from_url(self.url)) as client:
            lives = {key: client.ttl(key) for key in client.scan_iter()}
        assert len(lives) > 5
        assert [key for key, life in lives.items() if not 0 < life <= LONGEST_LIFE_SECONDS] == []

    async def test_a_closed_edge_leaves_nothing_but_its_fence_behind(self) -> None:
        edge = self.layer.edge()
        await edge.open()
        edge.opened("a")
        self.layer.group_add("group", f"{edge.inbox}a")
        self.layer.send(f"{edge.inbox}a", {})
        await self.events(edge, 1)
        await edge.renew()
        await edge.close()
        left = [key for key in self.stored() if not key.endswith(b"{leases}:watch")]
        assert [key.endswith(f"{{{edge.inbox}}}:pushes".encode()) for key in left] == [True]

    def test_a_flush_leaves_other_prefixes_alone(self) -> None:
        other = RedisChannelLayer(hosts=[self.url], prefix="other:")
        self.addCleanup(other.close)
        other.send("channel", {"number": 1})
        self.layer.send("channel", {"number": 2})
        self.layer.flush()
        assert other.receive(["channel"]) == ("channel", {"number": 1})

    def test_prefixes_that_begin_alike_are_apart(self) -> None:
        short, long = (RedisChannelLayer(hosts=[self.url], prefix=prefix) for prefix in ("site", "site2"))
        for layer in (short, long):
            self.addCleanup(layer.close)
            self.addCleanup(layer.flush)
            layer.send("channel", {"number": 1})
            layer.group_add("group", "name!a")
        assert (short.global_statistics()["messages_count"], long.global_statistics()["messages_count"]) == (1, 1)
        before = {key for key in self.stored() if key.startswith(b"site2")}
        short.flush()
        assert set(self.stored()) == before
        assert long.receive(["channel"]) == ("channel", {"number": 1})

    def test_an_empty_prefix_leaves_the_rest_of_the_database_alone(self) -> None:
        layer = RedisChannelLayer(hosts=[self.url], prefix="")
        self.addCleanup(layer.close)
        with closing(redis.Redis.from_url(self.url)) as client:
            client.mset({"session": "1", "{user}:cart": "2", "cache{user}:queue": "3"})
            self.addCleanup(self.delete, "session", "{user}:cart", "cache{user}:queue")
            before = set(self.stored())
            layer.send("channel", {"number": 1})
            layer.group_add("group", "name!a")
            assert set(self.stored()) > before
            layer.flush()
        assert set(self.stored()) == before

    def delete(self, *keys: str) -> None:
        with closing(redis.Redis.from_url(self.url)) as client:
            client.delete(*keys)

    def test_two_processes_share_what_has_one_prefix(self) -> None:
        other = self.make_layer()
        self.addCleanup(other.close)
        self.layer.group_add("group", "name!a")
        other.send_group("group", {"number": 1})
        other.send("name!a", {"number": 2})
        assert self.contents("name!") == [{"number": 1}, {"number": 2}]


class RedisLayerOverUnixSocketTests(RedisLayerTests):
    @pytest.fixture(autouse=True)
    def _redis(self, redis_url: str, redis_server: RedisServer) -> None:
        self.url = redis_server.unix_url


class EncryptedRedisLayerTests(RedisLayerTests):
    def make_layer(self, **options: Any) -> RedisChannelLayer:
        keys = ["new key", "old key"]
        return RedisChannelLayer(hosts=[self.url], prefix="sealed:", symmetric_encryption_keys=keys, **options)

    def test_nothing_of_a_message_is_stored_in_clear(self) -> None:
        content = {"secret-key": "secret-text", "bytes": b"secret-bytes"}
        self.layer.group_add("group", "name!a")
        self.layer.send_many([Envelope("channel", content, 1, b"secret-state"), Envelope("name!a", content)])
        self.layer.send_group("group", content)
        values = self.stored()
        assert len(values) > 3
        assert [key for key, value in values.items() if b"secret" in value] == []

    def test_who_has_another_key_receives_nothing_and_does_not_stop(self) -> None:
        other = RedisChannelLayer(hosts=[self.url], prefix="sealed:", symmetric_encryption_keys=["wrong"])
        self.addCleanup(other.close)
        self.layer.send("channel", {"number": 1})
        other.send("channel", {"number": 2})
        with self.assertLogs("towpath.layers", "WARNING"):
            received = self.received(self.reader("channel", layer=other), "channel")
        assert [item.envelope.content for item in received.taken] == [{"number": 2}]
