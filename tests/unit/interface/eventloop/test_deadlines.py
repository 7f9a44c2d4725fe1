"""Deadlines pass when they are due, at most one slot late, and leave nothing behind."""

import logging
import weakref
from collections.abc import Callable

import pytest
from twisted.internet.task import Clock

from towpath.interface.eventloop.deadlines import SLOTS_PER_SECOND, Deadline, Deadlines

SLOT = 1 / SLOTS_PER_SECOND


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.deadlines = Deadlines(self.clock)
        self.passed: list[tuple[str, float]] = []

    def deadline(self, name: str = "a", also: Callable[[], None] = lambda: None) -> Deadline:
        def expired() -> None:
            self.passed.append((name, self.clock.seconds()))
            also()

        return Deadline(self.deadlines, expired)

    def walk(self, seconds: float) -> None:
        """Turn the clock in steps smaller than a slot."""
        until = self.clock.seconds() + seconds
        while self.clock.seconds() < until:
            self.clock.advance(SLOT / 4)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("seconds", [0, 0.01, SLOT, 1, 1.03, 70])
def test_a_deadline_passes_once_and_not_early(world: World, seconds: float) -> None:
    world.deadline().set(seconds)
    world.walk(seconds + 2)
    ((_, at),) = world.passed
    assert seconds <= at <= seconds + 1.25 * SLOT


def test_a_deadline_that_moves_on_passes_at_its_last_place(world: World) -> None:
    deadline = world.deadline()
    for _ in range(10):
        deadline.set(3)
        world.walk(1)
    assert world.passed == []
    world.walk(2 + SLOT)
    assert [name for name, _ in world.passed] == ["a"]


def test_a_deadline_may_come_nearer(world: World) -> None:
    deadline = world.deadline()
    deadline.set(100)
    deadline.set(1)
    world.walk(1 + SLOT)
    assert [name for name, _ in world.passed] == ["a"]
    world.walk(200)
    assert len(world.passed) == 1


def test_a_deadline_that_was_stopped_never_passes_and_does_not_keep_its_owner(world: World) -> None:
    """Its owner refers to it: what the owner keeps would wait for a collection of cycles."""

    class Owner:
        def __init__(self) -> None:
            self.deadline = Deadline(world.deadlines, self.expired)

        def expired(self) -> None:
            world.passed.append(("owner", 0))

    owner = Owner()
    for _ in range(2):
        owner.deadline.set(1)
        owner.deadline.stop()
    world.walk(3)
    assert world.passed == []
    reference = weakref.ref(owner)
    del owner
    assert reference() is None


def test_a_deadline_that_was_cleared_does_not_pass(world: World) -> None:
    deadline = world.deadline()
    deadline.set(1)
    deadline.set(None)
    world.walk(3)
    assert world.passed == []
    deadline.set(1)
    world.walk(1 + SLOT)
    assert len(world.passed) == 1


def test_there_is_one_timer_for_all_and_none_for_none(world: World) -> None:
    many = [world.deadline() for _ in range(100)]
    for position, deadline in enumerate(many):
        deadline.set(position + 1)
    assert len(world.clock.getDelayedCalls()) == 1
    for deadline in many:
        deadline.stop()
    assert world.clock.getDelayedCalls() == []
    world.deadline().set(1)
    world.walk(1 + SLOT)
    assert len(world.passed) == 1
    assert world.clock.getDelayedCalls() == []


def test_a_leap_of_the_clock_passes_all_that_lie_in_it_in_order(world: World) -> None:
    for seconds in (3, 1, 2, 1000):
        world.deadline(str(seconds)).set(seconds)
    world.clock.advance(500)
    assert [name for name, _ in world.passed] == ["1", "2", "3"]


def test_a_deadline_may_set_itself_and_stop_others_while_it_passes(world: World) -> None:
    other = world.deadline("other")
    again = world.deadline("again", lambda: (other.stop(), again.set(1))[0])
    again.set(1)
    other.set(1 + SLOT)
    world.clock.advance(1)
    world.walk(2 * SLOT)
    assert [name for name, _ in world.passed] == ["again"]
    world.walk(1)
    assert [name for name, _ in world.passed] == ["again", "again"]


def test_time_that_passes_while_a_deadline_is_handled_skips_no_other(world: World) -> None:
    def take_long() -> None:
        world.clock.rightNow += SLOT
        world.deadline("c").set(1)

    world.deadline("a", take_long).set(1)
    world.deadline("b").set(1 + SLOT)
    world.walk(3)
    assert [name for name, _ in world.passed] == ["a", "b", "c"]


def test_a_deadline_that_raises_is_logged_and_harms_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("a defect")

    world.deadline("failing", fail).set(1)
    world.deadline("next").set(1)
    with caplog.at_level(logging.ERROR):
        world.walk(1 + SLOT)
    assert {name for name, _ in world.passed} == {"failing", "next"}
    assert "a defect" in caplog.text
