"""Measures Towpath beside its peers, and writes docs/benchmarks.md and docs/performance.md from what it found.

Without options it measures every system in every scenario three times, in turns. Systems that this machine lacks are
named in the document. Ends with 1 if a measurement failed or a target that must be met was not.
"""

import argparse
import datetime
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import growth
from .report.documents import replace_generated
from .report.machine import machine
from .report.markdown import growth_table, tables, unmet
from .report.plot import plot_bars, plot_growth
from .report.results import Results, read_results
from .rounds import estimate_seconds, measure
from .scenarios import SCENARIOS
from .scenarios.base import Scale, Scenario
from .systems import SYSTEMS
from .systems.base import System

ROOT = Path(__file__).parent.parent
DOCS, RESULTS = ROOT / "docs", Path(__file__).parent / "results"
GROWTH_SECONDS = 240
NEEDED_FILES = 12_000
#: What `--quick` measures with: one of each kind, to end within two minutes.
QUICK_SYSTEMS = (
    "towpath",
    "channels-sync-uvicorn-pubsub",
    "channels-async-uvicorn-pubsub",
    "gunicorn-gthread",
    "autobahn",
)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--systems", help="keys, with commas between them (see --list)")
    parser.add_argument("--scenarios", help="keys, with commas between them; `growth` is one, too")
    parser.add_argument("--repeats", type=int, help="runs of each (default: 3)")
    parser.add_argument("--quick", action="store_true", help="two minutes, small, only printed: to try the command")
    parser.add_argument("--report", type=Path, metavar="JSON", help="write the documents from results kept earlier")
    parser.add_argument("--print", action="store_true", dest="prints", help="print the tables, write no document")
    parser.add_argument("--list", action="store_true", help="say what there is to choose from")
    return parser.parse_args(arguments)


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    options = parse()
    if options.list:
        _list()
        return 0
    if options.report is not None:
        return _conclude(read_results(options.report), options.prints)
    systems = _chosen(options.systems or (",".join(QUICK_SYSTEMS) if options.quick else None), SYSTEMS)
    wanted = options.scenarios.split(",") if options.scenarios else None
    with_growth = wanted is None or "growth" in wanted
    keys = None if wanted is None else ",".join(key for key in wanted if key != "growth")
    scenarios = list(SCENARIOS) if keys is None else _chosen(keys, SCENARIOS) if keys else []
    repeats = options.repeats or (1 if options.quick else 3)
    results = _run(systems, scenarios, repeats, Scale(options.quick), with_growth and not options.quick)
    if not options.quick:
        path = RESULTS / f"{results.date}.json"
        results.save(path)
        print(f"Kept the raw results in {path.relative_to(ROOT)}", file=sys.stderr)
    is_whole = wanted is None and options.systems is None and not options.quick
    return _conclude(results, options.prints or not is_whole)


def _run(
    systems: Sequence[System], scenarios: Sequence[Scenario], repeats: int, scale: Scale, with_growth: bool
) -> Results:
    _raise_file_limit()
    lacks = {system.key: lack for system in systems if (lack := system.unavailable()) is not None}
    able = [system for system in systems if system.key not in lacks]
    for key, lack in lacks.items():
        print(f"{key} is left out: {lack}", file=sys.stderr)
    versions = {system.key: system.prepare() for system in able}
    expected = (0.25 if scale.is_quick else 1) * estimate_seconds(
        able, scenarios, repeats
    ) + GROWTH_SECONDS * with_growth
    print(f"This takes about {max(1, round(expected / 60))} minutes", file=sys.stderr)
    today = datetime.date.today().isoformat()
    results = Results(today, machine(), versions, repeats, scale.is_quick, lacks)
    started = time.monotonic()
    results.outcomes = list(measure(able, scenarios, repeats, scale))
    if with_growth:
        results.growth = list(growth.measure(scale))
    print(f"It took {(time.monotonic() - started) / 60:.1f} minutes", file=sys.stderr)
    return results


def _conclude(results: Results, prints: bool) -> int:
    text = tables(results, SYSTEMS, SCENARIOS)
    if prints:
        if results.is_quick:
            print("QUICK: small and short, to try the command; not for publication\n")
        print(text)
        if results.growth:
            print("\n" + growth_table(results.growth))
    else:
        plot_bars(results, SYSTEMS, SCENARIOS, DOCS / "benchmarks.svg")
        replace_generated(DOCS / "benchmarks.md", "![the main figures](benchmarks.svg)\n\n" + text)
        if results.growth:
            plot_growth(results.growth, DOCS / "performance.svg")
            replace_generated(DOCS / "performance.md", "![growth](performance.svg)\n\n" + growth_table(results.growth))
    failures, missed = results.failures(), unmet(results, SCENARIOS)
    for failure in failures:
        print(f"FAILED: {failure.scenario} with {failure.system}: {failure.failure}", file=sys.stderr)
    if not results.is_quick:
        for title in missed:
            print(f"NOT MET: {title}", file=sys.stderr)
    return 1 if failures or (missed and not results.is_quick) else 0


def _chosen(keys: str | None, among: Sequence) -> list:
    """Return the systems or scenarios with these keys, in their own order; all if there are none."""
    if keys is None:
        return list(among)
    wanted = keys.split(",")
    unknown = set(wanted) - {item.key for item in among}
    if unknown:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; bench/run --list says what there is")
    return [item for item in among if item.key in wanted]


def _list() -> None:
    print("Systems:")
    for system in SYSTEMS:
        print(f"  {system.key:32} {system.name}" + (f" ({lack})" if (lack := system.unavailable()) else ""))
    print("Scenarios:")
    for scenario in SCENARIOS:
        print(f"  {scenario.key:32} {scenario.title}")
    print(f"  {'growth':32} How Towpath's costs grow")


def _raise_file_limit() -> None:
    """Let the servers that are started have as many sockets as the scenarios open.

    Raises:
        SystemExit: this user may not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < NEEDED_FILES:
        raise SystemExit(f"{NEEDED_FILES} open files are needed, and this user may have {hard}: see `ulimit -Hn`")
    if soft < NEEDED_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (NEEDED_FILES, hard))


if __name__ == "__main__":
    sys.exit(main())
