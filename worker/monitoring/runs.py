"""Runs of consumers, counted by each worker for itself: nothing is locked, the totals are added up when asked for."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace

from towpath.layers.monitoring import Family, Histogram
from towpath.layers.monitoring.measures import SECONDS_BOUNDS

from ..batching import Batching
from ..run import RunOptions


class RunCounts:
    """The runs of one thread, by channel; channels are those of the routing."""

    __slots__ = ("durations", "failures", "has_failed")

    def __init__(self, channels: Iterable[str]) -> None:
        self.durations = {channel: Histogram() for channel in channels}
        self.failures = dict.fromkeys(self.durations, 0)
        #: The consumer that runs has raised.
        self.has_failed = False

    def attached(self, options: RunOptions, channels: Iterable[str]) -> tuple[RunOptions, Batching]:
        """Return the options and the batching of a worker whose runs are counted here."""
        return replace(options, failed=self.failed), CountedBatching(channels, self)

    def failed(self, error: BaseException) -> None:
        """Note that the consumer that runs has raised."""
        self.has_failed = True


class CountedBatching(Batching):
    """Batching that counts the observed runs."""

    __slots__ = ("_runs",)

    def __init__(self, channels: Iterable[str], runs: RunCounts) -> None:
        super().__init__(channels)
        self._runs = runs

    def observe(self, channel: str, run_seconds: float) -> None:
        """Take a run into account, and count it."""
        Batching.observe(self, channel, run_seconds)
        runs = self._runs
        histogram = runs.durations[channel]
        histogram.counts[bisect_left(SECONDS_BOUNDS, run_seconds)] += 1
        histogram.total_seconds += run_seconds
        if runs.has_failed:
            runs.has_failed = False
            runs.failures[channel] += 1


def families_of(runs: Iterable[RunCounts], channels: Iterable[str]) -> list[Family]:
    """Return the metrics of all threads together."""
    each = list(runs)
    totals = {channel: Histogram() for channel in channels}
    for counts in each:
        for channel, histogram in counts.durations.items():
            totals[channel].add(histogram)
    messages = []
    for channel, total in totals.items():
        failed = sum(counts.failures[channel] for counts in each)
        messages += [((channel, "handled"), sum(total.counts) - failed), ((channel, "failed"), failed)]
    durations = [((channel,), histogram) for channel, histogram in totals.items()]
    return [
        Family("towpath_worker_messages", "counter", "Messages by outcome", ("channel", "outcome"), messages),
        Family("towpath_worker_run_seconds", "histogram", "Runs of consumers", ("channel",), durations),
    ]
