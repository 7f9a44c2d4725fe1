"""Measures Towpath beside its peers, and writes `benchmarks.md` and `performance.md` of docs/evidence.

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

from .plots import plot_bars, plot_growth
from .report import growth_table, replace_generated, tables, unmet
from .results import Outcome, Results, machine, read_results
from .rounds import estimate_seconds, explained, measure, measure_growth
from .scenarios import SCENARIOS
from .scenarios.base import Scale, Scenario
from .systems import SYSTEMS
from .systems.base import System
from .systems.processes import stop_on_signals

ROOT = Path(__file__).parent.parent
#: A run is kept beside the code only if it is published.
DOCS, RESULTS = ROOT / "docs" / "evidence", Path(__file__).parent / "results"
GROWTH_SECONDS = 240
NEEDED_FILES = 12_000
#: The systems of `--quick`, which ends within two minutes: one of each kind.
QUICK_SYSTEMS = ("towpath", "channels-async-uvicorn-pubsub", "gunicorn-gthread", "autobahn")
QUICK_LEAVES_OUT = frozenset({"echo-50", "counts-echo-1", "counts-get", "counts-group"})


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--systems", help="keys, with commas between them (see --list)")
    parser.add_argument("--scenarios", help="keys, with commas between them; `growth` is one, too")
    parser.add_argument("--repeats", type=int, help="runs of each (default: 3)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="two minutes once the environments are made, small, only printed: to try the command",
    )
    parser.add_argument("--report", type=Path, metavar="JSON", help="write the documents from results kept earlier")
    parser.add_argument("--print", action="store_true", dest="prints", help="print the tables, write no document")
    parser.add_argument("--list", action="store_true", help="print the keys of systems and scenarios")
    return parser.parse_args(arguments)


def main() -> int:
    """Run the command line; return the exit code."""
    options = parse()
    stop_on_signals()
    if options.list:
        _list()
        return 0
    if options.report is not None:
        return _conclude(read_results(options.report), options.prints)
    systems = _chosen(options.systems or (",".join(QUICK_SYSTEMS) if options.quick else None), SYSTEMS)
    wanted = options.scenarios.split(",") if options.scenarios else None
    with_growth = not options.quick if wanted is None else "growth" in wanted
    with_growth = with_growth and any(system.key == "towpath" for system in systems)
    keys = None if wanted is None else ",".join(key for key in wanted if key != "growth")
    scenarios = _chosen(keys, SCENARIOS) if keys != "" else []
    if options.quick and wanted is None:
        scenarios = [scenario for scenario in scenarios if scenario.key not in QUICK_LEAVES_OUT]
    repeats = options.repeats or (1 if options.quick else 3)
    results = _run(systems, scenarios, repeats, Scale(options.quick), with_growth)
    is_whole = wanted is None and options.systems is None and not options.quick
    is_published = is_whole and not options.prints
    if is_published:
        results.save(RESULTS / f"{results.date}.json")
    return _conclude(results, not is_published)


def _run(
    systems: Sequence[System], scenarios: Sequence[Scenario], repeats: int, scale: Scale, with_growth: bool
) -> Results:
    _raise_file_limit()
    results = Results(datetime.date.today().isoformat(), machine(), {}, repeats, scale.is_quick)
    able = [system for system in systems if _is_able(system, results)]
    expected = (0.14 if scale.is_quick else 1) * estimate_seconds(
        able, scenarios, repeats
    ) + GROWTH_SECONDS * with_growth
    print(f"This takes about {max(1, round(expected / 60))} minutes", file=sys.stderr)
    started = time.monotonic()
    kept = ROOT / ".cache" / "bench" / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}.json"
    print(f"The raw results are kept in {kept.relative_to(ROOT)} as they come", file=sys.stderr)
    for outcome in measure(able, scenarios, repeats, scale):
        results.outcomes.append(outcome)
        results.save(kept)
    if with_growth:
        _add_growth(results, scale)
        results.save(kept)
    print(f"It took {(time.monotonic() - started) / 60:.1f} minutes", file=sys.stderr)
    return results


def _is_able(system: System, results: Results) -> bool:
    """Return whether a system can be measured; record its versions, or the reason why not."""
    lack = system.unavailable()
    if lack is None:
        try:
            results.versions[system.key] = system.prepare()
            return True
        except Exception as error:
            lack = explained(error)
            results.outcomes.append(Outcome("prepare", system.key, failure=lack))
    results.lacks[system.key] = lack
    print(f"{system.key} is left out: {lack}", file=sys.stderr)
    return False


def _add_growth(results: Results, scale: Scale) -> None:
    try:
        for point in measure_growth(scale):
            results.growth.append(point)
    except Exception as error:
        results.outcomes.append(Outcome("growth", "towpath", failure=explained(error)))


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
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; bench/run --list prints all keys")
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
