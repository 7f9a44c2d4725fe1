"""The system checks of a layer's Redis, from properties that were read; `tests/redis` reads them from real servers."""

from dataclasses import replace
from typing import Any

import pytest
from django.core import checks as django_checks
from django.test import override_settings

from towpath.checks import stores
from towpath.layers.errors import LayerUnavailable
from towpath.layers.redis import RedisChannelLayer
from towpath.layers.redis.inspection import Inspection, is_loopback
from towpath.layers.redis.rights import Rights
from towpath.routing import route

SOUND = Inspection(
    software="Redis",
    version="7.2.4",
    eviction_policy="noeviction",
    memory_limit_bytes=2**29,
    has_snapshots=False,
    has_append_log=True,
    is_cluster_node=False,
    is_replica=False,
    latency_seconds=0.0003,
    clock_ahead_seconds=0.01,
    clock_error_seconds=0.001,
    missing=Rights(),
    user="default",
    has_password=True,
    has_tls=True,
    is_loopback=False,
    is_other_machine=True,
)
LAYER = {
    "BACKEND": "towpath.layers.redis.RedisChannelLayer",
    "ROUTING": [route("jobs", lambda message: None)],
    "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"], "prefix": "shop:"},
}


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the checks on a Redis with these properties; an error is what it raises."""

    def run(found: Inspection | Exception) -> list[django_checks.CheckMessage]:
        def inspect(_: RedisChannelLayer) -> Inspection:
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(RedisChannelLayer, "inspect", inspect)
        with override_settings(CHANNEL_LAYERS={"default": LAYER}):
            return stores.check_stores()

    return run


def test_a_sound_redis_has_no_finding(check: Any) -> None:
    assert check(SOUND) == []


@pytest.mark.parametrize(
    ("number", "changes", "text", "hint"),
    [
        (17, {"version": "6.0.16"}, "Redis is 6.0.16, and the layer needs 6.2", "Valkey"),
        (17, {"software": "Dragonfly", "version": "1.2"}, "the server is Dragonfly 1.2", "conformance"),
        (18, {"is_cluster_node": True}, "a node of a Redis Cluster", "without cluster-enabled"),
        (18, {"is_replica": True}, "a replica, which refuses writes", "'sentinels': [...]"),
        (19, {"eviction_policy": "allkeys-lru"}, "maxmemory-policy is 'allkeys-lru'", "`maxmemory-policy noeviction`"),
        (20, {"memory_limit_bytes": 0}, "maxmemory is not set", "`maxmemory 512mb`"),
        (21, {"has_append_log": False}, "keeps nothing on disk", "`appendonly yes`"),
        (21, {"has_append_log": False, "has_snapshots": True}, "keeps snapshots only", '`save ""`'),
        (22, {"latency_seconds": 0.012}, "takes 12.0 ms", "same data centre"),
        (23, {"clock_ahead_seconds": 3.0}, "is 3.0 s ahead of the one", "NTP"),
        (23, {"clock_ahead_seconds": -3.0}, "is 3.0 s behind the one", "NTP"),
        (24, {"has_password": False}, "asks for no password", "redis://USER:PASSWORD@HOST"),
        (25, {"has_tls": False}, "is not encrypted", "rediss://"),
        (
            26,
            {"missing": Rights(["hset"], ["shop:{leases}:*"]), "user": "shop"},
            "user 'shop': keys like",
            "~shop:* +hset`",
        ),
    ],
)
def test_a_finding_names_the_property_and_what_to_write(
    check: Any, number: int, changes: dict[str, Any], text: str, hint: str
) -> None:
    (message,) = check(replace(SOUND, **changes))
    assert message.id == f"towpath.W{number:03}"
    assert message.msg.startswith("CHANNEL_LAYERS['default']: ")
    assert text in message.msg
    assert hint in message.hint


def test_properties_that_are_unknown_are_not_findings(check: Any) -> None:
    unknown = {"version": None, "eviction_policy": None, "memory_limit_bytes": None, "is_cluster_node": None}
    assert check(replace(SOUND, has_snapshots=None, has_append_log=None, is_replica=None, **unknown)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"software": "Valkey", "version": "8.1.0"},
        {"version": "6.2.0"},
        {"is_loopback": True, "is_other_machine": False, "has_tls": False, "has_password": False},
        {"is_other_machine": False, "has_tls": False},
        {"clock_ahead_seconds": 5.0, "clock_error_seconds": 4.5},
        {"memory_limit_bytes": 1},
    ],
)
def test_what_is_right_in_its_place_is_not_a_finding(check: Any, changes: dict[str, Any]) -> None:
    assert check(replace(SOUND, **changes)) == []


def test_a_redis_that_is_unavailable_is_one_finding(check: Any) -> None:
    (message,) = check(LayerUnavailable("Redis at redis://127.0.0.1:1/0 is unavailable: refused."))
    assert (message.id, message.level) == ("towpath.W016", django_checks.WARNING)
    assert "is unavailable: refused, so that it could not be checked." in message.msg


def test_a_layer_without_a_redis_is_not_asked() -> None:
    memory = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": LAYER["ROUTING"]}
    wrong = {**LAYER, "CONFIG": {"hosts": "redis://"}}
    missing = {**LAYER, "BACKEND": "no.such.Layer"}
    with override_settings(CHANNEL_LAYERS={"default": memory, "wrong": wrong, "missing": missing}):
        assert stores.check_stores() == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_loopback_addresses_are_known(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
