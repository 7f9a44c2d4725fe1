"""The life of a message in a worker, step by step."""

import logging
from types import SimpleNamespace

import pytest

from towpath.channels import ConfiguredLayer, ConsumeLater
from towpath.layers import (
    ConfigurationError,
    Envelope,
    LayerUnavailable,
    Lost,
    Received,
    Replies,
    Settled,
    Settlement,
)
from towpath.layers.errors import PartlyRefused
from towpath.routing import Router, route
from towpath.worker import Worker, worker_ready
from towpath.worker import worker as worker_module
from towpath.worker.batching import BUDGET_SECONDS


def echo(message):
    message.reply_channel.send({"text": message["text"]})


@pytest.fixture
def make(layer):
    """Return a function that makes a worker of one consumer on `websocket.receive`."""

    def make(consumer=echo, ordered=True, **options):
        return Worker(layer, Router([route("websocket.receive", consumer, ordered=ordered)]), **options)

    return make


@pytest.fixture
def clock(monkeypatch):
    """The worker's clock: a list of its time in seconds. Each look at it takes ten microseconds."""
    now = [0.0]

    def perf_counter():
        now[0] += 1e-5
        return now[0]

    monkeypatch.setattr(worker_module, "time", SimpleNamespace(perf_counter=perf_counter))
    return now


@pytest.fixture
def no_pauses(monkeypatch):
    """Let pauses pass at once; return their lengths."""
    pauses = []

    class Stopping(worker_module.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return self.is_set()

    monkeypatch.setattr(worker_module, "Event", Stopping)
    return pauses


def test_one_message_is_received_run_and_settled(make, connections):
    connections.send("websocket.receive", text="hi", turn=4)
    assert make().run_one() is True
    assert connections.receive() == [Settled("c", 4, [{"text": "hi"}], None)]


def test_nothing_to_do_is_not_an_error(make):
    assert make().run_one() is False


def test_state_travels_with_the_connection(make, connections):
    def count(message):
        message.session_state = (message.session_state or b"") + b"x"

    worker = make(count)
    connections.send("websocket.receive", turn=1)
    connections.send("websocket.receive", turn=2, session_state=b"x")
    assert worker.run_one()
    assert worker.run_one()
    assert connections.receive() == [Settled("c", 1, [], b"x"), Settled("c", 2, [], b"xx")]


def test_a_message_put_off_comes_again_with_its_turn(make, connections):
    def second_time(message):
        if "__retries__" not in message:
            raise ConsumeLater
        echo(message)

    worker = make(second_time)
    connections.send("websocket.receive", text="hi", turn=4, session_state=b"s")
    assert worker.run_one()
    assert worker.run_one()
    assert connections.receive() == [Settled("c", 4, [{"text": "hi"}], None)]


def test_a_settlement_leaves_with_the_exchange_for_the_next_messages(make, connections, layer):
    worker = make()
    connections.send("websocket.receive", text="hi")
    worker.run_batch(0)
    worker.run_batch(0)
    settlements = [written for written, _ in layer.readers[0].exchanges]
    assert settlements == [
        [],
        [Settlement([Envelope(connections.edge.inbox + "c", {"text": "hi"})], connections.edge.inbox + "c", 1)],
    ]


def test_batches_grow_while_consumers_are_fast(make, connections, layer, clock):
    worker = make()
    for number in range(1 + 2 + 4):
        connections.send("websocket.receive", local=str(number), text="hi")
    for _ in range(4):
        worker.run_batch(0)
    assert [limits["websocket.receive"] for _, limits in layer.readers[0].exchanges] == [1, 2, 4, 8]
    assert len(connections.receive()) == 7


@pytest.fixture
def slow_second(make, connections, clock):
    """A worker with three messages in one batch, of which the second takes longer than the budget."""

    def consumer(message):
        if message["text"] == "1":
            clock[0] += 1.5 * BUDGET_SECONDS
        echo(message)

    worker = make(consumer)
    worker._batching.limits["websocket.receive"] = 3
    for number in range(3):
        connections.send("websocket.receive", local=str(number), text=str(number))
    return worker


def test_a_slow_run_lets_go_of_the_rest_of_its_batch(slow_second, connections, layer):
    slow_second.run_batch(0)
    assert [item.envelope.content["text"] for item in layer.readers[0].requeued] == ["2"]
    assert [event.local for event in connections.receive()] == ["0", "1"]
    assert slow_second._batching.limits["websocket.receive"] == 1
    assert slow_second.run_one()
    assert [event.local for event in connections.receive()] == ["2"]


def test_messages_that_the_store_refuses_to_requeue_are_run_here(slow_second, connections, layer, caplog):
    layer.requeue_trouble = PartlyRefused("memory is full", [None], is_clean=True)
    slow_second.run_batch(0)
    slow_second.run_batch(0)
    assert [event.local for event in connections.receive()] == ["0", "1", "2"]
    assert caplog.messages[0].startswith("The channel layer is unavailable")
    assert "The channel layer is available again" in caplog.text


def test_messages_whose_requeueing_was_not_answered_are_not_run_here(slow_second, connections, layer):
    layer.requeue_trouble = LayerUnavailable("no answer")  # the reader repeats it
    slow_second.run_batch(0)
    slow_second.run_batch(0)
    assert [event.local for event in connections.receive()] == ["0", "1"]


def test_an_unordered_consumer_runs_when_its_connection_goes_on(make, connections):
    def consumer(message):
        assert connections.receive() == [Settled("c", 4, [], None)]
        echo(message)

    worker = make(consumer, ordered=False)
    connections.send("websocket.receive", text="hi", turn=4)
    assert worker.run_one()
    assert connections.receive() == [Replies("c", ({"text": "hi"},))]


def test_an_unordered_consumer_runs_also_if_its_turn_cannot_be_ended_now(make, connections, layer, caplog):
    ran = []
    worker = make(ran.append, ordered=False)
    connections.send("websocket.receive", turn=4)
    layer.troubles.extend([None, LayerUnavailable("no answer")])
    worker.run_batch(0)
    assert len(ran) == 1
    assert "The channel layer is unavailable" in caplog.text


def test_the_unwritten_settlements_of_a_worker_that_hangs_are_written_for_it(make, connections, layer, monkeypatch):
    written = []

    def hang(message):
        monkeypatch.undo()
        worker.abandon()  # as another thread does while this consumer hangs
        written.append(connections.receive())

    worker = make(hang, ordered=False)
    reader = layer.readers[0]._reader
    connections.send("websocket.receive", local="a", turn=2)
    execute, calls = reader._execute, []

    def execute_but_the_early_end(operations, then=None):
        calls.append(operations)
        if len(calls) == 2:
            raise LayerUnavailable("no answer")
        return execute(operations, then)

    monkeypatch.setattr(reader, "_execute", execute_but_the_early_end)
    worker.run_batch(0)
    assert written == [[Settled("a", 2, [], None), Lost("a", 2)]]  # the second for its message, which is lost


def test_expired_messages_are_settled_and_not_run(make, connections, layer, taken, caplog):
    reply_channel = connections.edge.inbox + "c"
    layer.troubles.append(Received((), [taken("websocket.receive", 5, reply_channel=reply_channel)]))
    ran = []
    worker = make(ran.append)
    assert worker.run_one() is False
    assert ran == []
    assert connections.receive() == [Settled("c", 5, [], None)]
    assert "Dropped 1 messages of channel websocket.receive" in caplog.text


def test_a_worker_waits_for_an_unavailable_layer_with_growing_pauses(make, connections, layer, caplog, no_pauses):
    worker = make()
    layer.troubles.extend([LayerUnavailable("no answer")] * 8)
    connections.send("websocket.receive", text="hi")
    for _ in range(10):
        worker.run_batch(0)
    assert len(no_pauses) == 8
    assert no_pauses[0] <= 0.1 < 0.5 <= no_pauses[-1] <= 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert connections.receive() == [Settled("c", 1, [{"text": "hi"}], None)]


def test_run_one_tells_its_caller_that_the_layer_is_unavailable(make, layer):
    layer.troubles.append(LayerUnavailable("no answer"))
    with pytest.raises(LayerUnavailable):
        make().run_one()


def test_a_stopped_worker_settles_what_it_took_and_closes(make, connections, layer):
    worker = make(lambda message: (echo(message), worker.stop()))
    connections.send("websocket.receive", text="hi")
    connections.send("websocket.receive", text="left", local="d")
    worker.run()
    assert connections.receive() == [Settled("c", 1, [{"text": "hi"}], None)]
    assert layer.receive(["websocket.receive"])[1]["text"] == "left"
    assert layer.readers[0].is_closed


def test_stop_does_not_need_the_layer(make, layer):
    layer.wake_trouble = LayerUnavailable("no answer")
    worker = make()
    worker.stop()
    worker.run()
    assert layer.readers[0].is_closed


def test_a_worker_that_stops_tries_again_to_close_while_the_layer_refuses(make, layer, monkeypatch, caplog):
    layer.close_trouble = LayerUnavailable("memory is full")
    monkeypatch.setattr(worker_module.time, "sleep", lambda seconds: setattr(layer, "close_trouble", None))
    worker = make()
    worker.stop()
    worker.run()
    assert layer.close_trouble is None
    assert caplog.text == ""


def test_settlements_lost_at_the_end_are_an_error_in_the_log(make, connections, layer, caplog, monkeypatch):
    monkeypatch.setattr(worker_module, "CLOSE_SECONDS", 0.0)
    worker = make(lambda message: worker.stop())
    connections.send("websocket.receive")
    layer.troubles.extend([None, LayerUnavailable("no answer")])
    layer.close_trouble = LayerUnavailable("no answer")
    worker.run()
    assert "Lost settlements of a worker that stops" in caplog.text


def test_a_defect_in_the_exchange_ends_the_turns_and_the_worker(make, connections, layer):
    worker = make()
    connections.send("websocket.receive", text="hi", turn=4)
    layer.troubles.extend([None, ZeroDivisionError("defect")])
    with pytest.raises(ZeroDivisionError):
        worker.run()
    assert connections.receive() == [Settled("c", 4, [], None)]
    assert layer.readers[0].is_closed


def test_a_worker_holds_its_messages_until_they_are_settled(make, connections):
    seen = []
    worker = make(lambda message: seen.append(worker.in_flight.turns_older_than(0)))
    connections.send("websocket.receive", turn=4)
    assert worker.run_one()
    assert seen == [[(connections.edge.inbox + "c", 4)]]
    assert worker.in_flight.turns_older_than(0) == []


def test_a_worker_says_that_it_is_ready(make):
    seen = []

    def receiver(sender, **named):
        seen.append(sender)

    worker_ready.connect(receiver)
    worker = make()
    worker.ready()
    assert worker_ready.disconnect(receiver)
    assert seen == [worker]


def test_a_worker_listens_to_selected_channels(make):
    assert make(only_channels=["websocket.*"]).channels == ["websocket.receive"]
    with pytest.raises(ConfigurationError, match="no channel remains"):
        make(exclude_channels=["websocket.*"])


def test_a_configured_layer_brings_its_routing_and_the_defaults(layer):
    worker = Worker(ConfiguredLayer(layer, routing={"jobs": echo}))
    assert worker.channels == [
        "http.disconnect",
        "http.request",
        "jobs",
        "websocket.connect",
        "websocket.disconnect",
        "websocket.receive",
    ]


def test_a_bare_layer_needs_a_router(layer):
    with pytest.raises(ConfigurationError, match="needs a router"):
        Worker(layer)
