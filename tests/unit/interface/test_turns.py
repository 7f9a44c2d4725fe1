"""One event of a connection is out at a time; the others wait in order, in bounded number."""

import pytest

from towpath.interface.turns import EVENT_OVERHEAD_BYTES, Event, Phase, Pressure, Turns, weight


def event(name: str = "x", **content: object) -> Event:
    return Event(name, content, insist=True)


@pytest.fixture
def turns() -> Turns:
    return Turns(max_events=4, max_bytes=1000)


def test_the_first_event_goes_at_once_and_its_turn_is_one(turns):
    first = event()
    assert turns.offer(first) is first
    assert turns.number == 1
    assert turns.is_out(1)


def test_later_events_wait_and_follow_in_order_one_by_one(turns):
    turns.offer(event("a"))
    assert turns.offer(event("b")) is None
    assert turns.offer(event("c")) is None
    assert [turns.settle(1).channel, turns.settle(2).channel] == ["b", "c"]
    assert turns.settle(3) is None
    assert turns.phase is Phase.IDLE


def test_turn_numbers_only_grow(turns):
    numbers = []
    for _ in range(3):
        turns.offer(event())
        numbers.append(turns.number)
        turns.settle(turns.number)
    assert numbers == [1, 2, 3]


def test_a_turn_that_is_not_out_cannot_be_settled(turns):
    with pytest.raises(ValueError, match="turn 0 is not out"):
        turns.settle(0)
    turns.offer(event())
    turns.settle(1)
    for number in (1, 2):
        with pytest.raises(ValueError, match="is not out"):
            turns.settle(number)


def test_the_channel_of_the_turn_that_is_out_is_known(turns):
    turns.offer(event("a"))
    turns.offer(event("b"))
    assert turns.channel == "a"
    turns.settle(1)
    assert turns.channel == "b"


def test_the_last_event_goes_at_once_if_nothing_is_out(turns):
    last = event("bye")
    assert turns.finish(last) is last
    assert turns.phase is Phase.LAST_OUT
    assert turns.settle(1) is None
    assert turns.phase is Phase.ENDED


def test_the_last_event_waits_for_those_before_it(turns):
    turns.offer(event("a"))
    turns.offer(event("b"))
    assert turns.finish(event("bye")) is None
    assert turns.phase is Phase.ENDING
    assert turns.settle(1).channel == "b"
    assert turns.phase is Phase.ENDING
    assert turns.settle(2).channel == "bye"
    assert turns.phase is Phase.LAST_OUT


def test_without_a_last_event_what_waits_is_still_handled(turns):
    turns.offer(event("a"))
    turns.offer(event("b"))
    assert turns.finish(None) is None
    assert turns.settle(1).channel == "b"
    assert turns.phase is Phase.LAST_OUT
    turns.settle(2)
    assert turns.phase is Phase.ENDED


@pytest.mark.parametrize("is_out", [False, True])
def test_without_a_last_event_and_with_nothing_waiting_it_ends_at_once(turns, is_out):
    if is_out:
        turns.offer(event())
    turns.finish(None)
    assert turns.phase is Phase.ENDED
    assert not turns.is_out(1)


@pytest.mark.parametrize("last", [None, event("bye")])
def test_nothing_follows_the_last_event(turns, last):
    turns.finish(last)
    with pytest.raises(ValueError, match="after the last one"):
        turns.offer(event())
    with pytest.raises(ValueError, match="ends once"):
        turns.finish(last)


def test_too_many_waiting_events_congest_and_relief_comes_at_half(turns):
    for _ in range(5):
        turns.offer(event())
    assert turns.pressure_change() is None  # one is out, four wait
    turns.offer(event())
    assert turns.pressure_change() is Pressure.CONGESTED
    assert turns.pressure_change() is None
    for number in (1, 2):
        turns.settle(number)
        assert turns.pressure_change() is None
    turns.settle(3)
    assert turns.pressure_change() is Pressure.FLOWING


def test_too_many_waiting_bytes_congest(turns):
    turns.offer(event(text="x" * 5000))
    assert turns.pressure_change() is None  # it is out, it does not wait
    turns.offer(event(text="x" * 1000))
    assert turns.pressure_change() is Pressure.CONGESTED
    turns.settle(1)
    assert turns.pressure_change() is Pressure.FLOWING


def test_a_bound_of_one_event_is_relieved_when_none_waits():
    turns = Turns(max_events=1, max_bytes=1000)
    for _ in range(3):
        turns.offer(event())
    assert turns.pressure_change() is Pressure.CONGESTED
    turns.settle(1)
    assert turns.pressure_change() is None
    turns.settle(2)
    assert turns.pressure_change() is Pressure.FLOWING


def test_an_event_weighs_its_text_and_bytes_and_is_never_free():
    assert weight({}) == EVENT_OVERHEAD_BYTES
    assert weight({"text": "abc", "bytes": b"de", "order": 1}) == EVENT_OVERHEAD_BYTES + 5
