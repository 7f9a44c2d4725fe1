"""The schedule of a layer, as processes keep it."""

import time
from collections import deque

import pytest

from towpath.channels.schedule import Entry, Every
from towpath.layers.errors import LayerUnavailable
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.schedules import Fired
from towpath.worker.timetable import Timetable

MINUTE = 60.0
BEGIN = 1_700_000_000.0 - 1_700_000_000.0 % MINUTE


class Clock:
    def __init__(self, now=BEGIN + 10):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def layer():
    return MemoryChannelLayer(capacity=2)


def entry(name="minutely", seconds=MINUTE, channel="jobs", content=None):
    return Entry(name, channel, content or {"name": name}, Every(seconds))


def received(layer, channel="jobs"):
    found = []
    while (content := layer.receive([channel])[1]) is not None:
        found.append(content["name"])
    return found


def test_an_empty_schedule_is_never_due(layer, clock):
    assert Timetable(layer, [], clock).fire() is None


def test_a_message_is_sent_when_it_is_due_and_not_before(layer, clock):
    timetable = Timetable(layer, [entry()], clock)
    assert timetable.fire() == 50
    assert received(layer) == []
    clock.now = BEGIN + MINUTE
    assert timetable.fire() == MINUTE
    assert timetable.fire() == MINUTE
    assert received(layer) == ["minutely"]


def test_entries_keep_their_own_times(layer, clock):
    timetable = Timetable(layer, [entry(), entry("half", 30)], clock)
    assert timetable.fire() == 20
    clock.now = BEGIN + 30
    assert timetable.fire() == 30
    assert received(layer) == ["half"]


def test_of_many_processes_one_sends(layer, clock):
    timetables = [Timetable(layer, [entry()], clock) for _ in range(5)]
    for minute in range(1, 4):
        clock.now = BEGIN + minute * MINUTE + 0.5
        for timetable in timetables:
            timetable.fire()
        assert received(layer) == ["minutely"]


def test_times_that_were_slept_through_are_made_up_for_once(layer, clock):
    timetable = Timetable(layer, [entry()], clock)
    clock.now = BEGIN + 10 * MINUTE + 30
    assert timetable.fire() == 30
    assert received(layer) == ["minutely"]


def test_a_process_that_begins_makes_up_for_what_was_not_sent_while_none_ran(layer, clock):
    first = Timetable(layer, [entry()], clock)
    clock.now = BEGIN + MINUTE
    first.fire()
    assert received(layer) == ["minutely"]
    clock.now = BEGIN + 10 * MINUTE + 30
    for _ in range(3):
        Timetable(layer, [entry()], clock).fire()
    assert received(layer) == ["minutely"]


def test_a_new_schedule_begins_with_its_next_time(layer, clock):
    for _ in range(2):
        Timetable(layer, [entry(seconds=86_400.0)], clock).fire()
    assert received(layer) == []


def test_a_full_channel_is_tried_again_and_said_once(layer, clock, caplog):
    timetable = Timetable(layer, [entry()], clock)
    timetable.fire()
    layer.send("jobs", {"name": "a"})
    layer.send("jobs", {"name": "b"})
    clock.now = BEGIN + MINUTE
    assert timetable.fire() == 1
    assert timetable.fire() == 1
    clock.now += 1
    assert timetable.fire() == 1
    assert caplog.text.count("is full for the message of schedule 'minutely'") == 1
    assert received(layer) == ["a", "b"]
    assert timetable.fire() == 1
    clock.now += 1
    assert timetable.fire() == MINUTE - 2
    assert received(layer) == ["minutely"]


def test_a_channel_that_stays_full_gets_the_message_of_the_latest_time_only(layer, clock):
    timetable = Timetable(layer, [entry()], clock)
    layer.send("jobs", {"name": "a"})
    layer.send("jobs", {"name": "b"})
    for minute in range(1, 5):
        clock.now = BEGIN + minute * MINUTE
        timetable.fire()
    received(layer)
    clock.now += 1
    timetable.fire()
    clock.now += 1
    timetable.fire()
    assert received(layer) == ["minutely"]


class Troubled(MemoryChannelLayer):
    """Answers or raises what a test has planned, before it works."""

    def __init__(self, *troubles):
        super().__init__()
        self.troubles = deque(troubles)

    def fire(self, scheduled):
        if self.troubles:
            trouble = self.troubles.popleft()
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        return super().fire(scheduled)


def test_what_is_due_while_the_layer_is_unavailable_is_sent_when_it_is_back(clock):
    layer = Troubled(Fired.FIRST, LayerUnavailable("away"))
    timetable = Timetable(layer, [entry()], clock)
    timetable.fire()
    clock.now = BEGIN + MINUTE
    with pytest.raises(LayerUnavailable):
        timetable.fire()
    assert timetable.fire() == MINUTE
    assert received(layer) == ["minutely"]


def test_a_store_whose_clock_is_behind_is_asked_again_soon(clock):
    layer = Troubled(Fired.FIRST, Fired.EARLY)
    timetable = Timetable(layer, [entry()], clock)
    timetable.fire()
    clock.now = BEGIN + MINUTE
    assert timetable.fire() == pytest.approx(0.1)
    assert received(layer) == []
    clock.now += 0.1
    timetable.fire()
    assert received(layer) == ["minutely"]


def test_a_message_that_cannot_be_sent_stops_no_other(layer, clock, caplog):
    timetable = Timetable(layer, [entry("bad", content={"at": object()}), entry()], clock)
    clock.now = BEGIN + MINUTE
    assert timetable.fire() == MINUTE
    assert received(layer) == ["minutely"]
    assert "Could not send the message of schedule 'bad'" in caplog.text


def test_real_time_is_the_default(layer):
    seconds = Timetable(layer, [entry()]).fire()
    assert seconds == pytest.approx(MINUTE - time.time() % MINUTE, abs=5)
