"""The measuring itself: in each round and scenario one system after the other, so that noise hits all alike."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby

from .scenarios.base import Figures, Scale, Scenario
from .systems.base import Running, Shape, System
from .systems.quiet import wait_until_quiet


@dataclass(slots=True)
class Outcome:
    """One measurement of one scenario with one system; `failure` says why there are no figures."""

    scenario: str
    system: str
    figures: dict[str, float] = field(default_factory=dict)
    failure: str | None = None


def estimate_seconds(systems: Sequence[System], scenarios: Sequence[Scenario], repeats: int) -> float:
    """Return roughly how long `measure` will take."""
    return sum(
        (scenario.seconds + 2.5) * min(repeats, scenario.most_repeats)
        for scenario in scenarios
        for system in systems
        if scenario.is_for(system)
    )


def measure(systems: Sequence[System], scenarios: Sequence[Scenario], repeats: int, scale: Scale) -> Iterator[Outcome]:
    """Measure everything `repeats` times, less often where a scenario says so."""
    for number in range(repeats):
        due = [scenario for scenario in scenarios if number < scenario.most_repeats]
        # Every other round runs backwards: whoever is measured first in one is last in the next.
        turns = list(systems if number % 2 == 0 else reversed(systems))
        ordered = sorted(due, key=lambda scenario: (scenario.measure is None, str(scenario.shape)))
        for (alone, shape), alike in groupby(ordered, key=lambda scenario: (scenario.measure is None, scenario.shape)):
            if alone:
                yield from _measure_alone(turns, list(alike), number, scale)
            else:
                yield from _measure_shape(turns, shape, list(alike), number, scale)


def _measure_shape(
    systems: Sequence[System], shape: Shape, scenarios: Sequence[Scenario], number: int, scale: Scale
) -> Iterator[Outcome]:
    """Start all systems, and measure one after the other in each scenario: in the same minutes of the machine."""
    with ExitStack() as stack:
        running: dict[str, Running] = {}
        for system in systems:
            theirs = [scenario for scenario in scenarios if scenario.is_for(system)]
            try:
                if theirs:
                    running[system.key] = stack.enter_context(system.start(shape))
            except Exception as error:
                failure = explained(error)
                for scenario in theirs:
                    yield Outcome(scenario.key, system.key, failure=failure)
        for scenario in scenarios:
            print(f"Round {number + 1}: {scenario.title}", file=sys.stderr)
            for system in systems:
                if system.key in running and scenario.is_for(system):
                    wait_until_quiet(running.values(), 0.1 if scale.is_quick else 0.5)
                    yield _measured(scenario, system, running[system.key], scale)


def _measured(scenario: Scenario, system: System, running: Running, scale: Scale) -> Outcome:
    assert scenario.measure is not None
    try:
        return _outcome(scenario, system, scenario.measure(running, scale))
    except Exception as error:
        return Outcome(scenario.key, system.key, failure=explained(error))


def _measure_alone(
    systems: Sequence[System], scenarios: Sequence[Scenario], number: int, scale: Scale
) -> Iterator[Outcome]:
    """Measure in scenarios that start the system themselves, with nothing else there."""
    for scenario in scenarios:
        assert scenario.measure_system is not None
        print(f"Round {number + 1}: {scenario.title}", file=sys.stderr)
        for system in filter(scenario.is_for, systems):
            try:
                yield _outcome(scenario, system, scenario.measure_system(system, scale))
            except Exception as error:
                yield Outcome(scenario.key, system.key, failure=explained(error))


def _outcome(scenario: Scenario, system: System, figures: Figures) -> Outcome:
    main = scenario.figures[0]
    said = f"{figures[main.key]:.4g} {main.heading}" if main.key in figures else "nothing to take a figure of"
    print(f"  {system.name}: {said}", file=sys.stderr)
    return Outcome(scenario.key, system.key, dict(figures))


def explained(error: Exception) -> str:
    """Print and return what went wrong. One measurement that fails, however it does, must not end the others."""
    print(f"  failed: {error!r}", file=sys.stderr)
    return f"{type(error).__name__}: {error}"
