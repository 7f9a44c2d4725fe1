"""Reports of a search: its progress, its counts, and the traces of violations."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from .findings import Findings, Violation
from .scenario import Scenario
from .search import Search
from .traces import trace
from .world import World

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bounds:
    """The bounds of the search of one scenario: kinds of violations, states, and seconds."""

    violations: int
    states: int
    seconds: float


def explore(scenario: Scenario, bounds: Bounds, say: Say) -> Findings:
    """Search one scenario; report each violation at once, progress once a minute, and counts at the end."""
    began = time.monotonic()

    def progress(found: Findings) -> None:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        passed = time.monotonic() - began
        all_, visited = found.starts
        share = f", {visited:,} of {all_:,} states behind the last fault" if all_ else ""
        say(f"{scenario.name}: {sum(found.states):,} states{share} after {passed:,.0f} s, {memory:,} MiB")

    def tell(violation: Violation) -> None:
        say(f"{scenario.name}:\n{trace(world, violation)}")

    world = World(scenario)
    with world.exploring():
        found = Search(world, bounds.violations, bounds.states, bounds.seconds).run(progress, tell)
    say("\n".join(counts(scenario, found)))
    return found


def counts(scenario: Scenario, found: Findings) -> list[str]:
    """Return the counts of a search, one line for each number of faults."""
    lines = [f"{scenario.name} ({', '.join(f'{local}: {frames}' for local, frames in scenario.receives.items())})"]
    for faults, (states, steps, seconds) in enumerate(zip(found.states, found.steps, found.seconds, strict=True)):
        lines.append(f"  {faults} faults: {states:12,} new states, {steps:12,} steps, {seconds:8,.1f} s")
    broken = f"{len(found.violations)} kinds of violations" if found.violations else "no violation"
    all_, visited = found.starts
    ending = "" if found.is_complete else f"; NOT COMPLETE: {visited:,} of {all_:,} states behind the last fault"
    lines.append(
        f"  {found.finals:,} quiescent states; overlaps that cannot be prevented: {found.excepted:,}; {broken}{ending}"
    )
    return lines
