"""The small parts of a worker: channel selection, outages, expired messages, its batch in flight, its heartbeat."""

import logging

import pytest

from towpath.layers import ConfigurationError, Envelope, LayerUnavailable, Settlement
from towpath.worker import in_flight as in_flight_module
from towpath.worker.expired import REQUEST_EXPIRED, settlements_of_expired
from towpath.worker.heartbeat import Heartbeat
from towpath.worker.in_flight import InFlightBatch
from towpath.worker.outage import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Outage, Pauses
from towpath.worker.selection import select_channels


def test_all_channels_are_selected_unless_globs_say_otherwise():
    channels = {"http.request", "websocket.connect", "websocket.receive", "jobs"}
    assert select_channels(channels) == sorted(channels)
    assert select_channels(channels, only=["websocket.*", "jobs"]) == ["jobs", "websocket.connect", "websocket.receive"]
    assert select_channels(channels, exclude=["websocket.*"]) == ["http.request", "jobs"]
    assert select_channels(channels, only=["websocket.*"], exclude=["*.connect"]) == ["websocket.receive"]


@pytest.mark.parametrize("globs", [{"only": []}, {"only": ["JOBS"]}, {"exclude": ["*"]}])
def test_nothing_to_listen_to_is_an_error(globs):
    with pytest.raises(ConfigurationError, match=r"no channel remains to listen to.*\['jobs'\]"):
        select_channels({"jobs"}, **globs)


def test_pauses_grow_to_a_bound_and_begin_again():
    pauses = Pauses()
    drawn = [pauses.next() for _ in range(12)]
    assert FIRST_PAUSE_SECONDS / 2 <= drawn[0] <= FIRST_PAUSE_SECONDS
    assert LONGEST_PAUSE_SECONDS / 2 <= drawn[-1] <= LONGEST_PAUSE_SECONDS
    pauses.reset()
    assert pauses.next() <= FIRST_PAUSE_SECONDS


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(caplog):
    outage = Outage()
    for _ in range(2):
        outage.back()
        outage.gone(LayerUnavailable("no answer"))
        outage.gone(LayerUnavailable("no answer"))
        outage.back()
        outage.back()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 4
    assert "unavailable: no answer" in caplog.messages[0]
    assert "available again after" in caplog.messages[1]


def test_expired_messages_are_settled_and_logged_in_one_line(caplog, taken):
    settlements = settlements_of_expired([taken("jobs", 5, reply_channel="i.x!1"), taken("jobs")])
    assert settlements == [Settlement([], "i.x!1", 5), Settlement()]
    assert caplog.messages == ["Dropped 2 messages of channel jobs: they waited longer than the layer's expiry"]
    assert settlements_of_expired([]) == []


def test_whoever_waits_for_an_expired_message_is_told(taken):
    request = settlements_of_expired([taken("http.request", 1, reply_channel="i.x!1")])
    assert request == [Settlement([Envelope("i.x!1", REQUEST_EXPIRED)], "i.x!1", 1)]
    assert REQUEST_EXPIRED["status"] == 503
    connect = settlements_of_expired([taken("websocket.connect", 1, reply_channel="i.x!1")])
    assert connect == [Settlement([], "i.x!1", 1, is_lost=True)]
    assert settlements_of_expired([taken("http.request", reply_channel=5)]) == [Settlement()]


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until the test moves it."""
    now = [100.0]
    monkeypatch.setattr(in_flight_module.time, "monotonic", lambda: now[0])
    return now


def test_a_hand_tells_which_turns_have_been_in_it_for_long(clock, taken):
    batch = InFlightBatch("reader")
    assert batch.turns_older_than(0) == []
    batch.fill([taken("a", 7, reply_channel="i.x!1"), taken("a", reply_channel="i.x!2"), taken("a", 9)], 1)
    assert batch.turns_older_than(3) == []
    clock[0] += 3
    assert batch.turns_older_than(3) == [("i.x!1", 7)]
    batch.empty()
    assert batch.turns_older_than(3) == []


def test_a_turn_that_ended_early_is_not_kept(clock, taken):
    batch = InFlightBatch("reader")
    batch.fill([taken("a", 1, reply_channel="i.x!1"), taken("a", 1, reply_channel="i.x!2")], 1)
    batch.drop("i.x!1")
    assert batch.turns_older_than(0) == [("i.x!2", 1)]
    batch.empty()
    batch.fill([taken("a", 2, reply_channel="i.x!1")], 1)
    assert batch.turns_older_than(0) == [("i.x!1", 2)]


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
