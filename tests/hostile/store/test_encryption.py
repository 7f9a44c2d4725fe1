"""Data in Redis cannot be read without a key, and keys change without a lost message."""

from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
import redis

from towpath.layers.contract import Delayed, Envelope, GroupSend, Settlement
from towpath.layers.redis import RedisChannelLayer

MARK = "Zeichen"


def layer_with(redis_url: str, *keys: str) -> RedisChannelLayer:
    """Return a layer that seals with the first key and opens with all."""
    return RedisChannelLayer(hosts=[redis_url], symmetric_encryption_keys=list(keys))


def everything(redis_url: str) -> bytes:
    """Return every value in the store, as it is stored."""
    found = b""
    with closing(redis.Redis.from_url(redis_url)) as client:
        for key in client.scan_iter():
            found += key
            kind = client.type(key)
            if kind == b"string":
                found += client.get(key) or b""
            elif kind == b"list":
                found += b"".join(client.lrange(key, 0, -1))
            elif kind == b"hash":
                found += b"".join(name + value for name, value in client.hgetall(key).items())
            elif kind == b"zset":
                found += b"".join(client.zrange(key, 0, -1))
            elif kind == b"set":
                found += b"".join(client.smembers(key))
            else:
                raise AssertionError(f"a {kind!r} in the store: look into it, too")
    return found


def fill(layer: RedisChannelLayer) -> None:
    """Leave a message of every kind in the store."""
    content = {"text": MARK, "bytes": MARK.encode(), "headers": [[b"cookie", MARK.encode()]]}
    layer.send_many([Envelope("plain", content, session_state=MARK.encode()), Envelope("inbox!you", content)])
    layer.group_add("group", "inbox!you")
    layer.group_add("group", "plain")
    layer.send_many([GroupSend("group", content)])
    layer.send_later([Delayed("plain", content, 60)])
    reader = layer.reader(["plain"])
    reader.exchange([Settlement([Envelope("inbox!you", content)], "inbox!you", 1, MARK.encode())], {"plain": 1})


@pytest.mark.parametrize("keys", [(), ("the key",)])
def test_nothing_of_a_message_is_in_the_store_in_clear(redis_url: str, keys: tuple[str, ...]) -> None:
    with closing(layer_with(redis_url, *keys) if keys else RedisChannelLayer(hosts=[redis_url])) as layer:
        fill(layer)
        assert (MARK.encode() in everything(redis_url)) is (not keys), "without keys it must be found: else look again"


def test_keys_change_step_by_step_and_no_message_is_lost(redis_url: str) -> None:
    """Old only, then old and new, then new first, then new only: neighbours understand each other at every step."""
    steps = [("old",), ("old", "new"), ("new", "old"), ("new",)]
    for before, after in pairwise(steps):
        for senders, receivers in ((before, after), (after, before)):
            with (
                closing(layer_with(redis_url, *senders)) as sender,
                closing(layer_with(redis_url, *receivers)) as receiver,
            ):
                sender.send("plain", {"text": MARK})
                sender.send("inbox!you", {"text": MARK})
                assert receiver.receive(["plain"]) == ("plain", {"text": MARK})
                assert receiver.receive(["inbox!"]) == ("inbox!you", {"text": MARK})


@pytest.mark.parametrize("keys", [("other",), ()])
def test_what_was_sealed_with_another_key_is_skipped_and_counted(
    redis_url: str, keys: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"symmetric_encryption_keys": list(keys)} if keys else {}
    with closing(layer_with(redis_url, "theirs")) as theirs:
        theirs.send("plain", {"text": MARK})
    with closing(RedisChannelLayer(hosts=[redis_url], **options)) as ours:
        ours.send("plain", {"text": "ours"})
        assert ours.receive(["plain"]) == ("plain", {"text": "ours"})
    assert "Skipped an entry of channel 'plain'" in caplog.text
    assert MARK not in caplog.text
