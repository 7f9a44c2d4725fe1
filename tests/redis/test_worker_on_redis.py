"""Workers on a real Redis: what pops in flight, stops and outages do to messages."""

import asyncio
import logging
import os
import threading
import time
from contextlib import closing
from queue import SimpleQueue

import pytest
from django.conf import settings

from towpath.layers import Envelope, Settled
from towpath.layers.redis import RedisChannelLayer
from towpath.routing import Router, route
from towpath.worker import WorkerPool
from towpath.worker.worker import BLOCK_SECONDS

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})

#: Nothing here takes that long, in seconds; a wait that does is a failure.
PATIENCE = 30


@pytest.fixture
def layer(redis_url):
    with closing(RedisChannelLayer(hosts=[redis_url], capacity=10000)) as layer:
        yield layer


@pytest.fixture
def make():
    """Return a function that makes a started pool of one consumer on `jobs`; it is stopped when the test ends."""
    made = []

    def make(layer, consumer, threads=2, **options):
        made.append(WorkerPool(layer, threads, Router([route("jobs", consumer, **options)])))
        made[-1].start()
        return made[-1]

    yield make
    for pool in made:
        assert pool.stop()


class Connection:
    """An edge with one connection, driven from the test."""

    def __init__(self, layer):
        self._loop = asyncio.new_event_loop()
        self._edge = layer.edge()
        self._loop.run_until_complete(self._edge.open())
        self._edge.opened("c")
        self.reply_channel = self._edge.inbox + "c"

    def receive(self, count):
        """Return the next events, at least `count` of them."""
        deadline = time.monotonic() + PATIENCE
        events = []
        while len(events) < count:
            assert time.monotonic() < deadline
            events += self._loop.run_until_complete(self._edge.receive())
        return events

    def close(self):
        self._loop.run_until_complete(self._edge.close())
        self._loop.close()


@pytest.fixture
def connection(layer):
    with closing(Connection(layer)) as connection:
        yield connection


def test_settlements_reach_the_inbox(layer, make, connection):
    make(layer, lambda message: message.reply_channel.send({"n": message["n"]}))
    for number in range(200):
        layer.send_many([Envelope("jobs", {"reply_channel": connection.reply_channel, "n": number}, number)])
    events = sorted(connection.receive(200), key=lambda event: event.turn)
    assert events == [Settled("c", number, [{"n": number}], None) for number in range(200)]


def test_an_unordered_route_ends_its_turn_before_its_consumer_runs(layer, make, connection):
    may_run = threading.Event()

    def consumer(message):
        assert may_run.wait(PATIENCE)
        message.reply_channel.send({"text": "later"})

    make(layer, consumer, ordered=False)
    layer.send_many([Envelope("jobs", {"reply_channel": connection.reply_channel}, 1)])
    assert connection.receive(1) == [Settled("c", 1, [], None)]
    may_run.set()
    assert [list(event.contents) for event in connection.receive(1)] == [[{"text": "later"}]]


def test_every_message_is_run_once_while_pools_come_and_go(layer, make):
    seen = SimpleQueue()
    sent = 2000

    def consumer(message):
        seen.put(message["n"])

    def send():
        for number in range(sent):
            layer.send("jobs", {"n": number})

    sender = threading.Thread(target=send)
    sender.start()
    numbers = []
    for _ in range(10):
        pool = make(layer, consumer)
        numbers.append(seen.get(timeout=PATIENCE))
        assert pool.stop()
    make(layer, consumer)
    while len(numbers) < sent:
        numbers.append(seen.get(timeout=PATIENCE))
    sender.join()
    assert seen.empty()
    assert set(numbers) == set(range(sent))


def test_waiting_workers_stop_long_before_their_wait_is_over(layer, make):
    done = SimpleQueue()
    pool = make(layer, lambda message: done.put(True), threads=4)
    layer.send("jobs", {})
    assert done.get(timeout=PATIENCE)
    began = time.monotonic()
    assert pool.stop()
    assert time.monotonic() - began < BLOCK_SECONDS / 2


class Listener(logging.Handler):
    """Lets a test wait for a line of the log."""

    def __init__(self):
        super().__init__()
        self.lines = SimpleQueue()

    def emit(self, record):
        self.lines.put(record.getMessage())

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.lines.get(timeout=max(0.1, deadline - time.monotonic())):
            pass


@pytest.fixture
def log():
    listener = Listener()
    logger = logging.getLogger("towpath.layers.backoff")
    logger.addHandler(listener)
    yield listener
    logger.removeHandler(listener)


def test_a_worker_waits_for_a_redis_that_stops(start_redis, make, log):
    server = start_redis()
    done = SimpleQueue()
    with closing(RedisChannelLayer(hosts=[server.url])) as layer:
        pool = make(layer, lambda message: done.put(message["n"]))
        layer.send("jobs", {"n": 1})
        assert done.get(timeout=PATIENCE) == 1
        server.stop()
        log.wait_for("The channel layer is unavailable")
        server.start()
        log.wait_for("The channel layer is available again")
        layer.send("jobs", {"n": 2})
        assert done.get(timeout=PATIENCE) == 2
        assert pool.stop()


def test_workers_stop_while_redis_is_unavailable(start_redis, make, log):
    server = start_redis()
    with closing(RedisChannelLayer(hosts=[server.url])) as layer:
        pool = make(layer, print)
        server.stop()
        log.wait_for("The channel layer is unavailable")
        assert pool.stop()
