"""Clocks of several worker pools on a real Redis: each message once, in time, and at next to no cost."""

import itertools
import time
from contextlib import ExitStack, closing
from datetime import timedelta
from queue import SimpleQueue

import pytest
import redis

from towpath.channels import Channel, ConfiguredLayer
from towpath.channels.schedule import Entry, Every
from towpath.layers.contract import Delayed
from towpath.layers.redis import RedisChannelLayer
from towpath.routing import Router, route
from towpath.worker import WorkerPool

#: Nothing here takes that long, in seconds; a wait that does is a failure.
PATIENCE = 30
#: Within what a due message leaves while workers idle, in seconds.
PROMPT = 0.2


@pytest.fixture
def seen():
    """The messages that consumers of `jobs` received, with the time (seconds since 1970)."""
    return SimpleQueue()


@pytest.fixture
def layer(redis_url):
    with closing(RedisChannelLayer(hosts=[redis_url], capacity=1000)) as layer:
        yield layer


@pytest.fixture
def pools(redis_url, seen):
    """Return a function that starts a number of pools, each with a layer object of its own, as processes have."""
    with ExitStack() as stack:

        def start(number, schedule=()):
            router = Router([route("jobs", lambda message: seen.put((time.time(), message.content)))])
            for _ in range(number):
                layer = stack.enter_context(closing(RedisChannelLayer(hosts=[redis_url], capacity=1000)))
                pool = WorkerPool(ConfiguredLayer(layer, schedule=schedule), 1, router)
                pool.start()
                stack.callback(pool.stop)

        yield start


def test_each_delayed_message_is_consumed_once_and_in_time(layer, pools, seen):
    pools(3)
    began = time.time()
    layer.send_later([Delayed("jobs", {"number": number}, 0.5) for number in range(150)])
    found = [seen.get(timeout=PATIENCE) for _ in range(150)]
    assert sorted(content["number"] for _, content in found) == list(range(150))
    assert all(came_at - began >= 0.49 for came_at, _ in found)


def test_idle_workers_get_a_message_when_it_is_due(layer, pools, seen):
    """The best of three, as this machine may have other things to do."""
    pools(3)
    late = []
    for _ in range(3):
        Channel("jobs", channel_layer=layer).send({}, delay=timedelta(seconds=0.3))
        due = time.time() + 0.3
        late.append(seen.get(timeout=PATIENCE)[0] - due)
    assert min(late) < PROMPT


def test_what_was_due_while_no_worker_ran_comes_when_one_does(layer, pools, seen):
    layer.send_later([Delayed("jobs", {"number": number}, 0) for number in range(3)])
    pools(2)
    assert sorted(seen.get(timeout=PATIENCE)[1]["number"] for _ in range(3)) == [0, 1, 2]


def test_a_schedule_fires_once_for_each_time_however_many_run(pools, seen):
    pools(3, [Entry("s", "jobs", {"number": 1}, Every(1.0))])
    times = [seen.get(timeout=PATIENCE)[0] for _ in range(3)]
    assert [round(later - sooner) for sooner, later in itertools.pairwise(times)] == [1, 1]
    assert min(came_at % 1.0 for came_at in times) < PROMPT


def test_idle_clocks_cost_next_to_nothing(redis_url, layer, pools, seen):
    """Commands are counted while three pools wait for one message for two seconds."""
    pools(3)
    layer.send_later([Delayed("jobs", {}, 0), Delayed("jobs", {}, 2.5)])
    seen.get(timeout=PATIENCE)
    with closing(redis.Redis.from_url(redis_url)) as client:
        client.config_resetstat()
        seen.get(timeout=PATIENCE)
        calls = {name: stats["calls"] for name, stats in client.info("commandstats").items()}
    assert calls.get("cmdstat_blpop", 0) <= 30
    assert calls.get("cmdstat_evalsha", 0) <= 60
