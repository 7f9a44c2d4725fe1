"""The plot of the soak: the memory of every process over time."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from .memory import Sample

COLOURS = {"interface": "#0f766e", "worker": "#c2410c", "redis": "#475569"}

matplotlib.rcParams["svg.hashsalt"] = "towpath"  # the same figures make the same file


def plot_memory(samples: Sequence[Sample], path: Path) -> None:
    """Draw a line for each process, in the colour of its role."""
    figure, axis = plt.subplots(figsize=(11, 4))
    for role, colour in COLOURS.items():
        pids = list(dict.fromkeys(sample.pid for sample in samples if sample.role == role))
        for number, pid in enumerate(pids):
            own = [sample for sample in samples if sample.pid == pid]
            minutes, mebibytes = [sample.seconds / 60 for sample in own], [sample.mebibytes for sample in own]
            label = f"{role} ({len(pids)} in turns)" if len(pids) > 2 else role
            axis.plot(minutes, mebibytes, color=colour, linewidth=1, label=label if number == 0 else None)
    axis.set_xlabel("minutes", fontsize=8)
    axis.set_ylabel("MiB of each process", fontsize=8)
    axis.set_ylim(bottom=0)
    axis.tick_params(labelsize=7)
    axis.legend(fontsize=7)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
