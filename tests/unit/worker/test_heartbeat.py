"""The heartbeat of a worker keeps the turns in flight."""

import logging

import pytest

from towpath.layers import LayerUnavailable
from towpath.worker import in_flight as in_flight_module
from towpath.worker.heartbeat import Heartbeat
from towpath.worker.in_flight import InFlightBatch


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test advances."""
    now = [100.0]
    monkeypatch.setattr(in_flight_module.time, "monotonic", lambda: now[0])
    return now


def test_the_heartbeat_keeps_running_turns(clock, layer, taken):
    batch = InFlightBatch("reader")
    heartbeat = Heartbeat(layer, lambda: [InFlightBatch("reader"), batch])
    heartbeat.beat()
    assert layer.kept == []
    batch.fill([taken("a", 7, reply_channel="i.x!1")], 1)
    clock[0] += 10
    heartbeat.beat()
    assert layer.kept == [[("i.x!1", 7)]]


@pytest.mark.parametrize(
    ("trouble", "level"), [(LayerUnavailable("away"), logging.DEBUG), (KeyError("defect"), logging.ERROR)]
)
def test_nothing_ends_the_heartbeat(clock, layer, taken, caplog, trouble, level):
    caplog.set_level(logging.DEBUG, "towpath.worker")
    batch = InFlightBatch("reader")
    batch.fill([taken("a", 7, reply_channel="i.x!1")], 1)
    clock[0] += 10
    layer.keep_trouble = trouble
    Heartbeat(layer, lambda: [batch]).beat()
    assert [record.levelno for record in caplog.records] == [level]


def test_a_heartbeat_starts_and_stops(layer):
    heartbeat = Heartbeat(layer, list)
    heartbeat.stop()
    heartbeat = Heartbeat(layer, list)
    heartbeat.start()
    heartbeat.stop()
