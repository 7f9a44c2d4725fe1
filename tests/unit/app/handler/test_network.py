"""Threads that wait for clients: a share of all of them."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from towpath.handler.network import NetworkWaits


class Others:
    """Threads that enter, and go on waiting until the end of the test."""

    def __init__(self, waits: NetworkWaits) -> None:
        self._waits = waits
        self._end = threading.Event()

    def enter(self) -> bool:
        """Enter in one more thread."""
        entered: SimpleQueue[bool] = SimpleQueue()
        threading.Thread(target=self._wait, args=(entered,)).start()
        return entered.get()

    def _wait(self, entered: "SimpleQueue[bool]") -> None:
        entered.put(self._waits.enter())
        self._end.wait()

    def stop(self) -> None:
        self._end.set()


@pytest.fixture
def waits() -> NetworkWaits:
    return NetworkWaits(4)


@pytest.fixture
def others(waits: NetworkWaits) -> Iterator[Others]:
    others = Others(waits)
    yield others
    others.stop()


@pytest.mark.parametrize(("threads", "most"), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (16, 8)])
def test_half_of_the_threads_may_wait_and_at_least_one(threads: int, most: int) -> None:
    assert NetworkWaits(threads).max_count == most


def test_one_thread_too_many_may_not_wait(waits: NetworkWaits, others: Others) -> None:
    assert [waits.enter(), others.enter(), others.enter()] == [True, True, False]
    waits.leave()
    assert others.enter()


def test_a_thread_that_waits_may_wait_for_more(waits: NetworkWaits, others: Others) -> None:
    assert all(waits.enter() for _ in range(5))
    assert others.enter()
    assert waits.enter()
    for _ in range(5):
        waits.leave()
    assert not others.enter()
    waits.leave()
    assert others.enter()


def test_threads_of_several_pools_count_together(waits: NetworkWaits) -> None:
    waits.add_threads(4)
    assert waits.max_count == 4
    waits.add_threads(-4)
    assert waits.max_count == 2
