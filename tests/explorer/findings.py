"""The results of a search: counts, and the violations of invariants."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .context import Step
from .faults import Fault

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
    the first of each kind. `starts` counts the states that the most faults lead to at once: all, and those from which
    all states that follow have been visited.
    """

    states: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    finals: int = 0
    excepted: int = 0
    starts: tuple[int, int] = (0, 0)
    violations: list[Violation] = field(default_factory=list)
    is_complete: bool = True


Report = Callable[[Findings], None]
Tell = Callable[[Violation], None]


def ignored(result: object) -> None:
    """Report nothing."""
