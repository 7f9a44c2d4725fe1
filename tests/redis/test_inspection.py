"""The properties of a real Redis that `check --deploy` reports, with configurations that a site cannot rely on."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

import towpath.layers.redis
from towpath.layers.errors import LayerUnavailable
from towpath.layers.keys import Keys
from towpath.layers.redis import RedisChannelLayer
from towpath.layers.redis.inspection import Inspection
from towpath.layers.redis.rights import probes


def inspected(**options: Any) -> Inspection:
    with closing(RedisChannelLayer(**options)) as layer:
        return layer.inspect()


@pytest.fixture(scope="module")
def odd(start_redis: Callable[..., Any]) -> Iterator[Any]:
    """A client of a Redis that is a node of a Cluster, evicts keys and keeps snapshots, and its URL."""
    server = start_redis("--cluster-enabled", "yes", "--maxmemory-policy", "allkeys-lru", "--save", "3600 1")
    with closing(redis.Redis.from_url(server.url)) as client:
        client.url = server.url
        yield client


def test_a_sound_redis_has_nothing_missing_and_keeps_nothing_of_the_probes(redis_url: str) -> None:
    found = inspected(hosts=[redis_url])
    assert (found.missing.commands, found.missing.keys) == ([], [])
    assert (found.software, found.eviction_policy, found.memory_limit_bytes) == ("Redis", "noeviction", 0)
    assert (found.is_cluster_node, found.is_replica, found.has_append_log, found.has_snapshots) == (False,) * 4
    assert (found.is_loopback, found.is_other_machine, found.has_password, found.has_tls) == (True, False, False, False)
    assert abs(found.clock_ahead_seconds) <= found.clock_error_seconds + 0.1
    assert 0 < found.latency_seconds < 2
    with closing(redis.Redis.from_url(redis_url)) as client:
        assert client.keys("*") == []


def test_a_configuration_that_loses_messages_is_read(odd: Any) -> None:
    found = inspected(hosts=[odd.url])
    assert (found.is_cluster_node, found.eviction_policy, found.has_snapshots) == (True, "allkeys-lru", True)


def test_commands_and_keys_that_the_user_may_not_use_are_named(odd: Any) -> None:
    odd.execute_command("ACL", "SETUSER", "narrow", "on", ">secret", "~other:*", "+@all", "-hset", "-script", "-info")
    url = odd.url.replace("//", "//narrow:secret@")
    found = inspected(hosts=[url], prefix="mine:")
    assert found.missing.commands == ["hset", "script|load", "info"]
    assert found.missing.keys == ["mine:{<channel>}:*", "mine:{leases}:*", "mine:{towpath.processes}:*"]
    assert (found.user, found.has_password, found.version, found.eviction_policy) == ("narrow", True, None, None)
    odd.execute_command("ACL", "SETUSER", "narrow", "~mine:*", "+hset", "+script|load", "+info")
    assert not inspected(hosts=[url], prefix="mine:").missing.keys
    assert not inspected(hosts=[url], prefix="mine:").missing.commands


def test_a_full_redis_is_distinguished_from_one_that_refuses(odd: Any) -> None:
    odd.config_set("maxmemory-policy", "noeviction")
    odd.config_set("maxmemory", "1")
    try:
        assert not inspected(hosts=[odd.url]).missing.commands
    finally:
        odd.config_set("maxmemory", "0")
        odd.config_set("maxmemory-policy", "allkeys-lru")


def test_a_wrong_password_is_reported_and_not_shown(odd: Any) -> None:
    with pytest.raises(LayerUnavailable) as raised:
        inspected(hosts=[odd.url.replace("//", "//narrow:not-it@")])
    assert "invalid username-password pair" in str(raised.value)
    assert "not-it" not in str(raised.value)


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(LayerUnavailable, match="is unavailable"):
            inspected(hosts=[("127.0.0.1", listener.getsockname()[1])])


def test_every_command_of_the_layer_is_probed() -> None:
    """The commands are read out of the scripts, and out of the modules that write commands."""
    folder = Path(towpath.layers.redis.__path__[0])
    scripts = "".join(path.read_text() for path in (folder / "lua").glob("*.lua"))
    used = {name.lower() for name in re.findall(r"redis\.p?call\('(\w+)'", scripts)}
    modules = [path for path in folder.rglob("*.py") if path.name not in ("inspection.py", "rights.py")]
    for module in modules:
        for match in re.finditer(r'(?:\(|return |= )"([A-Z]{2,})", (?:"([A-Z]{2,})")?', module.read_text()):
            name = match[1].lower()
            used.add(f"{name}|{match[2].lower()}" if name in ("client", "script") and match[2] else name)
    assert {"rpush", "blpop", "client|unblock", "script|load", "evalsha"} <= used
    assert used - set(probes(Keys("p:"))) == set()
