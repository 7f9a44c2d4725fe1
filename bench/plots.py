"""The plots: bars for each scenario's main figure, lines for growth."""

from collections.abc import Sequence
from itertools import chain
from math import ceil, floor, log2
from pathlib import Path
from textwrap import fill

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from .report import number
from .results import Point, Results
from .scenarios.base import Scenario
from .systems.base import System

OURS_COLOUR, THEIRS_COLOUR = "#0f766e", "#cbd5e1"
COLUMNS = 2
#: Characters of a title in one line.
TITLE_WIDTH = 64

matplotlib.rcParams["svg.hashsalt"] = "towpath"  # the same figures make the same file


def plot_bars(results: Results, systems: Sequence[System], scenarios: Sequence[Scenario], path: Path) -> None:
    """Draw the main figure of every scenario in which others took part."""
    names = {system.key: system.name for system in systems}
    drawn = [scenario for scenario in scenarios if len(results.medians(scenario.key, scenario.figures[0].key)) > 1]
    rows = -(-len(drawn) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(13, 3.1 * rows), squeeze=False)
    for axis in axes.flat[len(drawn) :]:
        axis.axis("off")
    for axis, scenario in zip(axes.flat, drawn, strict=False):
        main = scenario.figures[0]
        medians = results.medians(scenario.key, main.key)
        keys = [key for key in reversed(names) if key in medians]
        colours = [OURS_COLOUR if key == "towpath" else THEIRS_COLOUR for key in keys]
        bars = axis.barh([names[key] for key in keys], [medians[key] for key in keys], color=colours)
        axis.bar_label(bars, labels=[number(medians[key]) for key in keys], padding=3, fontsize=7)
        axis.set_title(fill(scenario.title, TITLE_WIDTH), fontsize=9, loc="left")
        axis.set_xlabel(f"{main.heading} ({main.better} is better)", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.margins(x=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    _save(figure, path)


def plot_growth(points: Sequence[Point], path: Path) -> None:
    """Draw each axis with its figures, each relative to its value at the smallest size."""
    names = list(dict.fromkeys(point.axis for point in points))
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(10, 3.7 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    for axis, name in zip(axes.flat, names, strict=False):
        own = [point for point in points if point.axis == name]
        sizes = [point.size for point in own]
        ratios = {label: _ratios([point.figures[label] for point in own]) for label in own[0].figures}
        for label, values in ratios.items():
            axis.plot(sizes[: len(values)], values, "o-", label=label)
        powers = _powers_of_two(list(chain.from_iterable(ratios.values())))
        _logarithmic(axis.xaxis, sizes, [f"{size:,}" for size in sizes])
        _logarithmic(axis.yaxis, powers, [f"×{power:g}" if power >= 1 else f"÷{1 / power:g}" for power in powers])
        axis.axhline(1, color=THEIRS_COLOUR, linewidth=1, zorder=0)
        axis.set_ylim(powers[0] / 1.2, powers[-1] * 1.2)
        axis.set_xlabel(name, fontsize=10)
        axis.set_ylabel(f"compared with {sizes[0]:,}", fontsize=9)
        axis.tick_params(labelsize=9)
        axis.legend(fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _logarithmic(axis: Axis, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """Make an axis logarithmic, with labels at these values and nowhere else."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter(labels))
    axis.set_minor_locator(NullLocator())


def _ratios(values: Sequence[float]) -> list[float]:
    """Return values relative to the first one; none if that is 0."""
    return [value / values[0] for value in values] if values[0] > 0 else []


def _powers_of_two(values: Sequence[float]) -> list[float]:
    """Return the powers of two round these values and 1, every second one if there are many."""
    first, last = floor(log2(min([1, *values]))), ceil(log2(max([1, *values])))
    step = 1 if last - first <= 6 else 2
    return [2.0**power for power in range(first - first % step, last + step, step)]


def _save(figure: "plt.Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
