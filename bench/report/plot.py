"""The plots: bars for each scenario's main figure, lines for growth."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from bench.growth import Point
from bench.scenarios.base import Scenario
from bench.systems.base import System

from .markdown import number
from .results import Results

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
    figure, axes = plt.subplots(1, len(names), figsize=(4 * len(names), 3.6), squeeze=False)
    for axis, name in zip(axes.flat, names, strict=True):
        rows = [point for point in points if point.axis == name]
        for label in rows[0].figures:
            values = [point.figures[label] for point in rows]
            if values[0] > 0:
                axis.plot([point.size for point in rows], [value / values[0] for value in values], "o-", label=label)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel(name, fontsize=8)
        axis.set_ylabel("to the smallest", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    _save(figure, path)


def _save(figure: "plt.Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
