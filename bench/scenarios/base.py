"""A scenario: its systems, its measurements, and the targets of Towpath."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.lines import LineProcess
from bench.systems.base import Running, Service, Shape, System

from .targets import Target

#: Figures by key. `generator_busy`, `missed` and other faults are read by the report, too.
Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """How long and how large: `--quick` is for trying the command, not for publication."""

    is_quick: bool = False

    def seconds(self, seconds: float) -> float:
        """Return how long a closed loop runs."""
        return 0.7 if self.is_quick else seconds

    def number(self, number: int) -> int:
        """Return how many sockets or requests take part."""
        return max(1, number // 20) if self.is_quick else number


@dataclass(frozen=True, slots=True)
class Figure:
    """One column: a figure's key, its heading with the unit, and which way is better."""

    key: str
    heading: str
    better: Literal["higher", "lower"]


Measure = Callable[[Running, Scale], Figures]
#: Starts the system itself, in more than one shape.
MeasureSystem = Callable[[System, Scale], Figures]


ONE = Shape()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`figures[0]` is the main one, which ratios and plots show. `systems` None: all that offer the service."""

    key: str
    title: str
    service: Service
    figures: Sequence[Figure]
    measure: Measure | None = None
    measure_system: MeasureSystem | None = None
    shape: Shape = ONE
    systems: frozenset[str] | None = None
    #: At most so many repeats, for what takes long.
    most_repeats: int = 3
    targets: Sequence[Target] = field(default_factory=tuple)
    #: Roughly, for one system once; for the estimate at the start.
    seconds: float = 5.0

    def is_for(self, system: System) -> bool:
        """Return whether a system takes part."""
        return self.service in system.serves and (self.systems is None or system.key in self.systems)


def load(module: str, *arguments: object) -> LineProcess:
    """Start a generator of `bench.load`."""
    return LineProcess([sys.executable, "-m", f"bench.load.{module}", *map(str, arguments)])


def generate(module: str, *arguments: object) -> Figures:
    """Run a generator to its end and return what it answers."""
    with load(module, *arguments) as generator:
        return generator.answer(300)
