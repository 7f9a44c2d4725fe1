"""Channels that operators have paused: workers leave them out, and settle what they had taken from them."""

import time
from threading import Event

import pytest

from towpath.layers.operations.queues import Take
from towpath.routing import Router, route
from towpath.worker import Worker, WorkerPool
from towpath.worker.paused import PausedChannels

#: Whatever is waited for comes within that time, in seconds.
PATIENCE = 30.0


@pytest.fixture
def ran():
    return []


@pytest.fixture
def router(ran):
    return Router([route(channel, lambda message: ran.append(message["n"])) for channel in ("jobs", "mail")])


@pytest.fixture
def paused():
    return PausedChannels()


@pytest.fixture
def worker(layer, router, paused):
    return Worker(layer, router, only_channels=["jobs", "mail"], signal_handlers=False, paused=paused)


def test_a_worker_takes_nothing_from_a_paused_channel_until_it_is_resumed(worker, layer, ran, paused):
    paused.note({"jobs", "of.another.site"})
    layer.send("jobs", {"n": 1})
    layer.send("mail", {"n": 2})
    worker.run_batch(0)
    worker.run_batch(0)
    assert ran == [2]
    assert worker.left_out == {"jobs", "of.another.site"}
    paused.note(())
    worker.run_batch(0)
    assert ran == [2, 1]


def test_a_worker_whose_channels_are_all_paused_settles_and_acknowledges_its_last_batch(
    worker, layer, ran, paused, monkeypatch
):
    """Otherwise what it has run would count as lost, should it be killed while it waits."""
    waits = []
    monkeypatch.setattr(worker._stopping, "wait", waits.append)
    layer.send("jobs", {"n": 1})
    worker.run_batch(0)
    paused.note({"jobs", "mail"})
    layer.send("jobs", {"n": 2})
    worker.run_batch(0)
    assert (ran, waits) == ([1], [0.5])
    layer.lose(worker.in_flight.name, 1, [], [])
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 0


def test_a_pool_wakes_the_workers_that_wait_on_a_channel_that_is_paused_meanwhile(layer, router, monkeypatch):
    pool = WorkerPool(layer, 2, router, only_channels=["jobs", "mail"])
    woken = []
    wake = Worker.wake
    monkeypatch.setattr(Worker, "wake", lambda worker: (woken.append(worker), wake(worker)))
    pool.start()
    try:
        eventually(lambda: len(pool.living()) == 2)
        layer.administration().pause("jobs")
        layer.administration().pause("of.another.site")
        eventually(lambda: pool._heartbeat.beat() or pool.paused == {"jobs"})
        assert set(woken) == set(pool.living())
        woken.clear()
        pool._heartbeat.beat()
        assert woken == []
        layer.administration().resume("jobs")
        eventually(lambda: pool._heartbeat.beat() or pool.paused == frozenset())
    finally:
        pool.stop()


def test_a_worker_learns_of_a_pause_before_it_takes_anything(layer, router, ran):
    layer.administration().pause("jobs")
    layer.send("jobs", {"n": 1})
    takes = []
    execute = layer._store.execute

    def record(operations):
        takes.extend(operation for operation in operations if isinstance(operation, Take) and operation.reader)
        return execute(operations)

    layer._store.execute = record
    pool = WorkerPool(layer, 1, router, only_channels=["jobs", "mail"])
    pool.start()
    try:
        layer.send("mail", {"n": 2})
        eventually(lambda: ran == [2])
    finally:
        pool.stop()
    assert {channel for take in takes for channel in take.channels} & {"jobs", "mail"} == {"mail"}


def eventually(condition):
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        Event().wait(0.01)
