"""Delayed messages on a real Redis: what they leave behind, what a crash and a restart do to them."""

import threading
from contextlib import closing

import pytest
import redis

from towpath.layers.contract import Delayed, Scheduled
from towpath.layers.operations.delays import OVERDUE_SECONDS, AddDue, DeliverDue, DueTargets, EndDelivery, FindDue
from towpath.layers.operations.schedules import Fired
from towpath.layers.redis import RedisChannelLayer

#: A delay that is not over before its test, in seconds.
LATER = 3600.0


@pytest.fixture
def layer(redis_url):
    with closing(RedisChannelLayer(hosts=[redis_url], prefix="delays:")) as layer:
        yield layer


@pytest.fixture
def client(redis_url):
    with closing(redis.Redis.from_url(redis_url)) as client:
        yield client


def execute(layer, *operations):
    """Execute single steps of what a layer does as a whole."""
    return layer._execute(operations)


def test_keys_expire_a_week_after_the_last_message_is_due(layer, client):
    layer.send_later([Delayed("jobs", {}, 2 * LATER), Delayed("jobs", {}, 1.0), Delayed("interface.x!a", {}, LATER)])
    lives = {key.decode(): client.pttl(key) / 1000 for key in client.scan_iter()}
    assert all(life > 0 for life in lives.values())
    for key in ("delays:{jobs}:delayed", "delays:{towpath.due}:due"):
        assert 2 * LATER - 60 < lives[key] - OVERDUE_SECONDS <= 2 * LATER


def test_nothing_is_left_when_all_messages_are_delivered(layer, client):
    layer.send_later([Delayed("jobs", {"number": 1}, 0)])
    layer.deliver_due()
    assert layer.receive(["jobs"]) == ("jobs", {"number": 1})
    assert layer.receive(["towpath.due"]) == ("towpath.due", {})
    assert [key for key in client.scan_iter() if not key.endswith(b":counts")] == []


def test_what_is_delayed_survives_a_restart_of_redis(start_redis):
    server = start_redis()
    with closing(RedisChannelLayer(hosts=[server.url])) as layer:
        layer.send_later([Delayed("jobs", {"number": 1}, 0), Delayed("jobs", {"number": 2}, LATER)])
        with closing(redis.Redis.from_url(server.url)) as client:
            client.shutdown(save=True)
        server.stop()
        server.start()
        layer.close()
        assert layer.deliver_due() == pytest.approx(LATER, abs=60)
        assert layer.receive(["jobs"]) == ("jobs", {"number": 1})
        assert layer.receive(["jobs"]) == (None, None)


def test_a_visit_that_was_cut_off_is_made_again(layer, client, monkeypatch):
    """Its process is killed between finding the target and delivering it."""
    layer.send_later([Delayed("jobs", {"number": 1}, 0)])
    [found] = execute(layer, FindDue())
    assert [target.target for target in found.targets] == ["jobs"]
    [other] = execute(layer, FindDue())
    assert other.targets == []
    assert 0 < other.next_seconds <= 10
    client.zadd("delays:{towpath.due}:due", {"jobs": 1.0})  # as if these seconds had passed
    layer.deliver_due()
    assert layer.receive(["jobs"]) == ("jobs", {"number": 1})


@pytest.mark.parametrize("seconds", [0.0, 1.0, LATER])
def test_what_is_delayed_during_a_visit_is_not_forgotten(layer, seconds):
    """It comes after the delivery has found no more messages, and before it ends."""
    layer.send_later([Delayed("jobs", {"number": 1}, 0)])
    [found] = execute(layer, FindDue())
    [target] = found.targets
    [delivered] = execute(layer, DeliverDue("jobs", 100))
    assert delivered.next_seconds is None
    layer.send_later([Delayed("jobs", {"number": 2}, seconds)])
    execute(layer, EndDelivery(target.target, target.token, delivered.next_seconds))
    [found] = execute(layer, FindDue())
    if seconds == 0:
        assert [target.target for target in found.targets] == ["jobs"]
    else:
        assert found.next_seconds == pytest.approx(min(seconds, 10), abs=1)


def test_a_delivery_that_was_overtaken_keeps_the_entry_of_the_due_index(layer, client):
    layer.send_later([Delayed("jobs", {"number": 1}, 0)])
    [slow] = execute(layer, FindDue())
    client.zadd("delays:{towpath.due}:due", {"jobs": 1.0})
    [quick] = execute(layer, FindDue())
    execute(layer, EndDelivery("jobs", slow.targets[0].token, None))
    assert client.zcard("delays:{towpath.due}:due") == 1
    execute(layer, EndDelivery("jobs", quick.targets[0].token, None))
    assert client.zcard("delays:{towpath.due}:due") == 0


def test_an_entry_for_nothing_is_taken_out(layer):
    execute(layer, AddDue("jobs", 0.0, b""))
    assert layer.deliver_due() is None
    assert execute(layer, FindDue()) == [DueTargets([], None)]


def test_a_visit_moves_a_bounded_number_and_goes_on(layer, monkeypatch):
    monkeypatch.setattr("towpath.layers.redis.time_commands.MOST_DELIVERED", 2)
    layer.send_later([Delayed("jobs", {"number": number}, 0) for number in range(5)])
    assert [layer.deliver_due() == 0 for _ in range(3)] == [True, True, False]
    assert layer.channel_statistics("jobs")["messages_pending"] == 5


def test_only_one_token_waits_for_who_sleeps(layer, client):
    for seconds in (4.0, 3.0, 2.0):
        layer.send_later([Delayed("jobs", {}, seconds)])
    assert client.llen("delays:{towpath.due}:queue") == 1
    assert 0 < client.pttl("delays:{towpath.due}:queue") <= 5000


def test_a_schedule_does_not_fire_before_its_time_by_the_clock_of_redis(layer, client):
    seconds, _ = client.time()
    assert layer.fire(Scheduled("s", "jobs", {}, seconds + 60.0)) is Fired.EARLY
    assert layer.receive(["jobs"]) == (None, None)
    assert layer.fire(Scheduled("s", "jobs", {}, seconds - 60.0)) is Fired.YES


def test_times_are_recorded_exactly(layer):
    due = 1_700_000_000.123456
    assert [layer.fire(Scheduled("s", "jobs", {}, each)) for each in (due, due, due + 1e-6)] == [1, 0, 1]


def test_other_processes_are_woken(redis_url, layer):
    """A reader that waits in one process for a token that another one sends."""
    with closing(RedisChannelLayer(hosts=[redis_url], prefix="delays:")) as other:
        reader = other.reader(["towpath.due"])
        found = []
        thread = threading.Thread(target=lambda: found.append(reader.exchange([], {"towpath.due": 1}, 10)))
        thread.start()
        layer.send_later([Delayed("jobs", {}, 0.5)])
        thread.join(15)
        assert [len(received.taken) for received in found] == [1]
        reader.close()
