"""The clock of a worker process: delayed messages, requests on `asgi.delay`, and the schedule."""

import time
from datetime import timedelta
from queue import SimpleQueue

import pytest

from towpath.channels import Channel, ConfiguredLayer
from towpath.channels.schedule import Entry, Every
from towpath.layers.contract import Delayed, Envelope, Received, Taken
from towpath.layers.errors import LayerUnavailable
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.delays import DELAY_CHANNEL, POLL_SECONDS
from towpath.layers.operations.in_flight import BatchId
from towpath.routing import Router, route
from towpath.worker import WorkerPool
from towpath.worker.delay_requests import keep_requested
from towpath.worker.scheduler import SHORTEST_SECONDS, Scheduler

#: Nothing here takes that long, in seconds; a wait that does is a failure.
PATIENCE = 20


@pytest.fixture
def jobs(layer):
    """The contents that consumers of `jobs` got, in a pool of one thread that is stopped when the test ends."""
    seen = SimpleQueue()
    pool = WorkerPool(layer, 1, Router([route("jobs", lambda message: seen.put((time.monotonic(), message.content)))]))
    pool.start()
    yield seen
    assert pool.stop()
    assert not pool._scheduler._thread.is_alive()


def test_a_pool_delivers_a_message_within_a_fifth_of_a_second(layer, jobs):
    late = []
    for number in range(3):  # of which the best counts: the machine may have other things to do
        due = time.monotonic() + 0.2
        Channel("jobs", channel_layer=layer).send({"n": number}, delay=timedelta(seconds=0.2))
        came_at, content = jobs.get(timeout=PATIENCE)
        assert content == {"n": number}
        assert came_at >= due
        late.append(came_at - due)
    assert min(late) < 0.2


def test_a_sooner_message_does_not_wait_for_a_later_one(layer, jobs):
    layer.send_later([Delayed("jobs", {"n": 2}, 0.4)])
    layer.send_later([Delayed("jobs", {"n": 1}, 0.1)])
    assert [jobs.get(timeout=PATIENCE)[1]["n"] for _ in range(2)] == [1, 2]


def test_a_consumer_may_send_later(layer):
    seen = SimpleQueue()

    def consumer(message):
        seen.put(message["n"])
        if message["n"] < 3:
            message.channel.send({"n": message["n"] + 1}, delay=timedelta(milliseconds=20))

    pool = WorkerPool(layer, 1, Router([route("jobs", consumer)]))
    pool.start()
    layer.send("jobs", {"n": 1})
    assert [seen.get(timeout=PATIENCE) for _ in range(3)] == [1, 2, 3]
    assert pool.stop()


def test_requests_of_1_x_are_kept(layer, jobs):
    layer.send(DELAY_CHANNEL, {"channel": "jobs", "content": {"bytes": b"\xff"}, "delay": 50})
    assert jobs.get(timeout=PATIENCE)[1] == {"bytes": b"\xff"}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({}, "'channel' is the name of a channel, not None"),
        ({"channel": "jobs"}, "'content' is a dict, not a NoneType"),
        ({"channel": "jobs", "content": {}, "delay": "5"}, "'delay' is a number of milliseconds, not '5'"),
        ({"channel": "jobs", "content": {}, "delay": True}, "'delay' is a number of milliseconds"),
        ({"channel": "jobs", "content": {}, "delay": -1}, "is delayed by 0 to"),
        ({"channel": "no name", "content": {}, "delay": 1}, "channel name 'no name' is not valid"),
    ],
)
def test_a_wrong_request_is_logged_and_ends_nothing(layer, jobs, caplog, request_, reason):
    layer.send(DELAY_CHANNEL, request_)
    layer.send(DELAY_CHANNEL, {"channel": "jobs", "content": {"n": 1}, "delay": 0})
    assert jobs.get(timeout=PATIENCE)[1] == {"n": 1}
    assert f"Dropped a request of channel {DELAY_CHANNEL}" in caplog.text
    assert reason in caplog.text


def test_requests_that_are_too_many_or_too_old_are_logged(layer, caplog, monkeypatch):
    monkeypatch.setattr("towpath.layers.delaying.DELAYED_CAPACITY", 0)
    request = Taken(Envelope(DELAY_CHANNEL, {"channel": "jobs", "content": {}, "delay": 1}), b"raw")
    keep_requested(layer, Received([request], [request, request]), BatchId("reader", 1))
    assert "Dropped a message to jobs: too many wait" in caplog.text
    assert "Dropped 2 requests of asgi.delay" in caplog.text


def test_tokens_that_are_too_old_are_not_worth_a_line(layer, taken, caplog):
    keep_requested(layer, Received([], [taken("towpath.due")]), BatchId("reader", 1))
    assert caplog.text == ""


def test_a_scheduler_sleeps_until_a_message_is_due_and_five_seconds_at_most(layer):
    clock = Scheduler(layer)
    assert clock.tick() == POLL_SECONDS
    layer.send_later([Delayed("jobs", {}, 3600)])
    assert clock.tick() == POLL_SECONDS
    layer.send_later([Delayed("jobs", {}, 2)])
    assert clock.tick() == pytest.approx(2, abs=0.5)


def test_a_scheduler_never_sleeps_for_zero_seconds(layer, monkeypatch):
    monkeypatch.setattr(layer, "deliver_due", lambda: 0.0)
    assert Scheduler(layer).tick() == SHORTEST_SECONDS


def test_a_scheduler_whose_name_was_ended_continues_under_another(layer):
    clock = Scheduler(layer)
    first = clock.in_flight.name
    layer.lose(first, 0, [], [])
    layer.send_many([Envelope(DELAY_CHANNEL, {"channel": "jobs", "content": {}, "delay": 60_000})])
    clock._tick_and_sleep()
    assert clock.in_flight.name != first
    clock._tick_and_sleep()
    assert layer.channel_statistics("jobs")["messages_delayed"] == 1


def test_a_scheduler_takes_nothing_before_its_name_has_a_lease(layer, monkeypatch):
    leased, renew = [], layer.renew_leases
    layer.send_many([Envelope(DELAY_CHANNEL, {"channel": "jobs", "content": {}, "delay": 60_000})])

    def renew_leases(readers):
        leased.extend(readers)
        if len(leased) % 2:
            raise LayerUnavailable("no answer")
        return renew(readers)

    monkeypatch.setattr(layer, "renew_leases", renew_leases)
    clock = Scheduler(layer)
    first = clock.in_flight.name
    with pytest.raises(LayerUnavailable):
        clock._tick_and_sleep()
    layer.lose(first, 0, [], [])
    clock._tick_and_sleep()  # its name was ended: it continues under another
    with pytest.raises(LayerUnavailable):
        clock._tick_and_sleep()
    assert layer.channel_statistics(DELAY_CHANNEL)["messages_pending"] == 1
    clock._tick_and_sleep()
    assert leased == [first, first, clock.in_flight.name, clock.in_flight.name]
    assert layer.channel_statistics("jobs")["messages_delayed"] == 1


def test_a_scheduler_sends_the_messages_of_the_schedule(layer):
    clock = Scheduler(ConfiguredLayer(layer, schedule=[Entry("s", "jobs", {"n": 1}, Every(1.0))]))
    deadline = time.monotonic() + PATIENCE
    while layer.channel_statistics("jobs")["messages_count"] < 1:
        assert time.monotonic() < deadline
        assert clock.tick() <= 1
    assert layer.receive(["jobs"]) == ("jobs", {"n": 1})


class Troubled(MemoryChannelLayer):
    """A layer that is unavailable, then raises, and then works."""

    def __init__(self):
        super().__init__()
        self.troubles = [ZeroDivisionError("defect"), LayerUnavailable("away")]

    def deliver_due(self):
        if self.troubles:
            raise self.troubles.pop()
        return super().deliver_due()


def test_only_stop_ends_a_scheduler(monkeypatch, caplog):
    monkeypatch.setattr("towpath.worker.scheduler.DEFECT_SECONDS", 0)
    layer = Troubled()
    clock = Scheduler(layer)
    clock.start()
    layer.send_later([Delayed("jobs", {}, 0)])
    assert layer.receive(["jobs"], block=True) == ("jobs", {})
    clock.stop()
    assert not clock._thread.is_alive()
    assert "ZeroDivisionError" in caplog.text


def test_a_stopping_scheduler_wakes_another_if_a_message_is_due_soon(layer):
    clock = Scheduler(layer)
    clock.start()
    layer.send_later([Delayed("jobs", {}, 2)])
    clock.stop()
    assert layer.receive(["towpath.due"]) == ("towpath.due", {})


def test_an_idle_scheduler_reads_the_due_index_once_in_five_seconds(layer, monkeypatch):
    """Its cost, counted: one look for a sleep of the full length, and nothing in between."""
    looks = []
    monkeypatch.setattr(layer, "deliver_due", lambda: looks.append(time.monotonic()))
    sleeps = []

    class Reader:
        name, number, is_ended = "reader", 0, False

        def exchange(self, settlements, limits, block_seconds):
            sleeps.append(block_seconds)
            if len(sleeps) == 3:
                clock._stopping.set()
            return Received()

        def wake(self):
            pass

        def close(self):
            pass

    monkeypatch.setattr(layer, "reader", lambda channels: Reader())
    clock = Scheduler(layer)
    clock._run()
    assert sleeps == [POLL_SECONDS] * 3
    assert len(looks) == 3 + 1  # the last before it goes
