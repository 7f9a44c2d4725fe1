"""Commands and keys: what Redis is asked, and that it could be a cluster."""

import re

import pytest

from towpath.layers.errors import ConfigurationError, PartlyRefused
from towpath.layers.history.bounds import HistoryBounds
from towpath.layers.keys import Keys
from towpath.layers.operations.groups import Join, Leave, Marks, Members, Renew
from towpath.layers.operations.history import Publish, ReadHistory
from towpath.layers.operations.in_flight import Acknowledge, InFlight, Seize
from towpath.layers.operations.inboxes import CloseInbox, PushInbox, TakeInbox
from towpath.layers.operations.leases import Claim, DelayClaim, Expire, ForgetOwner, Lease, LeaseTimes, ReleaseLease
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.operations.queues import Count, Drop, Fence, Push, Statistics, Take
from towpath.layers.redis.answers import ErrorAnswers, results
from towpath.layers.redis.commands import Commands
from towpath.layers.redis.hosts import parse_hosts
from towpath.layers.redis.layer import RedisChannelLayer

SENTINELS = {"sentinels": [("a", 26379), ["b", 26380]], "master_name": "mymaster"}
BOUNDS = HistoryBounds(10, 60)
ONE_SLOT: list[AnyOperation] = [
    Push("a", [b"x"], 1),
    Fence("in!"),
    Drop("a"),
    Count("a", "sent", 1),
    Statistics("a"),
    PushInbox("in!", [b"x"], 1),
    TakeInbox("in!", 1),
    Lease("in!", LeaseTimes()),
    ReleaseLease("in!"),
    Claim(LeaseTimes()),
    DelayClaim("in!", 1),
    ForgetOwner("in!"),
    Expire("in!"),
    Take(["a"], [1], "a"),
    Acknowledge("reader", 1),
    InFlight("reader"),
    Seize("reader"),
    CloseInbox("in!"),
    Join("room", "in!", ["x"]),
    Leave("room", "in!", ["x"]),
    Renew("room", "in!"),
    Marks("room"),
    Members("room", "in!"),
    Publish("room", b"x", BOUNDS, "epoch"),
    ReadHistory("room", BOUNDS, "epoch", 0, 1),
]


@pytest.mark.parametrize("operation", ONE_SLOT, ids=lambda operation: type(operation).__name__)
def test_all_keys_of_an_operation_share_a_hash_tag_and_the_prefix(operation: AnyOperation) -> None:
    command = Commands(Keys("p:"), 60, 86400).command(operation)
    declared = command[3 : 3 + command[2]] if command[0] == "EVALSHA" else command
    keys = [part for part in declared if isinstance(part, str) and part.startswith("p:")]
    assert keys
    assert len({re.search(r"\{(.*?)\}", key).group(1) for key in keys}) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("hosts", "label"),
    [
        (None, "redis://127.0.0.1:6379/0"),
        (["redis://:secret@cache:6380/3"], "redis://cache:6380/3"),
        ([("cache", 6380)], "redis://cache:6380/0"),
        ([["::1", 6380]], "redis://[::1]:6380/0"),
        (["unix:///run/redis.sock"], "unix:///run/redis.sock"),
        ([SENTINELS | {"password": "secret"}], "'mymaster' of the Sentinels a:26379, b:26380"),
        ([SENTINELS | {"sentinel_kwargs": {"password": "secret"}}], "'mymaster' of the Sentinels a:26379, b:26380"),
    ],
)
def test_a_host_is_a_url_a_pair_or_a_name_and_its_label_hides_the_password(hosts: object, label: str) -> None:
    host = parse_hosts(hosts)
    assert host.label == label
    assert "secret" not in repr(host)


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ("redis://127.0.0.1", "is a list of Redis URLs"),
        ([], "holds one Redis"),
        (["redis://a", "redis://b"], "sharding is not supported"),
        (["http://a"], "a Redis URL begins with redis://, rediss:// or unix://, and not with http://"),
        (["a:6379"], "a Redis URL begins with .* and not with something else"),
        ([6379], "a host is a Redis URL"),
        ([("a", "b")], "a host is a Redis URL"),
        ([{"sentinels": [("a", 26379)]}], "has a master_name"),
        ([{"master_name": "mymaster"}], "sentinels is a list"),
        ([SENTINELS | {"sentinels": ["a:26379"]}], r"a Sentinel is a \(host, port\) pair"),
        ([SENTINELS | {"sentinel_kwargs": 3}], "sentinel_kwargs is a dict"),
        ([SENTINELS | {"socket_timeout": 3}], "socket_timeout"),
    ],
)
def test_hosts_that_cannot_be_used_are_refused_with_a_reason(hosts: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_hosts(hosts)


@pytest.mark.parametrize("kwargs", [{"socket_timeout": 3}, {"decode_responses": True}, {"protocol": 3}])
def test_connection_options_that_would_break_the_layer_are_refused(kwargs: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=r"connection_kwargs\["):
        RedisChannelLayer(connection_kwargs=kwargs)


@pytest.mark.parametrize(
    "options",
    [
        {"prefix": 3},
        {"prefix": "a{"},
        {"prefix": "}"},
        {"expiry": 0},
        {"expiry": True},
        {"group_expiry": -1},
        {"capacity": 0},
    ],
)
def test_options_out_of_bounds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        RedisChannelLayer(**options)  # type: ignore[arg-type]


def test_a_prefix_is_taken_literally_in_patterns() -> None:
    assert Keys("a*[b]:").every() == r"a\*\[b\]:{*}:*"
    assert Keys("a.b").is_own(b"a.b{c}:queue")
    assert not Keys("a.b").is_own(b"a+b{c}:queue")


@pytest.mark.parametrize("prefix", ["p:", "", "a{", "ä"])
def test_the_keys_of_a_layer_are_its_own(prefix: str) -> None:
    keys = Keys(prefix)
    spelled = [
        keys.queue("a"),
        keys.wakeup("a"),
        keys.counts("a!"),
        keys.inbox("a!"),
        keys.wills("a!"),
        keys.states("a!"),
    ]
    spelled += [spell("host:1:x") for spell in (keys.pushes, keys.in_flight, keys.seized)]
    spelled += [keys.leases(part) for part in ("held", "expired", "tombstones", "readers", "watch")]
    spelled += [*(keys.processes(part) for part in ("seen", "records")), keys.pauses()]
    spelled += [keys.marks("a"), keys.members("a", "b!"), keys.head("a"), keys.history("a")]
    spelled += [keys.delayed("a"), keys.due_index("w"), keys.fired("a")]
    assert len(spelled) == sum(not name.startswith("_") and name not in NO_KEYS for name in dir(Keys)) + 5
    assert [key for key in spelled if not keys.is_own(key.encode())] == []


#: Methods of `Keys` that spell no key; `leases` spells five, `processes` two.
NO_KEYS = {"every", "every_counts", "every_marks", "is_own"}


@pytest.mark.parametrize(
    "key",
    [
        b"ab{c}:queue",
        b"a:b{c}:queue",
        b"a",
        b"a:session",
        b"{a}:queue",
        b"a{c}:cart",
        b"a{c}",
        b"a{b}{c}:queue",
        b"aa{c}:counts",
    ],
)
def test_other_keys_that_begin_with_the_prefix_are_not(key: bytes) -> None:
    assert not Keys("a").is_own(key)


@pytest.mark.parametrize("key", [b"a{c}:queue", b"session", b"{user1}:cart", b"{user1}", b"user{1}:queue", b":queue"])
def test_an_empty_prefix_owns_nothing_but_keys_of_its_form(key: bytes) -> None:
    assert not Keys("").is_own(key)
    assert Keys("").is_own(b"{c}:queue")


@pytest.mark.parametrize("text", ["OOM command not allowed", "NOSCRIPT No matching script.", "LOADING data"])
def test_a_refusal_of_a_store_that_has_begun_nothing_is_clean(text: str) -> None:
    error = ErrorAnswers()(text)
    with pytest.raises(PartlyRefused) as refusal:
        results("Redis", [CloseInbox("in!"), CloseInbox("in!")], [1, error])
    assert refusal.value.is_clean
