"""The generated part of the documents: tables in Markdown. Statements about which system is ahead are computed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from .results import Point, Results
from .scenarios.base import Figure, Scenario
from .systems.base import System

OURS = "towpath"
#: Above this share of a core a generator may have been the bottleneck.
BUSY = 0.8
FAULTS = {
    "missed": "deliveries missed",
    "too_many": "deliveries doubled",
    "sockets_lost": "sockets lost",
    "texts_lost": "texts lost",
    "texts_wrong": "texts wrong or out of order",
    "errors": "errors",
}


def tables(results: Results, systems: Sequence[System], scenarios: Sequence[Scenario]) -> str:
    """Return the generated part of docs/evidence/benchmarks.md."""
    names = {system.key: system.name for system in systems}
    parts = [*_facts(results, names)]
    for scenario in scenarios:
        if any(outcome.scenario == scenario.key for outcome in results.outcomes):
            parts += ["", f"### {scenario.title}", "", *_table(results, scenario, names)]
            parts += [] if results.is_quick else _targets(results, scenario)
    parts += ["", "## Where a peer is ahead", "", *_ahead(results, scenarios, names)]
    return "\n".join(parts)


def growth_table(points: Sequence[Point]) -> str:
    """Return the generated part of docs/evidence/performance.md."""
    lines: list[str] = []
    for axis in dict.fromkeys(point.axis for point in points):
        rows = [point for point in points if point.axis == axis]
        headings = list(rows[0].figures)
        lines += ["", "| " + " | ".join([axis, *headings]) + " |", "|" + "---:|" * (len(headings) + 1)]
        lines += [
            "| " + " | ".join([f"{point.size:,}", *(number(value) for value in point.figures.values())]) + " |"
            for point in rows
        ]
    return "\n".join(lines[1:])


def number(value: float) -> str:
    """Write a number with three figures that matter."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _facts(results: Results, names: dict[str, str]) -> Iterator[str]:
    machine = results.machine
    yield (
        f"Measured on {results.date}: {machine['cores']} cores of {machine['processor']}, {machine['memory']}, "
        f"Linux {machine['kernel']}, Python {machine['Python']}. Medians of up to {results.repeats} runs, in brackets "
        f"the least and the most; systems took turns. Towpath at commit {machine.get('commit', 'unknown')}."
    )
    yield ""
    for key, found in results.versions.items():
        yield f"- {names.get(key, key)}: " + ", ".join(f"{package} {version}" for package, version in found.items())
    for key, lack in results.lacks.items():
        yield f"- {names.get(key, key)} was not measured: {lack}"


def _table(results: Results, scenario: Scenario, names: dict[str, str]) -> Iterator[str]:
    main = scenario.figures[0]
    medians = results.medians(scenario.key, main.key)
    headings = ["system", *(figure.heading for figure in scenario.figures)]
    headings += ["to Towpath", "remarks"] if len(names) > 1 else ["remarks"]
    yield "| " + " | ".join(headings) + " |"
    yield "|---|" + "---:|" * (len(headings) - 2) + "---|"
    for key, name in names.items():
        outcomes = results.of(scenario.key, key)
        if not outcomes:
            continue
        cells = [f"**{name}**" if key == OURS else name]
        cells += [_cell(results.values(scenario.key, key, figure.key)) for figure in scenario.figures]
        cells += [_ratio(medians, key)] if len(names) > 1 else []
        yield "| " + " | ".join([*cells, _remarks(results, scenario, key)]) + " |"


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))}–{number(max(values))})"


def _ratio(medians: dict[str, float], key: str) -> str:
    if key == OURS or key not in medians or not medians.get(OURS):
        return ""
    return f"{medians[key] / medians[OURS]:.2f}×"


def _remarks(results: Results, scenario: Scenario, key: str) -> str:
    outcomes = results.of(scenario.key, key)
    remarks = _faults(results, scenario, key)
    remarks += [f"failed: {_short(outcome.failure)}" for outcome in outcomes if outcome.failure]
    if any(outcome.figures.get("generator_busy", 0) > BUSY for outcome in outcomes):
        remarks.append("the load generator was busy and may have been the bottleneck")
    return "; ".join(dict.fromkeys(remarks))


def _faults(results: Results, scenario: Scenario, key: str) -> list[str]:
    """Return the counts of losses, duplicates and errors in all repeats together."""
    totals = {fault: sum(results.values(scenario.key, key, fault)) for fault in FAULTS}
    return [f"{total:,.0f} {FAULTS[fault]}" for fault, total in totals.items() if total]


def _short(failure: str) -> str:
    """Fit a failure into a cell: its first line and, of a traceback, its last. All of it is in the raw results."""
    lines = failure.strip().splitlines() or [""]
    ends = [line[:120] for line in (lines if len(lines) < 3 else [lines[0], lines[-1]])]
    return " … ".join(ends).replace("|", "/")


def _targets(results: Results, scenario: Scenario) -> Iterator[str]:
    if scenario.targets:
        yield ""
    for target in scenario.targets:
        figure = _figure(scenario, target.figure)
        medians = results.medians(scenario.key, target.figure)
        wanted, is_met = target.wanted(figure.better, medians), target.is_met(figure.better, medians)
        of = "" if target.of is None else f" ({target.limit:.3g}× the best of `{target.of}`)"
        side = "at least" if figure.better == "higher" else "at most"
        word = "must" if target.kind == "must" else "reach for"
        beginning = f"- {word}: {figure.heading} {side}"
        if wanted is None or is_met is None:
            lacking = "Towpath" if wanted is not None else f"`{target.of}`"
            yield f"{beginning} {'…' if wanted is None else number(wanted)}{of}: not judged, {lacking} has no figure"
            continue
        verdict = "met" if is_met else "**not met**" if target.kind == "must" else "not reached"
        yield f"{beginning} {number(wanted)}{of}; {number(medians[OURS])}: {verdict}"
    if scenario.targets and any(results.values(scenario.key, OURS, fault) for fault in FAULTS):
        faults = _faults(results, scenario, OURS)
        verdict = f"; {', '.join(faults)}: **not met**" if faults else ": met"
        yield f"- must: nothing lost, doubled or wrong{verdict}"


def _figure(scenario: Scenario, key: str) -> Figure:
    return next(figure for figure in scenario.figures if figure.key == key)


def _ahead(results: Results, scenarios: Sequence[Scenario], names: dict[str, str]) -> Iterator[str]:
    """Name every figure in which another system is better than Towpath, and whatever could not be compared."""
    lines: list[str] = []
    for scenario in scenarios:
        others = {outcome.system for outcome in results.outcomes if outcome.scenario == scenario.key} - {OURS}
        peers = [key for key in names if key in others]
        lines += _incomparable(results, scenario, peers, names)
        for figure in scenario.figures:
            lines += _better(results, scenario, figure, peers, names)
    yield from lines or ["Nowhere in this run."]


def _incomparable(results: Results, scenario: Scenario, peers: Sequence[str], names: dict[str, str]) -> Iterator[str]:
    medians = results.medians(scenario.key, scenario.figures[0].key)
    measured = {outcome.scenario for outcome in results.outcomes}
    for key in [OURS, *peers] if scenario.key in measured else []:
        if key not in medians:
            yield f"- {scenario.title}: {names[key]} has no figure and cannot be compared."


def _better(
    results: Results, scenario: Scenario, figure: Figure, peers: Sequence[str], names: dict[str, str]
) -> Iterator[str]:
    medians = results.medians(scenario.key, figure.key)
    ours = medians.get(OURS)
    for key in peers:
        theirs = medians.get(key)
        if ours is None or theirs is None:
            continue
        if theirs > ours if figure.better == "higher" else theirs < ours:
            remarks = _faults(results, scenario, key) + _overlap(results, scenario, figure, key)
            remark = f" ({'; '.join(remarks)})" if remarks else ""
            yield (
                f"- {scenario.title}: {names[key]} with {number(theirs)} {figure.heading}, "
                f"Towpath {number(ours)}{remark}."
            )


def _overlap(results: Results, scenario: Scenario, figure: Figure, key: str) -> list[str]:
    ours, theirs = (results.values(scenario.key, system, figure.key) for system in (OURS, key))
    return ["the spreads overlap"] if max(ours) >= min(theirs) and max(theirs) >= min(ours) else []


def unmet(results: Results, scenarios: Sequence[Scenario]) -> list[str]:
    """Return the titles of scenarios with a "must" that was not met, or in which Towpath lost something."""
    missed = []
    for scenario in scenarios:
        for target in scenario.targets:
            medians = results.medians(scenario.key, target.figure)
            is_met = target.is_met(_figure(scenario, target.figure).better, medians)
            is_lacking = OURS not in medians and bool(results.of(scenario.key, OURS))
            if target.kind == "must" and (is_met is False or is_lacking):
                missed.append(f"{scenario.title}: {target.figure}")
        if scenario.targets:
            missed += [f"{scenario.title}: {fault}" for fault in _faults(results, scenario, OURS)]
    return missed


BEGIN, END = "<!-- generated by bench/run: do not edit -->", "<!-- end of what is generated -->"


def replace_generated(path: Path, text: str, by: str = "bench/run") -> None:
    """Put `text` between the markers of a document; `by` is the command that they name.

    Raises:
        ValueError: the document has not exactly one pair of markers.
    """
    document = path.read_text()
    begin = BEGIN.replace("bench/run", by)
    if document.count(begin) != 1 or document.count(END) != 1 or document.index(begin) > document.index(END):
        raise ValueError(f"{path} needs the lines {begin!r} and {END!r} once, in this order")
    before, _, rest = document.partition(begin)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}")
