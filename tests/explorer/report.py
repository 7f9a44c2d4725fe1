"""Reports of a search: its progress, its counts, and the traces of violations."""

import resource
import time
from collections.abc import Callable

from .scenario import Scenario
from .search import Findings, Search
from .traces import trace
from .world import World

Say = Callable[[str], None]


def explore(scenario: Scenario, most_states: int, most_violations: int, say: Say) -> Findings:
    """Search one scenario; report progress, counts and violations."""
    began = time.monotonic()

    def progress(found: Findings) -> None:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        say(f"{scenario.name}: {sum(found.states):,} states after {time.monotonic() - began:,.0f} s, {memory:,} MiB")

    world = World(scenario)
    with world.exploring():
        found = Search(world, most_violations, most_states).run(progress)
        lines = counts(scenario, found)
        for violation in found.violations:
            lines += ["", trace(world, violation)]
    say("\n".join(lines))
    return found


def counts(scenario: Scenario, found: Findings) -> list[str]:
    """Return the counts of a search, one line for each number of faults."""
    lines = [f"{scenario.name} ({', '.join(f'{local}: {frames}' for local, frames in scenario.receives.items())})"]
    for faults, (states, steps, seconds) in enumerate(zip(found.states, found.steps, found.seconds, strict=True)):
        lines.append(f"  {faults} faults: {states:12,} new states, {steps:12,} steps, {seconds:8,.1f} s")
    broken = f"{len(found.violations)} kinds of violations" if found.violations else "no violation"
    ending = "" if found.is_complete else "; NOT COMPLETE: more states than may be looked at"
    lines.append(
        f"  {found.finals:,} quiescent states; overlaps that cannot be prevented: {found.excepted:,}; {broken}{ending}"
    )
    return lines
