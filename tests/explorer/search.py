"""Search through all states, those with fewer faults first.

A state that was reached with fewer faults is not visited with more, since all its successors are visited. So the trace
of a violation has the fewest faults that lead to it. States with fewer faults than the most are visited breadth first,
and their traces have the fewest steps with these faults. The others, which are nearly all, are visited depth first:
only the states on the present path are kept whole.
"""

import time
from collections.abc import Iterator, Sequence

from .closure import Closure
from .context import State, Step
from .faults import Fault
from .findings import Findings, Report, Tell, Violation, ignored
from .places import FAULTS, Places, Way
from .world import World

#: Seconds between two reports of progress.
PROGRESS_SECONDS = 60.0
#: States between two looks at the clock and at the memory of caches.
STRIDE = 1000
#: A place and the number of the fault that follows, in one int.
_SHIFT = len(FAULTS) + 1


class Search:
    """Visits the states of one world, until it has found `most_violations` kinds of violations."""

    def __init__(
        self, world: World, most_violations: int = 1, most_states: int = 100_000_000, most_seconds: float = 1e9
    ) -> None:
        self._world = world
        self._most_violations = most_violations
        self._most_states = most_states
        self._ends_at = time.monotonic() + most_seconds
        self._reports_at = time.monotonic() + PROGRESS_SECONDS
        self._visited = 0
        self._progress: Report = ignored
        self._tell: Tell = ignored
        self._places = Places(world.first())
        self.findings = Findings()

    def run(self, progress: Report = ignored, tell: Tell = ignored) -> Findings:
        """Visit all states that are reached with at most as many faults as the scenario has.

        `progress` is called once a minute, `tell` with each violation as soon as it is found.
        """
        self._progress, self._tell = progress, tell
        found, most = self.findings, self._world.scenario.faults
        frontier = {self._places.key(self._world.canonical(self._world.first())): -_SHIFT}
        for level in range(most + 1):
            began = time.monotonic()
            for counts in (found.states, found.steps, found.seconds):
                counts.append(0)  # type: ignore[attr-defined]
            if level < most:
                frontier = self._level(level, frontier)
                if not self.is_over():
                    self._check_rest(level)
            else:
                self._last_level(level, frontier)
            found.seconds[-1] = time.monotonic() - began
            if self.is_over():
                break
        return found

    def is_over(self) -> bool:
        """Return whether the search ends, since it has found enough or has reached a bound."""
        return len(self.findings.violations) >= self._most_violations or not self.findings.is_complete

    # Levels

    def _level(self, level: int, frontier: dict[bytes, int]) -> dict[bytes, int]:
        """Visit the states that need no further fault; return those that need one, with the states before them."""
        places = self._places
        ahead: dict[bytes, int] = {}
        queue = [key for key, way in frontier.items() if places.add(key, *_origin(way))]
        for key in queue:
            place, state = places[key], places.state(key)
            self.visit(level)
            for step, following in self.steps(state, level, True, Way(place)):
                following_key = places.key(following)
                if step.fault is not None:
                    if following_key not in places:
                        ahead.setdefault(following_key, place * _SHIFT + FAULTS.index(step.fault) + 1)
                    continue
                if places.add(following_key, place, None):
                    queue.append(following_key)
                if places.follows[place] < 0:
                    places.follows[place] = places[following_key]
            if places.follows[place] < 0:
                self.check_final(state, level, Way(place))
            if self.is_over():
                return {}
        return ahead

    def _last_level(self, level: int, frontier: dict[bytes, int]) -> None:
        """Visit the states that need all faults."""
        places, found = self._places, self.findings
        starts = [(key, way) for key, way in frontier.items() if key not in places]
        closure = Closure(self, places, level)
        for number, (key, way) in enumerate(starts):
            found.starts = len(starts), number
            closure.visit(key, *_origin(way))
            if self.is_over():
                return
        found.starts = len(starts), len(starts)

    def _check_rest(self, level: int) -> None:
        """Check that each state leads to a quiescent one without further faults."""
        follows = self._places.follows
        is_known = bytearray(len(follows))  # 1: on the path, 2: leads to a quiescent state
        for start in range(len(follows)):
            path, place = [], start
            while place >= 0 and not is_known[place]:
                is_known[place] = 1
                path.append(place)
                place = follows[place]
            if place >= 0 and is_known[place] == 1:
                self.note("it never becomes quiescent", level, Way(start))
            for each in path:
                is_known[each] = 2

    # States

    def visit(self, level: int) -> None:
        """Count a state; report progress and look at the bounds from time to time."""
        found = self.findings
        found.states[level] += 1
        self._visited += 1
        found.is_complete = found.is_complete and self._visited <= self._most_states
        if self._visited % STRIDE == 0:
            now = time.monotonic()
            found.is_complete = found.is_complete and now < self._ends_at
            self._world.trim()
            if now > self._reports_at:
                self._reports_at = now + PROGRESS_SECONDS
                self._progress(found)

    def steps(self, state: State, level: int, with_faults: bool, way: Way) -> Iterator[tuple[Step, State]]:
        """Yield the steps that violate no invariant and change the state; `way` leads to the state."""
        found, world = self.findings, self._world
        for step in world.steps(state, with_faults):
            found.steps[level] += 1
            if step.broken is not None:
                self.note(step.broken, level, way, step)
                continue
            found.excepted += step.is_excepted
            following = world.canonical(step.state)
            if following != state:
                yield step, following

    def check_final(self, state: State, level: int, way: Way) -> None:
        """Check the invariants of a quiescent state."""
        self.findings.finals += 1
        is_strict = self._world.scenario.loses_nothing or not level
        for problem in self._world.problems(state, is_strict):
            self.note(problem, level, way)

    # Violations

    def note(self, invariant: str, level: int, way: Way, last: Step | None = None) -> None:
        """Note a violation, unless it is known with the same kinds of faults, or fewer."""
        found, fault = self.findings.violations, last.fault if last is not None else None
        violation = Violation(invariant, self._places.kinds(way, fault), level + (fault is not None))
        if len(found) < self._most_violations and not any(each.covers(violation) for each in found):
            rest = way.states if way.place >= 0 else way.states[1:]  # without the first state
            violation.steps = self._steps_along([*self._places.states(way.place), *rest])
            if last is not None:
                now = violation.steps[-1].state if violation.steps else self._world.first()
                violation.steps.append(next(each for each in self._world.steps(now, True) if each.broken == invariant))
            found.append(violation)
            self._tell(violation)

    def _steps_along(self, states: Sequence[State]) -> list[Step]:
        """Return the steps through these canonical states."""
        steps: list[Step] = []
        now = self._world.first()  # not the canonical state: workers keep their names
        for state in states:
            steps += self._steps_to(now, state)
            now = steps[-1].state
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


def _origin(way: int) -> tuple[int, Fault | None]:
    place, number = divmod(way, _SHIFT)
    return place, FAULTS[number - 1] if number else None
