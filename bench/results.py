"""The raw results of one run, as they are kept in JSON, and the machine on which they were measured."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median


@dataclass(slots=True)
class Outcome:
    """One measurement of one scenario with one system; `failure` is the reason if there are no figures."""

    scenario: str
    system: str
    figures: dict[str, float] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: the varied quantity, its size, and the figures by name."""

    axis: str
    size: int
    figures: dict[str, float]


@dataclass(slots=True)
class Results:
    """The contents of the documents. `lacks` has the reasons why systems were not measured."""

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
    """Read a file of `Results.save`."""
    raw: Mapping[str, object] = json.loads(path.read_text())
    results = Results(**raw)  # type: ignore[arg-type]  # the file is ours
    results.outcomes = [Outcome(**outcome) for outcome in results.outcomes]  # type: ignore[arg-type]
    results.growth = [Point(**point) for point in results.growth]  # type: ignore[arg-type]
    return results


def machine() -> dict[str, str]:
    """Return the facts about this machine that matter."""
    return {
        "processor": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(_first_value(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 1024**2:.0f} GiB",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "commit": _commit(),
    }


def _commit() -> str:
    """Return the commit that was measured, with "-dirty" if files were changed."""
    command = ["git", "describe", "--always", "--dirty"]
    asked = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def _first_value(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        key, mark, value = line.partition(":")
        if mark and key.strip() == name:
            return value.strip()
    return "unknown"
