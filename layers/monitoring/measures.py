"""Measurements as plain data: what they count is counted by plain integers, and read on request.

Label values come from small fixed sets, or from the names of the project's channels; never from clients.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: Upper bounds of the buckets of durations, in seconds.
SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Histogram:
    """Durations in seconds, counted by bucket. Written by one thread, read by any."""

    __slots__ = ("counts", "total_seconds")

    def __init__(self) -> None:
        #: For each bound, and for values above the last one.
        self.counts = [0] * (len(SECONDS_BOUNDS) + 1)
        self.total_seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self.counts[bisect_left(SECONDS_BOUNDS, seconds)] += 1
        self.total_seconds += seconds

    def add(self, other: "Histogram") -> None:
        """Add what another one has counted."""
        self.counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        self.total_seconds += other.total_seconds


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its samples, each behind the values of its labels; those of a histogram are `Histogram`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    samples: Sequence[tuple[tuple[str, ...], float | Histogram]] = ()


def single(name: str, kind: Literal["counter", "gauge"], meaning: str, value: float) -> Family:
    """Return a metric without labels."""
    return Family(name, kind, meaning, (), [((), value)])
