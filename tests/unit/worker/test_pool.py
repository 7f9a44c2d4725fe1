"""Many workers in one process: started, kept alive and stopped together."""

import os
import signal
import threading
from queue import SimpleQueue

import pytest

from towpath.layers import ConfigurationError, Lost, Settled
from towpath.routing import Router, route
from towpath.worker import (
    EXIT_FORCED,
    EXIT_HUNG,
    EXIT_STOPPED,
    Limits,
    Worker,
    WorkerPool,
    worker_process_ready,
    worker_ready,
)
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


def echo(message):
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


def test_a_signal_before_the_work_ends_the_process_at_once(make, connections):
    with StopSignals() as signals:
        signals.exit_code = EXIT_STOPPED
        with pytest.raises(SystemExit, match="0"):
            os.kill(os.getpid(), signal.SIGTERM)
        connections.send("jobs", text="left alone")
        assert make(print).run(signals=signals) == EXIT_STOPPED  # whatever swallowed the exception


def test_a_process_retires_after_a_number_of_messages(make, connections, layer, monkeypatch, caplog):
    monkeypatch.setattr(pool_module, "LOOK_SECONDS", 0.01)
    for number in range(3):
        connections.send("jobs", local=str(number), text="hi")
    assert make(echo, threads=1, limits=Limits(messages=3)).run() == EXIT_STOPPED
    assert len(connections.receive()) == 3
    assert "Retiring: 3 messages were handled" in caplog.text


def test_messages_of_a_worker_that_failed_count_for_the_retirement(make, connections, layer, monkeypatch, caplog):
    monkeypatch.setattr(pool_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(pool_module, "REPLACE_PAUSE_SECONDS", 0.0)

    def consumer(message):
        if message["text"] == "second":
            layer.troubles.append(ZeroDivisionError("defect"))  # ends the worker that has handled two messages
        echo(message)

    for number, text in enumerate(["first", "second", "third"]):
        connections.send("jobs", local=str(number), text=text)
    pool = make(consumer, threads=1, limits=Limits(messages=3))
    running = threading.Thread(target=pool.run, args=(False,))
    running.start()
    running.join(PATIENCE)
    has_retired = not running.is_alive()
    pool._stopping.set()
    running.join(PATIENCE)
    assert has_retired
    assert "Worker 0 failed" in caplog.text
    assert "Retiring: 3 messages were handled" in caplog.text


def test_a_process_retires_when_it_occupies_too_much_memory(make, monkeypatch, caplog):
    monkeypatch.setattr(pool_module, "LOOK_SECONDS", 0.01)
    assert make(echo, limits=Limits(memory_mebibytes=1)).run() == EXIT_STOPPED
    assert "MiB of memory are in use, and 1 are allowed" in caplog.text


def test_a_consumer_that_hangs_is_cut_off_and_nothing_else(make, connections, layer, monkeypatch, caplog):
    class Ended(BaseException):
        """Stands for the end of the process."""

    def end(code):
        raise Ended(code)

    gate = Gate()

    def consumer(message):
        if message["text"] == "hangs":
            gate(message)
        echo(message)

    monkeypatch.setattr(pool_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(pool_module.os, "_exit", end)
    monkeypatch.setattr(pool_module.logging, "shutdown", lambda: None)
    for local, text in (("a", "runs"), ("b", "hangs"), ("c", "waits")):
        connections.send("jobs", local=local, text=text)
    pool = make(consumer, threads=1, limits=Limits(message_seconds=0.1))
    new_worker = pool._new_worker
    pool._new_worker = lambda: with_batches_of_three(new_worker())
    with pytest.raises(Ended, match=str(EXIT_HUNG)):
        pool.run()
    assert connections.receive() == [Settled("a", 1, [{"text": "runs"}], None), Lost("b", 1)]
    assert layer.channel_statistics("jobs")["messages_lost_count"] == 1
    assert layer.receive(["jobs"])[1]["text"] == "waits"
    assert "has run for more than 0.1 seconds" in caplog.text
    assert "in __call__\n    assert self.open.wait" in caplog.text
    gate.open.set()


def with_batches_of_three(worker):
    worker._batching.limits["jobs"] = 3
    return worker


@pytest.mark.parametrize("limits", [{"messages": 0}, {"memory_mebibytes": -1}, {"message_seconds": 0.0}])
def test_a_limit_is_above_0(limits):
    with pytest.raises(ConfigurationError, match=f"the limit {next(iter(limits))} of a worker"):
        Limits(**limits)


def test_processes_do_not_retire_all_at_once():
    spread = {Limits(messages=1000, memory_mebibytes=5).spread() for _ in range(100)}
    assert len(spread) > 10
    assert all(900 <= limits.messages <= 1000 and limits.memory_mebibytes == 5 for limits in spread)
    assert Limits(message_seconds=1.0).spread() == Limits(message_seconds=1.0)


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


def test_each_signal_is_sent_once():
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
