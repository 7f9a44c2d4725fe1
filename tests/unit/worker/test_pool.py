"""Many workers in one process: started, kept alive and stopped together."""

import os
import signal
import threading
from queue import SimpleQueue

import pytest

from towpath.layers import ConfigurationError, Settled
from towpath.routing import Router, route
from towpath.worker import EXIT_FORCED, EXIT_STOPPED, Worker, WorkerPool, worker_process_ready, worker_ready
from towpath.worker import pool as pool_module
from towpath.worker.stop_signals import StopSignals

#: Nothing here takes that long, in seconds; a wait that does is a failure.
PATIENCE = 20


class Gate:
    """A consumer that waits inside until it is let go."""

    def __init__(self):
        self.entered = SimpleQueue()
        self.open = threading.Event()

    def __call__(self, message):
        self.entered.put(message["text"])
        assert self.open.wait(PATIENCE)
        message.reply_channel.send({"text": message["text"]})


@pytest.fixture
def make(layer):
    """Return a function that makes a pool of one consumer on `jobs`; the pool is stopped when the test ends."""
    made = []

    def make(consumer, threads=2, **options):
        made.append(WorkerPool(layer, threads, Router([route("jobs", consumer)]), **options))
        return made[-1]

    yield make
    for pool in made:
        assert pool.stop()


def test_every_thread_takes_messages(make, connections):
    gate = Gate()
    pool = make(gate, threads=2)
    pool.start()
    connections.send("jobs", local="a", text="a")
    connections.send("jobs", local="b", text="b")
    assert {gate.entered.get(timeout=PATIENCE), gate.entered.get(timeout=PATIENCE)} == {"a", "b"}
    gate.open.set()
    assert pool.stop()
    assert {event.local for event in connections.receive()} == {"a", "b"}


def test_a_stop_finishes_and_settles_what_was_taken(make, connections, layer):
    gate = Gate()
    pool = make(gate, threads=1)
    pool.start()
    connections.send("jobs", text="taken")
    assert gate.entered.get(timeout=PATIENCE) == "taken"
    connections.send("jobs", text="waiting", local="d")
    stopping = threading.Thread(target=pool.stop)
    stopping.start()
    assert pool._stopping.wait(PATIENCE)
    gate.open.set()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    assert connections.receive() == [Settled("c", 1, [{"text": "taken"}], None)]
    assert layer.receive(["jobs"])[1]["text"] == "waiting"
    assert all(reader.is_closed for reader in layer.readers)


def test_a_stop_wakes_workers_that_wait(make):
    ready = SimpleQueue()

    def receiver(sender, **named):
        ready.put(sender)

    worker_ready.connect(receiver)
    pool = make(print)
    pool.start()
    assert {type(ready.get(timeout=PATIENCE)) for _ in range(2)} == {Worker}
    worker_ready.disconnect(receiver)
    assert pool.stop()
    assert not any(thread.is_alive() for thread in pool._threads)


def test_a_stop_can_be_given_up(make, connections):
    gate = Gate()
    pool = make(gate)
    pool.start()
    connections.send("jobs", text="long")
    gate.entered.get(timeout=PATIENCE)
    assert pool.stop(give_up=lambda: True) is False
    gate.open.set()


def test_a_pool_that_never_started_stops(make):
    assert make(print).stop()


def test_a_worker_that_fails_is_replaced_and_logged(make, connections, layer, monkeypatch, caplog):
    monkeypatch.setattr(pool_module, "REPLACE_PAUSE_SECONDS", 0)
    layer.troubles.append(ZeroDivisionError("defect"))
    done = SimpleQueue()
    make(lambda message: done.put(message["text"]), threads=1).start()
    connections.send("jobs", text="hi")
    assert done.get(timeout=PATIENCE) == "hi"
    assert "Worker 0 failed and is replaced" in caplog.text
    assert len(layer.readers) == 2


def test_a_pool_has_a_thread():
    with pytest.raises(ConfigurationError, match="at least one thread, not 0"):
        WorkerPool(None, 0)


def test_a_pool_listens_to_selected_channels(make):
    with pytest.raises(ConfigurationError, match="no channel remains"):
        make(print, exclude_channels=["jobs"])


def test_a_process_announces_itself_and_ends_with_a_signal(make):
    order = []

    def process_ready(sender, **named):
        order.append(sender)

    def one_ready(sender, **named):
        order.append(type(sender))
        os.kill(os.getpid(), signal.SIGTERM)

    worker_process_ready.connect(process_ready)
    worker_ready.connect(one_ready)
    before = signal.getsignal(signal.SIGTERM)
    pool = make(print, threads=1)
    assert pool.run() == EXIT_STOPPED
    worker_process_ready.disconnect(process_ready)
    worker_ready.disconnect(one_ready)
    assert order == [pool, Worker]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_forces(make, connections, monkeypatch, caplog):
    gate = Gate()

    class Forced(BaseException):
        """Stands for the end of the process."""

    def forced(code):
        raise Forced(code)

    def consumer(message):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        gate(message)

    monkeypatch.setattr(pool_module.os, "_exit", forced)
    monkeypatch.setattr(pool_module.logging, "shutdown", lambda: None)
    connections.send("jobs", text="hangs")
    with pytest.raises(Forced, match=str(EXIT_FORCED)):
        make(consumer, threads=1).run()
    assert "A second signal" in caplog.text
    gate.open.set()


def test_without_signals_a_process_ends_when_it_is_stopped(make):
    def one_ready(sender, **named):
        threading.Thread(target=pool.stop).start()

    pool = make(print)
    worker_ready.connect(one_ready)
    assert pool.run(install_signals=False) == EXIT_STOPPED
    worker_ready.disconnect(one_ready)


def test_a_worker_alone_ends_with_a_signal(layer, connections):
    worker = Worker(layer, Router([route("jobs", lambda message: os.kill(os.getpid(), signal.SIGTERM))]))
    connections.send("jobs", text="last")
    worker.run()
    assert connections.receive() == [Settled("c", 1, [], None)]


def test_signals_are_told_once_each():
    with StopSignals() as signals:
        assert not signals.wait(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.is_waiting()
        assert signals.wait(PATIENCE)
        assert not signals.is_waiting()


def test_other_threads_catch_no_signals():
    seen = []

    def enter():
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
