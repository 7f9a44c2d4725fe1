"""The search of the explorer, in small hand-made worlds."""

from collections.abc import Iterator

import pytest

from tests.explorer.context import State, Step
from tests.explorer.faults import Fault
from tests.explorer.scenario import ALL, Scenario
from tests.explorer.search import Search

pytestmark = pytest.mark.once


class HandMadeWorld:
    """States are single numbers. `ways` has the successors of each, with a fault and a violated invariant, or None."""

    def __init__(
        self, ways: dict[int, list[tuple[int, Fault | None, str | None]]], wrong: dict[int, str] | None = None
    ) -> None:
        self.scenario = Scenario("made by hand", {}, 2, ALL)
        self._ways = ways
        self._wrong = wrong or {}

    def first(self) -> State:
        """Return 0."""
        return (0,)

    def canonical(self, state: State) -> State:
        """Return the state."""
        return state

    def steps(self, state: State, with_faults: bool) -> Iterator[Step]:
        """Yield the steps to the successors."""
        for number, fault, broken in self._ways.get(state[0], []):
            if fault is None or with_faults:
                yield Step(fault, (number,), (f"to {number}",), broken)

    def trim(self) -> None:
        """Do nothing: nothing is cached."""

    def problems(self, state: State, is_strict: bool) -> list[str]:
        """Return the invariant that a quiescent state violates."""
        return [self._wrong[state[0]]] if state[0] in self._wrong else []


def searched(world: HandMadeWorld, most_states: int = 100):
    return Search(world, most_violations=5, most_states=most_states).run()  # type: ignore[arg-type]


def test_states_are_counted_by_the_fewest_faults_that_lead_to_them():
    late = Fault.LATE
    found = searched(HandMadeWorld({0: [(1, None, None), (2, late, None)], 1: [(3, late, None)], 2: [(1, None, None)]}))
    assert found.states == [2, 2, 0]
    assert found.violations == []
    assert found.is_complete


def test_a_trace_has_the_fewest_faults_and_then_the_fewest_steps():
    ways = {
        0: [(1, Fault.LATE, None), (2, None, None)],
        1: [(9, None, "broken")],
        2: [(3, None, None)],
        3: [(9, None, "broken")],
    }
    (violation,) = [each for each in searched(HandMadeWorld(ways)).violations if not each.kinds]
    assert [step.label for step in violation.steps] == [("to 2",), ("to 3",), ("to 9",)]
    assert (violation.invariant, violation.faults) == ("broken", 0)


def test_violations_by_different_kinds_of_faults_are_listed_apart():
    ways = {0: [(1, Fault.LATE, "broken"), (2, Fault.REFUSED, "broken"), (3, Fault.LATE, "broken")]}
    found = searched(HandMadeWorld(ways))
    assert [violation.kinds for violation in found.violations] == [(Fault.LATE,), (Fault.REFUSED,)]


def test_a_quiescent_state_is_checked():
    found = searched(HandMadeWorld({0: [(1, None, None)], 1: [(2, Fault.LATE, None)]}, {1: "lost", 2: "left"}))
    violations = [(violation.invariant, violation.kinds) for violation in found.violations]
    assert violations == [("lost", ()), ("left", (Fault.LATE,))]
    assert found.finals == 2


def test_a_violation_that_needs_more_kinds_of_faults_than_a_known_one_is_not_listed():
    late, refused = Fault.LATE, Fault.REFUSED
    ways = {
        0: [(1, late, None), (2, refused, None)],
        1: [(3, None, "turn 1 of a is lost")],
        2: [(4, late, "turn 2 of a is lost")],
    }
    found = searched(HandMadeWorld(ways))
    assert [violation.kinds for violation in found.violations] == [(late,)]


def test_steps_in_a_circle_are_a_violation():
    found = searched(HandMadeWorld({0: [(1, None, None)], 1: [(2, None, None)], 2: [(1, None, None)]}))
    assert [violation.invariant for violation in found.violations] == ["it never becomes quiescent"]


def test_a_search_that_reaches_its_bound_is_not_complete():
    found = searched(HandMadeWorld({number: [(number + 1, None, None)] for number in range(50)}), most_states=10)
    assert not found.is_complete


def test_steps_in_a_circle_behind_the_last_fault_are_a_violation():
    late = Fault.LATE
    ways = {
        0: [(1, late, None)],
        1: [(2, late, None)],
        2: [(3, None, None)],
        3: [(4, None, None), (2, None, None)],
        4: [(3, None, None), (5, None, None)],
    }
    found = searched(HandMadeWorld(ways))
    (violation,) = found.violations
    assert (violation.invariant, violation.faults) == ("it never becomes quiescent", 2)
    assert [step.label[0] for step in violation.steps[:2]] == ["to 1", "to 2"]


def test_a_circle_is_allowed_beside_a_way_to_a_quiescent_state():
    late = Fault.LATE
    ways = {0: [(1, late, None)], 1: [(2, late, None)], 2: [(3, None, None), (4, None, None)], 4: [(2, None, None)]}
    found = searched(HandMadeWorld(ways))
    assert found.violations == []
    assert found.states == [1, 1, 3]


def test_a_violation_behind_the_last_fault_has_all_its_steps():
    late = Fault.LATE
    ways = {
        0: [(1, late, None)],
        1: [(2, None, None)],
        2: [(3, late, None)],
        3: [(4, None, None)],
        4: [(9, None, "broken")],
    }
    (violation,) = searched(HandMadeWorld(ways, {4: "also at rest"})).violations[:1]
    assert [step.label for step in violation.steps] == [("to 1",), ("to 2",), ("to 3",), ("to 4",), ("to 9",)]


def test_each_violation_is_reported_as_soon_as_it_is_found():
    ways = {0: [(1, Fault.LATE, "broken"), (2, None, None)], 2: [(3, None, "broken, too")]}
    world = HandMadeWorld(ways)
    told: list[tuple[str, int]] = []
    search = Search(world, most_violations=5)  # type: ignore[arg-type]
    search.run(tell=lambda violation: told.append((violation.invariant, sum(search.findings.states))))
    assert told == [("broken", 1), ("broken, too", 2)]


def test_a_search_that_reaches_its_time_is_not_complete(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.explorer.search.STRIDE", 1)
    ways = {0: [(1, Fault.LATE, None), (2, Fault.LATE, None)], 1: [(3, None, None)]}
    found = Search(HandMadeWorld(ways), most_seconds=0).run()  # type: ignore[arg-type]
    assert not found.is_complete
    assert sum(found.states) == 1
