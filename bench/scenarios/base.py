"""A scenario: its systems, its measurements, and the targets of Towpath."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Literal

from bench.systems.base import LineProcess, Running, Service, Shape, System

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


@dataclass(frozen=True, slots=True)
class Target:
    """`limit` is a number; with `of`, a glob over system keys, a multiple of the best figure among these.

    Which peer is best, and whether more or less is wanted, follows from the figure's `better`.
    """

    figure: str
    limit: float
    of: str | None = None
    #: "must", or "reach" for.
    kind: Literal["must", "reach"] = "must"

    def wanted(self, better: str, medians: Mapping[str, float]) -> float | None:
        """Return the number to reach; None if no such peer was measured."""
        if self.of is None:
            return self.limit
        peers = [value for key, value in medians.items() if fnmatch(key, self.of)]
        if not peers:
            return None
        return self.limit * (max(peers) if better == "higher" else min(peers))

    def is_met(self, better: str, medians: Mapping[str, float]) -> bool | None:
        """Return whether Towpath's figure reaches it; None if one of the figures is missing."""
        wanted, ours = self.wanted(better, medians), medians.get("towpath")
        if wanted is None or ours is None:
            return None
        return ours >= wanted if better == "higher" else ours <= wanted


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
    #: The most repeats, for scenarios that take long.
    most_repeats: int = 3
    targets: Sequence[Target] = field(default_factory=tuple)
    #: Roughly, for one system once; for the estimate at the start.
    seconds: float = 5.0

    def is_for(self, system: System) -> bool:
        """Return whether a system takes part."""
        return self.service in system.serves and (self.systems is None or system.key in self.systems)


def load(generator: str, *arguments: object) -> LineProcess:
    """Start a generator of `bench.load`."""
    return LineProcess([sys.executable, "-m", "bench.load", generator, *map(str, arguments)])


def generate(generator: str, *arguments: object) -> Figures:
    """Run a generator to its end and return its answer."""
    with load(generator, *arguments) as process:
        return process.answer(300)
