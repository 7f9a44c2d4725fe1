"""The raw results of one run, as they are kept in JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bench.growth import Point
from bench.rounds import Outcome


@dataclass(slots=True)
class Results:
    """Everything that the documents are made from. `lacks` says why systems were not measured."""

    date: str
    machine: dict[str, str]
    versions: dict[str, dict[str, str]]
    repeats: int
    is_quick: bool
    lacks: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    growth: list[Point] = field(default_factory=list)

    def of(self, scenario: str, system: str) -> list[Outcome]:
        """Return the outcomes of one scenario with one system."""
        return [outcome for outcome in self.outcomes if (outcome.scenario, outcome.system) == (scenario, system)]

    def values(self, scenario: str, system: str, figure: str) -> list[float]:
        """Return a figure's values in all repeats that have one."""
        return [outcome.figures[figure] for outcome in self.of(scenario, system) if figure in outcome.figures]

    def medians(self, scenario: str, figure: str) -> dict[str, float]:
        """Return the median of a figure for each system that has it."""
        systems = dict.fromkeys(outcome.system for outcome in self.outcomes if outcome.scenario == scenario)
        found = {system: self.values(scenario, system, figure) for system in systems}
        return {system: median(values) for system, values in found.items() if values}

    def failures(self) -> list[Outcome]:
        """Return the outcomes without figures."""
        return [outcome for outcome in self.outcomes if outcome.failure is not None]

    def save(self, path: Path) -> None:
        """Write JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def read_results(path: Path) -> Results:
    """Read what `Results.save` wrote."""
    raw: Mapping[str, object] = json.loads(path.read_text())
    results = Results(**raw)  # type: ignore[arg-type]  # the file is ours
    results.outcomes = [Outcome(**outcome) for outcome in results.outcomes]  # type: ignore[arg-type]
    results.growth = [Point(**point) for point in results.growth]  # type: ignore[arg-type]
    return results
