"""The operator's view of a real Redis: processes, leases, queues, and what it costs."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import redis

from towpath.layers.contract import Delayed, Envelope
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.redis import RedisChannelLayer, group_count
from towpath.layers.redis.survey import RedisSurvey
from towpath.layers.survey import STALE_SECONDS, GroupState, ProcessRecord, Survey, survey_of

PREFIX = "survey:"


@pytest.fixture
def layer(redis_url: str) -> Iterator[RedisChannelLayer]:
    with closing(RedisChannelLayer(hosts=[redis_url], prefix=PREFIX)) as layer:
        yield layer


@pytest.fixture
def survey(layer: RedisChannelLayer) -> Survey:
    return layer.survey()


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with closing(redis.Redis.from_url(redis_url)) as client:
        yield client


def test_a_process_is_found_with_what_it_said_last_until_it_is_unregistered(survey: Survey) -> None:
    worker, interface = ProcessRecord("worker", channels=("http.request",)), ProcessRecord("interface")
    survey.register(worker)
    survey.register(interface)
    busy = replace(worker, numbers={"busy": 3}, owners=("reader",))
    survey.register(busy)
    assert survey.processes() == [interface, busy]
    survey.unregister(busy)
    assert survey.processes() == [interface]


def test_a_record_that_is_not_renewed_is_stale_and_then_removed(survey: Survey, client: Any) -> None:
    killed, other = ProcessRecord("worker"), ProcessRecord("worker")
    survey.register(killed)
    client.zincrby(f"{PREFIX}{{towpath.processes}}:seen", -STALE_SECONDS, killed.id)  # as if this time had passed
    assert survey.processes() == []
    client.zincrby(f"{PREFIX}{{towpath.processes}}:seen", -60, killed.id)
    survey.register(other)
    assert survey.processes() == [other]
    assert client.hkeys(f"{PREFIX}{{towpath.processes}}:records") == [other.id.encode()]


def test_records_of_other_releases_are_read_as_far_as_they_are_understood(survey: Survey, client: Any) -> None:
    for text in ('{"kind": "worker", "id": "a", "colour": "red"}', '{"id": "b"}', "not JSON", "[]", "null"):
        client.hset(f"{PREFIX}{{towpath.processes}}:records", text, text)
        client.zadd(f"{PREFIX}{{towpath.processes}}:seen", {text: client.time()[0]})
    assert [record.id for record in survey.processes()] == ["a"]


def test_leases_are_listed_until_they_expire(layer: RedisChannelLayer, survey: Survey, client: Any) -> None:
    layer.renew_leases(["reader.one", "reader.two"])
    leases = dict(survey.leases())
    assert set(leases) == {"reader.one", "reader.two"}
    assert all(0 < left <= 8 for left in leases.values())
    client.zincrby(f"{PREFIX}{{leases}}:held", -9, "reader.one")
    assert [owner for owner, _ in survey.leases()] == ["reader.two"]


def test_queues_have_depth_age_and_what_is_delayed(layer: RedisChannelLayer, survey: Survey) -> None:
    layer.send_many([Envelope("jobs", {"n": number}) for number in range(3)])
    layer.send_later([Delayed("jobs", {}, 3600.0)])
    jobs, none = survey.queues(["jobs", "nothing"])
    assert (jobs.channel, jobs.depth, jobs.delayed, jobs.lost) == ("jobs", 3, 1, 0)
    assert 0 <= jobs.oldest_seconds < 30
    assert (none.depth, none.oldest_seconds) == (0, 0.0)


def test_the_state_of_the_store_is_read(survey: Survey) -> None:
    store = survey.store()
    assert store.version[0].isdigit()
    assert store.memory_bytes > 0
    assert store.clients > 0
    assert 0 < store.latency_seconds < 30


def test_a_flush_forgets_the_processes(layer: RedisChannelLayer, survey: Survey, client: Any) -> None:
    survey.register(ProcessRecord("worker"))
    layer.flush()
    assert survey.processes() == []
    assert list(client.scan_iter(f"{PREFIX}*")) == []


def test_records_expire_a_day_after_the_last_renewal(survey: Survey, client: Any) -> None:
    survey.register(ProcessRecord("worker"))
    lives = [client.ttl(key) for key in client.scan_iter(f"{PREFIX}*")]
    assert len(lives) == 2
    assert all(86_000 < life <= 86_400 for life in lives)


def test_a_store_of_one_process_has_no_survey() -> None:
    assert survey_of(MemoryChannelLayer()) is None


def test_groups_are_listed_with_their_members_up_to_a_limit(layer: RedisChannelLayer, survey: Survey) -> None:
    layer.group_add("room", "interface.x!a")
    layer.group_add("room", "interface.x!b")
    layer.group_add("room", "jobs")
    layer.group_add("other", "interface.x!a")
    assert survey.groups(10) == ([GroupState("other", 1, 1), GroupState("room", 2, 2)], False)
    assert survey.groups(1) == ([GroupState("other", 1, 1)], True)


def test_groups_are_counted_by_parts_of_a_search(
    layer: RedisChannelLayer, survey: Survey, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        layer.group_add(f"room-{number}", "interface.x!a")
    client.set("x" + PREFIX + "{room}:marks", "of another program")
    assert survey.group_count() == 30
    monkeypatch.setattr(group_count, "SCAN_COUNT", 1)
    monkeypatch.setattr(group_count, "STEPS", 1)
    other = RedisSurvey(layer._client, layer._keys, layer._codec)
    counts = [other.group_count() for _ in range(200)]
    assert counts[0] is None
    assert counts[-1] is not None and counts[-1] >= 30


def test_the_entries_of_inboxes_are_counted(layer: RedisChannelLayer, survey: Survey) -> None:
    layer.send_many([Envelope("interface.x!a", {"n": number}) for number in range(3)])
    assert survey.inbox_lengths(["interface.y!", "interface.x!"]) == [0, 3]
    assert survey.inbox_lengths([]) == []


def test_messages_are_looked_at_and_stay(layer: RedisChannelLayer, survey: Survey, client: Any) -> None:
    layer.send_many([Envelope("jobs", {"n": number}) for number in range(3)])
    client.lset(f"{PREFIX}{{jobs}}:queue", 1, b"damaged")
    first, second = survey.peek("jobs", 2)
    assert (first.content, second.content) == ({"n": 0}, None)
    assert 0 <= first.age_seconds < 30
    assert survey.queues(["jobs"])[0].depth == 3


def test_a_purge_drops_what_waits_and_counts_it(layer: RedisChannelLayer, survey: Survey) -> None:
    layer.send_many([Envelope("jobs", {"n": number}) for number in range(3)])
    assert (survey.purge("jobs"), survey.purge("jobs")) == (3, 0)
    statistics = layer.channel_statistics("jobs")
    assert (statistics["messages_pending"], statistics["messages_dropped_count"]) == (0, 3)
    layer.send("jobs", {"n": 4})
    assert layer.receive(["jobs"], block=True) == ("jobs", {"n": 4})
