"""A worker without a lease begins nothing: what it has taken may have been counted as lost by others."""

import time
from threading import Event

import pytest

from towpath.layers import Envelope, LayerUnavailable, Received, Settled
from towpath.layers.contract import Renewal
from towpath.layers.operations.in_flight import Seize
from towpath.layers.operations.leases import Expire
from towpath.routing import Router, route
from towpath.worker import Worker, WorkerPool
from towpath.worker.heartbeat import Heartbeat
from towpath.worker.in_flight import InFlightBatch
from towpath.worker.lease import WorkerLease, boot_seconds

#: Whatever is waited for comes within that time, in seconds.
PATIENCE = 30.0


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lease(clock):
    return WorkerLease(8.0, clock)


def test_a_lease_is_held_from_when_its_renewal_was_asked_for(lease, clock):
    assert not lease.is_held
    lease.renewed(clock.now - 2)
    clock.now += 5.9
    assert lease.is_held
    clock.now += 0.2
    assert not lease.is_held


def test_a_renewal_in_time_continues_the_term_and_a_late_one_begins_another(lease, clock):
    lease.renewed(clock.now)
    clock.now += 7.9
    lease.renewed(clock.now)
    assert lease.term == 1
    clock.now += 8.1
    lease.renewed(clock.now)
    assert lease.term == 2


def test_a_refusal_ends_the_lease_and_its_term(lease, clock):
    lease.renewed(clock.now)
    lease.refused()
    assert not lease.is_held
    lease.renewed(clock.now)
    assert (lease.is_held, lease.term) == (True, 2)


def test_the_clock_of_leases_does_not_go_back():
    assert boot_seconds() <= boot_seconds()


def test_the_heartbeat_renews_leases_and_notes_refusals(layer):
    held, refused = InFlightBatch("held", WorkerLease(8.0)), InFlightBatch("refused", WorkerLease(8.0))
    layer.renew_leases = lambda names: Renewal({"held"}, ())
    Heartbeat(layer, lambda: [held, refused]).beat()
    assert [batch.lease.is_held for batch in (held, refused)] == [True, False]


@pytest.fixture
def ran():
    return []


@pytest.fixture
def worker(layer, lease, ran):
    def consumer(message):
        ran.append(message["text"])
        if message["text"] == "stop":
            lease._clock.now += 60

    router = Router([route("websocket.receive", consumer)])
    return Worker(layer, router, lease=lease, signal_handlers=False)


def test_a_worker_without_a_lease_takes_nothing_and_says_so(worker, connections, ran, layer, caplog):
    connections.send("websocket.receive", text="a")
    worker.run_batch(0)
    assert ran == []
    assert layer.readers[0].exchanges == []
    assert "could not be renewed" in caplog.text


def test_messages_taken_before_the_lease_expired_are_requeued_and_not_run(
    worker, connections, ran, lease, clock, layer
):
    lease.renewed(clock.now)
    worker._batching.limits["websocket.receive"] = 3
    for number, text in enumerate(["a", "stop", "b"]):
        connections.send("websocket.receive", local=str(number), text=text)
    worker.run_batch(0)
    assert ran == ["a", "stop"]
    assert [item.envelope.content["text"] for item in layer.readers[0].requeued] == ["b"]
    assert connections.receive() == [Settled("0", 1, [], None), Settled("1", 1, [], None)]
    lease.renewed(clock.now)
    worker.run_batch(0)
    assert ran == ["a", "stop", "b"]


def test_messages_taken_in_an_earlier_term_of_the_lease_are_not_run(worker, connections, ran, lease, clock, layer):
    lease.renewed(clock.now)
    connections.send("websocket.receive", text="a")
    exchange = layer.readers[0].exchange

    def exchange_and_stop_for_a_minute(*arguments):
        received = exchange(*arguments)
        clock.now += 60
        lease.renewed(clock.now)
        return received

    layer.readers[0].exchange = exchange_and_stop_for_a_minute
    worker.run_batch(0)
    assert ran == []
    assert [item.envelope.content["text"] for item in layer.readers[0].requeued] == ["a"]


def test_messages_that_others_have_counted_as_lost_are_not_run(worker, connections, ran, lease, clock, layer, caplog):
    lease.renewed(clock.now)
    connections.send("websocket.receive", text="a")
    taken = layer.readers[0]._reader.exchange([], {"websocket.receive": 1}).taken
    layer.lose(layer.readers[0].name, 1, taken, [])
    clock.now += 60
    layer.troubles.append(Received(taken))
    lease.renewed(clock.now)
    lease.refused()
    worker._run_all(Received(taken))
    assert ran == []
    assert "are lost and counted by others" in caplog.text
    assert layer.channel_statistics("websocket.receive")["messages_lost_count"] == 1


def test_a_worker_whose_lease_is_refused_settles_what_it_ran_and_ends(
    worker, connections, ran, lease, clock, layer, caplog
):
    lease.renewed(clock.now)
    connections.send("websocket.receive", text="a")
    worker.run_batch(0)
    lease.refused()
    connections.send("websocket.receive", text="b")
    reader = layer.readers[0]._reader
    execute = reader._execute

    def be_away(operations, then=None):
        reader._execute = execute
        raise LayerUnavailable("away")

    reader._execute = be_away
    worker.run()
    assert ran == ["a"]
    assert connections.receive() == [Settled("c", 1, [], None)]
    assert layer.readers[0].is_closed
    assert "another worker follows it" in caplog.text
    assert "The channel layer is available again" in caplog.text


def test_a_worker_whose_name_was_ended_leaves_its_messages_to_the_one_that_follows(worker, ran, lease, clock, layer):
    lease.renewed(clock.now)
    layer.lose(worker.in_flight.name, 0, [], [])
    layer.send_many([Envelope("websocket.receive", {"text": "a"})])
    worker.run()
    assert ran == []
    assert layer.channel_statistics("websocket.receive")["messages_pending"] == 1


def test_a_pool_replaces_a_worker_whose_lease_was_refused(layer):
    ran = Event()
    pool = WorkerPool(layer, 1, Router([route("websocket.receive", lambda message: ran.set())]))
    pool.start()
    try:
        eventually(lambda: [worker for worker in pool.living() if worker._lease.is_held])
        (first,) = pool.living()
        layer._execute([Expire(first.in_flight.name), Seize(first.in_flight.name)])
        layer.send_many([Envelope("websocket.receive", {"text": "a"})])
        assert ran.wait(PATIENCE)
        (second,) = pool.living()
        assert second.in_flight.name != first.in_flight.name
    finally:
        pool.stop()


def eventually(condition):
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        Event().wait(0.01)
