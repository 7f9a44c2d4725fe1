"""Breadth-first search through all states, those with fewer faults first.

A state that was reached with fewer faults is not visited with more, since all its successors are visited. So the trace
of a violation has the fewest faults that lead to it, and the fewest steps with these.
"""

import re
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .context import State, Step
from .faults import Fault
from .world import World

#: States between two reports of progress.
PROGRESS_STATES = 100_000
_FAULTS = list(Fault)
#: A place and the number of the fault that follows, in one int.
_SHIFT = len(_FAULTS) + 1
_NAMES = re.compile(r"\b(turn \d+ of \w+( \(attempt \d+\))?|of \w+$|of \w+(?= [bnrw]))")


@dataclass
class Violation:
    """A violated invariant, with the steps that lead to it."""

    invariant: str
    #: The kinds of the faults, in the order in which they are declared.
    kinds: tuple[Fault, ...]
    faults: int
    steps: list[Step] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Return the invariant without names and numbers, with the kinds of faults that violate it."""
        return f"{_NAMES.sub('...', self.invariant)} with {', '.join(kind.name for kind in self.kinds) or 'no fault'}"

    def covers(self, other: "Violation") -> bool:
        """Return whether another violation is the same with more kinds of faults, or with as many."""
        is_same = _NAMES.sub("...", self.invariant) == _NAMES.sub("...", other.invariant)
        return is_same and set(self.kinds) <= set(other.kinds)


@dataclass
class Findings:
    """The results of a search. `states`, `steps` and `seconds` are by number of faults.

    `finals` is the number of quiescent states, `excepted` that of overlaps that cannot be prevented. `violations` has
    the first of each kind.
    """

    states: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    finals: int = 0
    excepted: int = 0
    violations: list[Violation] = field(default_factory=list)
    is_complete: bool = True


Progress = Callable[[Findings], None]


class Search:
    """Visits the states of one world, until it has found `most_violations` kinds of violations."""

    def __init__(self, world: World, most_violations: int = 1, most_states: int = 50_000_000) -> None:
        self._world = world
        self._most_violations = most_violations
        self._most_states = most_states
        self._places: dict[State, int] = {}
        #: By place: the state before, and a state that follows without a fault.
        self._parents = array("q")
        self._follows = array("q")
        #: By place: the kinds of faults before it, one bit for each.
        self._kinds = array("L")
        self.findings = Findings()

    def run(self, progress: Progress | None = None) -> Findings:
        """Visit all states that are reached with at most as many faults as the scenario has."""
        found, most = self.findings, self._world.scenario.faults
        frontier = {self._world.canonical(self._world.first()): -_SHIFT}
        for level in range(most + 1):
            began = time.monotonic()
            for counts in (found.states, found.steps, found.seconds):
                counts.append(0)  # type: ignore[attr-defined]
            frontier = self._level(level, frontier, level < most, progress)
            if not self._is_over():
                self._check_rest(level)
            found.seconds[-1] = time.monotonic() - began
            if self._is_over():
                break
        return found

    def _is_over(self) -> bool:
        found = self.findings
        found.is_complete = found.is_complete and len(self._places) <= self._most_states
        return len(found.violations) >= self._most_violations or not found.is_complete

    def _level(
        self, level: int, frontier: dict[State, int], with_faults: bool, progress: Progress | None
    ) -> dict[State, int]:
        """Visit the states that need no further fault; return those that need one, with the states before them."""
        found, places = self.findings, self._places
        ahead: dict[State, int] = {}
        queue = [state for state, way in frontier.items() if self._is_new(state, *divmod(way, _SHIFT))]
        for state in queue:
            place = places[state]
            found.states[level] += 1
            for step, following in self._steps(state, level, with_faults):
                if step.fault is not None:
                    if following not in places:
                        ahead.setdefault(following, place * _SHIFT + _FAULTS.index(step.fault) + 1)
                    continue
                if self._is_new(following, place, 0):
                    queue.append(following)
                if self._follows[place] < 0:
                    self._follows[place] = places[following]
            if self._follows[place] < 0:
                self._check_final(state, level)
            if progress is not None and not found.states[level] % PROGRESS_STATES:
                progress(found)
            if self._is_over():
                return {}
        return ahead

    def _steps(self, state: State, level: int, with_faults: bool) -> Iterator[tuple[Step, State]]:
        """Yield the steps that violate no invariant and change the state."""
        found, world = self.findings, self._world
        for step in world.steps(state, with_faults):
            found.steps[level] += 1
            if step.broken is not None:
                self._break(step.broken, level, state, step)
                continue
            found.excepted += step.is_excepted
            following = world.canonical(step.state)
            if following != state:
                yield step, following

    def _is_new(self, state: State, parent: int, fault: int) -> bool:
        """Add a state, with the state before it and the number of the fault between them; return whether it is new."""
        if state in self._places:
            return False
        self._places[state] = len(self._parents)
        self._parents.append(parent)
        self._follows.append(-1)
        self._kinds.append((self._kinds[parent] if parent >= 0 else 0) | (1 << fault - 1 if fault else 0))
        return True

    def _check_final(self, state: State, level: int) -> None:
        self.findings.finals += 1
        is_strict = self._world.scenario.loses_nothing or not level
        for problem in self._world.problems(state, is_strict):
            self._break(problem, level, state, None)

    def _check_rest(self, level: int) -> None:
        """Check that each state leads to a quiescent one without further faults."""
        follows = self._follows
        is_known = bytearray(len(follows))  # 1: on the path, 2: leads to a quiescent state
        for start in range(len(follows)):
            path, place = [], start
            while place >= 0 and not is_known[place]:
                is_known[place] = 1
                path.append(place)
                place = follows[place]
            if place >= 0 and is_known[place] == 1:
                state = next(state for state, number in self._places.items() if number == start)
                self._break("it never becomes quiescent", level, state, None)
            for each in path:
                is_known[each] = 2

    def _break(self, invariant: str, level: int, state: State, last: Step | None) -> None:
        found = self.findings.violations
        bits = self._kinds[self._places[state]]
        if last is not None and last.fault is not None:
            level, bits = level + 1, bits | 1 << _FAULTS.index(last.fault)
        kinds = tuple(fault for position, fault in enumerate(_FAULTS) if bits >> position & 1)
        violation = Violation(invariant, kinds, level)
        if len(found) < self._most_violations and not any(each.covers(violation) for each in found):
            violation.steps = self._way(state)
            if last is not None:
                now = violation.steps[-1].state if violation.steps else self._world.first()
                violation.steps.append(next(each for each in self._world.steps(now, True) if each.broken == invariant))
            found.append(violation)

    def _way(self, state: State) -> list[Step]:
        """Return the steps to a state."""
        way = [self._places[state]]
        while self._parents[way[-1]] >= 0:
            way.append(self._parents[way[-1]])
        wanted = set(way)
        states = {place: each for each, place in self._places.items() if place in wanted}
        world, steps = self._world, []
        now = world.first()  # not the canonical state: workers keep their names
        for place in reversed(way[:-1]):
            found = self._steps_to(now, states[place])
            steps += found
            now = found[-1].state
        return steps

    def _steps_to(self, now: State, target: State) -> list[Step]:
        """Return the steps to a state with the canonical state `target`; only the last one leaves the present one."""
        world = self._world
        here = world.canonical(now)
        ways: list[tuple[State, list[Step]]] = [(now, [])]
        for state, steps in ways:
            for step in world.steps(state, True):
                reached = world.canonical(step.state)
                if reached == target:
                    return [*steps, step]
                if reached == here and step.state != state:
                    ways.append((step.state, [*steps, step]))
        raise LookupError(f"no step leads from {now} to {target}")
