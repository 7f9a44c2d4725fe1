"""Large buffers of a process are counted; above their bound the largest, and of these the oldest, is shed."""

import pytest

from towpath.interface.bounds.memory import SMALL_BYTES, ClientMemory

KIB = 1024


class Held:
    """A buffer that is empty once it is shed."""

    def __init__(self, memory: ClientMemory) -> None:
        self._memory = memory
        self.is_shed = False

    def hold(self, amount: int) -> "Held":
        self._memory.hold(self, amount)
        return self

    def shed(self) -> None:
        self.is_shed = True
        self._memory.hold(self, 0)


@pytest.fixture
def memory() -> ClientMemory:
    return ClientMemory(100 * KIB)


def test_small_buffers_are_not_counted(memory: ClientMemory) -> None:
    for _ in range(1000):
        Held(memory).hold(SMALL_BYTES)
    assert memory.held_bytes == 0


def test_a_buffer_is_counted_with_its_latest_size(memory: ClientMemory) -> None:
    held = Held(memory)
    for amount in (5000, 70 * KIB, 6000, 6000, 50 * KIB):
        held.hold(amount)
        assert memory.held_bytes == amount
    held.hold(SMALL_BYTES)
    assert memory.held_bytes == 0
    held.hold(0)
    assert not held.is_shed


def test_above_the_bound_the_largest_buffer_is_shed(memory: ClientMemory) -> None:
    small, large = Held(memory).hold(10 * KIB), Held(memory).hold(70 * KIB)
    late = Held(memory).hold(30 * KIB)
    assert (small.is_shed, large.is_shed, late.is_shed) == (False, True, False)
    assert memory.held_bytes == 40 * KIB


def test_of_buffers_of_about_one_size_the_oldest_is_shed(memory: ClientMemory) -> None:
    first, second, third = (Held(memory).hold(amount * KIB) for amount in (30, 50, 40))
    assert (first.is_shed, second.is_shed, third.is_shed) == (True, False, False)


def test_a_buffer_that_grows_into_another_class_of_size_is_the_newest_there(memory: ClientMemory) -> None:
    first, second = Held(memory).hold(10 * KIB), Held(memory).hold(20 * KIB)
    second.hold(66 * KIB)
    first.hold(67 * KIB)
    assert (first.is_shed, second.is_shed) == (False, True)


def test_as_many_buffers_are_shed_as_the_bound_needs(memory: ClientMemory) -> None:
    many = [Held(memory).hold(9 * KIB) for _ in range(11)]
    Held(memory).hold(15 * KIB)
    assert [held.is_shed for held in many] == [True] * 2 + [False] * 9
    assert memory.held_bytes == 96 * KIB


def test_a_buffer_above_the_bound_alone_is_shed_itself(memory: ClientMemory) -> None:
    assert Held(memory).hold(101 * KIB).is_shed
    assert memory.held_bytes == 0


def test_buffers_that_others_shed_may_hold_more_meanwhile(memory: ClientMemory) -> None:
    """Closing a connection may write to others."""

    class Writing(Held):
        def shed(self) -> None:
            super().shed()
            other.hold(99 * KIB)

    other = Held(memory).hold(10 * KIB)
    Writing(memory).hold(95 * KIB)
    assert memory.held_bytes == 99 * KIB
    assert not other.is_shed


def test_memory_is_short_from_half_of_the_bound(memory: ClientMemory) -> None:
    held = Held(memory).hold(50 * KIB)
    assert not memory.is_short
    held.hold(51 * KIB)
    assert memory.is_short
