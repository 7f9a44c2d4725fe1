"""The measurements: in each round and scenario one system after the other, so that noise affects all alike.

The growth of Towpath's costs is measured without peers: with sockets, groups, bytes of a message, and interface
processes, four sizes each.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any

from .results import Outcome, Point
from .scenarios.base import Figures, Scale, Scenario
from .scenarios.groups import at_a_rate, one_group
from .scenarios.sockets import echo
from .systems.base import Running, Shape, System
from .systems.processes import wait_until_quiet
from .systems.towpath import Towpath

SOCKETS = (250, 1000, 2500, 5000)
GROUPS = (1, 10, 100, 1000)
BYTES = (64, 1024, 16_384, 131_072)
INTERFACES = (1, 2, 3, 4)
#: Sockets of all groups together.
MEMBERS = 1000


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
        # Every other round runs backwards: the system that is first in one is last in the next.
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
    """Measure in scenarios that start the system themselves, while no other system runs."""
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
    said = f"{figures[main.key]:.4g} {main.heading}" if main.key in figures else "no figure"
    print(f"  {system.name}: {said}", file=sys.stderr)
    return Outcome(scenario.key, system.key, dict(figures))


def explained(error: Exception) -> str:
    """Print and return the text of an error: a measurement that fails must not end the others."""
    print(f"  failed: {error!r}", file=sys.stderr)
    return f"{type(error).__name__}: {error}"


def measure_growth(scale: Scale) -> Iterator[Point]:
    """Measure all points, one after the other."""
    for sockets in SOCKETS:
        with Towpath().start(Shape()) as running:
            yield _with_sockets(running, scale, scale.number(sockets))
    for groups in GROUPS:
        with Towpath().start(Shape()) as running:
            yield _with_groups(running, scale, groups)
    for size in BYTES:
        with Towpath().start(Shape()) as running:
            found = echo(50, 3, size=size)(running, scale)
            megabytes = found["rate"] * size / 1e6
            yield Point("bytes of a message", size, {"echoes/s": found["rate"], "MB/s each way": megabytes})
    for interfaces in INTERFACES:
        with Towpath().start(Shape(interfaces=interfaces, workers=4)) as running:
            yield _with_interfaces(running, scale, interfaces)


def _with_sockets(running: Running, scale: Scale, sockets: int) -> Point:
    loop = echo(sockets, 3)(running, scale)
    send = one_group(sockets, 10)(running, Scale())
    figures = {
        "echoes/s": loop["rate"],
        "median echo, ms": loop["p50_ms"],
        "group send to all, ms": send["last_ms"],
        "µs a member": send["us_a_member"],
    }
    return Point("sockets", sockets, figures)


def _with_groups(running: Running, scale: Scale, groups: int) -> Point:
    found = at_a_rate(groups, MEMBERS // groups, 50, 3)(running, scale if groups < MEMBERS else Scale())
    figures = {"members of each": MEMBERS / groups, "median delivery, ms": found["p50_ms"], "99 %, ms": found["p99_ms"]}
    return Point("groups", groups, figures)


def _with_interfaces(running: Running, scale: Scale, interfaces: int) -> Point:
    loop = echo(200, 3)(running, scale)
    send: Any = one_group(1000, 10)(running, scale)
    return Point(
        "interface processes",
        interfaces,
        {"echoes/s": loop["rate"], "median echo, ms": loop["p50_ms"], "group send to 1,000, ms": send["last_ms"]},
    )
