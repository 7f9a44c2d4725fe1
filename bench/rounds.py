"""The measuring itself: round after round, in each round one system after the other, so that noise hits all alike."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from .scenarios.base import Figures, Scale, Scenario
from .scenarios.sockets import TICKS_A_SECOND, processor_seconds
from .systems.base import Running, Shape, System

#: A system is left alone between scenarios until it uses less than this share of a core, at most so long.
QUIET_SHARE, QUIET_SECONDS = 0.03, 20.0


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
        for system in systems if number % 2 == 0 else reversed(systems):
            print(f"Round {number + 1}: {system.name}", file=sys.stderr)
            yield from _measure_system(system, [scenario for scenario in due if scenario.is_for(system)], scale)


def _measure_system(system: System, scenarios: Sequence[Scenario], scale: Scale) -> Iterator[Outcome]:
    """Start the system once for each shape that its scenarios ask for."""
    ordered = sorted(scenarios, key=lambda scenario: (scenario.measure is None, str(scenario.shape)))
    for (alone, shape), alike in groupby(ordered, key=lambda scenario: (scenario.measure is None, scenario.shape)):
        if alone:
            for scenario in alike:
                yield _measure_alone(scenario, system, scale)
        else:
            yield from _measure_shape(system, shape, list(alike), scale)


def _measure_shape(system: System, shape: Shape, scenarios: Sequence[Scenario], scale: Scale) -> Iterator[Outcome]:
    done = 0
    try:
        with system.start(shape) as running:
            for scenario in scenarios:
                wait_until_quiet(running, 0.1 if scale.is_quick else 0.5)
                done += 1
                yield _measured(scenario, system, running, scale)
    except Exception as error:
        for scenario in scenarios[done:]:
            yield Outcome(scenario.key, system.key, failure=explained(error))


def _measured(scenario: Scenario, system: System, running: Running, scale: Scale) -> Outcome:
    assert scenario.measure is not None
    try:
        return _outcome(scenario, system, scenario.measure(running, scale))
    except Exception as error:
        return Outcome(scenario.key, system.key, failure=explained(error))


def _measure_alone(scenario: Scenario, system: System, scale: Scale) -> Outcome:
    assert scenario.measure_system is not None
    try:
        return _outcome(scenario, system, scenario.measure_system(system, scale))
    except Exception as error:
        return Outcome(scenario.key, system.key, failure=explained(error))


def wait_until_quiet(running: Running, look_seconds: float) -> None:
    """Wait until a system has finished what the last scenario left to do, such as the ends of its sockets."""
    pids = [pid for pids in running.processes.values() for pid in pids]
    deadline = time.monotonic() + QUIET_SECONDS
    used = processor_seconds(pids)
    while time.monotonic() < deadline:
        time.sleep(look_seconds)
        before, used = used, processor_seconds(pids)
        if used - before < QUIET_SHARE * look_seconds + 1 / TICKS_A_SECOND:
            return


def _outcome(scenario: Scenario, system: System, figures: Figures) -> Outcome:
    main = scenario.figures[0]
    said = f"{figures[main.key]:.4g} {main.heading}" if main.key in figures else "nothing to take a figure of"
    print(f"  {scenario.key}: {said}", file=sys.stderr)
    return Outcome(scenario.key, system.key, dict(figures))


def explained(error: Exception) -> str:
    """Print and return what went wrong. One measurement that fails, however it does, must not end the others."""
    print(f"  failed: {error!r}", file=sys.stderr)
    return f"{type(error).__name__}: {error}"
