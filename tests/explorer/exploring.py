"""The command, in an environment in which Towpath is installed: see `tests/explore --help`."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from .fences import Fence
from .report import Bounds, explore
from .scenario import Scenario
from .scenarios import FULL, limited, without

#: Exit codes: an invariant was violated; a search was not complete.
BROKEN, NOT_COMPLETE = 1, 2


def main() -> int:
    """Explore what the command line selects; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/explore", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names of scenarios; none: all")
    parser.add_argument("--list", action="store_true", help="name the scenarios and fences, and explore nothing")
    parser.add_argument("--faults", type=int, help="at most so many faults; each scenario has its own bound")
    parser.add_argument("--without", choices=[fence.name for fence in Fence], help="take out a fence: how it is missed")
    parser.add_argument("--processes", type=int, default=2, help="scenarios that are explored at one time (2)")
    parser.add_argument("--most-states", type=int, default=100_000_000, help="states of one scenario (100,000,000)")
    parser.add_argument("--minutes", type=float, default=1e6, help="at most so long for one scenario; no bound")
    parser.add_argument("--violations", type=int, default=20, help="kinds of violations of one scenario (20)")
    options = parser.parse_args()
    scenarios = [
        limited(each, options.faults) for each in FULL if any(word in each.name for word in options.words or [""])
    ]
    if options.without is not None:
        scenarios = [without(Fence[options.without])]
    if options.list:
        for scenario in scenarios:
            say(f"{scenario.name}: {scenario.faults} faults")
        for fence in Fence:
            say(f"{fence.name}: {fence.value}")
        return 0
    most_violations = 1 if options.without is not None else options.violations
    bounds = Bounds(most_violations, options.most_states, options.minutes * 60)
    with ProcessPoolExecutor(options.processes) as pool:
        tasks = [pool.submit(_explore, scenario, bounds) for scenario in scenarios]
        codes = [task.result() for task in tasks]
    return next((code for code in (BROKEN, NOT_COMPLETE) if code in codes), 0 if codes else NOT_COMPLETE)


def say(text: str) -> None:
    """Print a report."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _explore(scenario: Scenario, bounds: Bounds) -> int:
    found = explore(scenario, bounds, say)
    if found.violations:
        return BROKEN
    return 0 if found.is_complete else NOT_COMPLETE


if __name__ == "__main__":
    sys.exit(main())
