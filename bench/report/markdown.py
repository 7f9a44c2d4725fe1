"""The tables. Everything that is said about who is ahead is computed, so that it cannot be wrong."""

from collections.abc import Iterator, Sequence
from statistics import median

from bench.growth import Point
from bench.scenarios.base import Figure, Scenario
from bench.systems.base import System

from .results import Results

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
    """Return the generated part of docs/benchmarks.md."""
    names = {system.key: system.name for system in systems}
    parts = [*_facts(results, names)]
    for scenario in scenarios:
        if any(outcome.scenario == scenario.key for outcome in results.outcomes):
            parts += ["", f"### {scenario.title}", "", *_table(results, scenario, names), *_targets(results, scenario)]
    parts += ["", "## Where a peer is ahead", "", *_ahead(results, scenarios, names)]
    return "\n".join(parts)


def growth_table(points: Sequence[Point]) -> str:
    """Return the generated part of docs/performance.md."""
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
        "the least and the most; systems took turns."
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
    remarks = [f"{number(total)} {words}" for fault, words in FAULTS.items() if (total := _total(outcomes, fault))]
    remarks += [f"failed: {outcome.failure}".replace("|", "/")[:200] for outcome in outcomes if outcome.failure]
    if any(outcome.figures.get("generator_busy", 0) > BUSY for outcome in outcomes):
        remarks.append("the load generator was busy and may have been the bottleneck")
    return "; ".join(dict.fromkeys(remarks))


def _total(outcomes: Sequence[object], fault: str) -> float:
    return sum(outcome.figures.get(fault, 0.0) for outcome in outcomes)  # type: ignore[attr-defined]


def _targets(results: Results, scenario: Scenario) -> Iterator[str]:
    if scenario.targets:
        yield ""
    for target in scenario.targets:
        figure = _figure(scenario, target.figure)
        medians = results.medians(scenario.key, target.figure)
        wanted, is_met = target.wanted(figure.better, medians), target.is_met(figure.better, medians)
        if wanted is None or is_met is None:
            continue
        of = "" if target.of is None else f" ({target.limit:.3g}× the best of `{target.of}`)"
        side = "at least" if figure.better == "higher" else "at most"
        word = "must" if target.kind == "must" else "reach for"
        verdict = "met" if is_met else "**not met**" if target.kind == "must" else "not reached"
        yield f"- {word}: {figure.heading} {side} {number(wanted)}{of}; {number(medians[OURS])}: {verdict}"


def _figure(scenario: Scenario, key: str) -> Figure:
    return next(figure for figure in scenario.figures if figure.key == key)


def _ahead(results: Results, scenarios: Sequence[Scenario], names: dict[str, str]) -> Iterator[str]:
    """Name every main figure in which somebody is better than Towpath."""
    found = False
    for scenario in scenarios:
        main = scenario.figures[0]
        medians = results.medians(scenario.key, main.key)
        ours = medians.pop(OURS, None)
        for key, theirs in medians.items():
            if ours is not None and (theirs > ours if main.better == "higher" else theirs < ours):
                found = True
                yield f"- {scenario.title}: {names[key]} with {number(theirs)} {main.heading}, Towpath {number(ours)}."
    if not found:
        yield "Nowhere in this run."


def unmet(results: Results, scenarios: Sequence[Scenario]) -> list[str]:
    """Return the titles of scenarios with a "must" that was not met."""
    missed = []
    for scenario in scenarios:
        for target in scenario.targets:
            medians = results.medians(scenario.key, target.figure)
            is_met = target.is_met(_figure(scenario, target.figure).better, medians)
            if target.kind == "must" and is_met is False:
                missed.append(f"{scenario.title}: {target.figure}")
    return missed
