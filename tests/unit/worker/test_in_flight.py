"""The batch that a worker has in flight, and how long its turns have been."""

import pytest

from towpath.worker import in_flight as in_flight_module
from towpath.worker.in_flight import InFlightBatch


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test advances."""
    now = [100.0]
    monkeypatch.setattr(in_flight_module.time, "monotonic", lambda: now[0])
    return now


def test_a_batch_names_the_turns_that_are_older_than_a_limit(clock, taken):
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
