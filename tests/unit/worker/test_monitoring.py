"""Runs of consumers as metrics, and consumers that are slow."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.monitoring import Histogram
from towpath.routing import Router, route
from towpath.worker import Worker
from towpath.worker.monitoring.runs import CONSUMERS_MAX_COUNT, OTHERS, RunCounts, families_of
from towpath.worker.slow import SlowConsumers


def test_runs_of_all_threads_are_counted_by_channel_and_outcome() -> None:
    threads = [RunCounts(["a", "b"]) for _ in range(2)]
    for runs in threads:
        runs.ran("a", 0.3, 1.0)
        runs.failed(ValueError())
        runs.ran("b", 0.3, 1.3)
        runs.ran("b", 0.3, 1.6)
    *_, messages, durations = families_of(threads, ["a", "b"])
    assert dict(messages.samples) == {
        ("a", "handled"): 2,
        ("a", "failed"): 0,
        ("b", "handled"): 2,
        ("b", "failed"): 2,
    }
    [a, b] = [histogram for _, histogram in durations.samples if isinstance(histogram, Histogram)]
    assert (sum(a.counts), sum(b.counts), round(b.total_seconds, 6)) == (2, 4, 1.2)


def test_a_thread_that_has_run_nothing_has_all_series() -> None:
    *_, messages, durations = families_of([], ["a"])
    assert dict(messages.samples) == {("a", "handled"): 0, ("a", "failed"): 0}
    assert len(durations.samples) == 1


def test_a_worker_counts_queue_age_consumers_and_settlements() -> None:
    layer, runs = MemoryChannelLayer(), RunCounts(["a"])

    def fail(message: Any) -> None:
        raise ValueError

    worker = Worker(layer, Router([route("a", fail)]), signal_handlers=False, runs=runs)
    for _ in range(3):
        layer.send("a", {})
        worker.run_one()
    ages, consumers, settling, messages, _ = families_of([runs], ["a"])
    [((channel,), age)], [((consumer,), seconds)], [(_, settled)] = ages.samples, consumers.samples, settling.samples
    assert (channel, consumer.rpartition(".")[2]) == ("a", "fail")
    for histogram in (age, seconds, settled):
        assert isinstance(histogram, Histogram) and sum(histogram.counts) == 3
    assert dict(messages.samples)["a", "failed"] == 3


def test_consumers_that_a_project_makes_anew_are_bounded_over_all_channels() -> None:
    runs = RunCounts(["a", "b"])
    for number in range(2 * CONSUMERS_MAX_COUNT):
        runs.consumer = type(f"Consumer{number}", (), {})
        runs.ran("ab"[number % 2], 0.1, 1.0)
    assert sum(map(len, runs.durations.values())) == CONSUMERS_MAX_COUNT + 2
    assert [sum(runs.durations[channel][OTHERS].counts) for channel in "ab"] == [CONSUMERS_MAX_COUNT // 2] * 2
    _, consumers, *_, durations = families_of([runs], ["a", "b"])
    assert len(consumers.samples) == CONSUMERS_MAX_COUNT + 1
    assert [sum(histogram.counts) for _, histogram in durations.samples] == [CONSUMERS_MAX_COUNT] * 2


def test_a_message_without_a_route_counts_for_its_channel_and_for_no_consumer() -> None:
    runs = RunCounts(["a"])
    runs.ran("a", 0.1, 1.0)
    _, consumers, *_, durations = families_of([runs], ["a"])
    assert not consumers.samples
    assert [sum(histogram.counts) for _, histogram in durations.samples] == [1]


def test_messages_that_seem_to_be_sent_in_the_future_count_without_a_time() -> None:
    """The clock of the store may have been set back."""
    layer, runs = MemoryChannelLayer(), RunCounts(["a"])
    layer.send("a", {})
    received = layer.reader(["a"]).exchange([], {"a": 1})
    runs.taken(received._replace(now=0.0))
    assert (sum(runs.ages["a"].counts), runs.ages["a"].total_seconds) == (1, 0.0)


class SlowWorker:
    """A worker whose run a test decides on, as `SlowConsumers` sees it."""

    def __init__(self) -> None:
        self.in_flight: Any = SimpleNamespace(name="reader", number=1, begun=1, age_seconds=0.0, split=self._split)
        self.channel_layer = None
        self.router = SimpleNamespace(match=self._match)

    def whereabouts(self) -> str:
        return "  File consumers.py, in buy\n"

    def _match(self, message: object) -> None:
        return None

    def _split(self) -> tuple[list[Any], list[Any]]:
        return [SimpleNamespace(envelope=SimpleNamespace(channel="orders", content={}))], []


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("towpath.worker.slow.Message.from_envelope", lambda *arguments: None)
    return SlowWorker()


def test_a_slow_run_is_logged_at_the_bound_and_at_each_doubling(worker: Any, caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowConsumers(10)
    for age in (9, 10.5, 11, 19, 20, 21, 39, 45, 79, 81):
        worker.in_flight.age_seconds = age
        slow.look([worker])
    ages = [record.getMessage().partition(" for ")[2].partition(".")[0] for record in caplog.records]
    assert ages == ["10 s", "20 s", "45 s", "81 s"]
    assert "on orders" in caplog.text and "in buy" in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert (slow.total, slow.count) == (1, 1)


def test_another_run_of_the_same_worker_is_another_slow_consumer(worker: Any) -> None:
    slow = SlowConsumers(10)
    worker.in_flight.age_seconds = 11
    slow.look([worker])
    worker.in_flight.begun = 2
    slow.look([worker])
    assert (slow.total, slow.count) == (2, 1)
    worker.in_flight.age_seconds = 0
    slow.look([worker])
    assert (slow.total, slow.count) == (2, 0)


def test_without_a_bound_nothing_is_looked_at(worker: Any, caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowConsumers(None)
    worker.in_flight.age_seconds = 1e6
    slow.look([worker])
    assert (slow.count, caplog.text) == (0, "")
