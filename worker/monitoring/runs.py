"""Runs of consumers, counted by each worker for itself: nothing is locked, the totals are added up when asked for."""

from collections.abc import Iterable
from dataclasses import replace

from towpath.layers.monitoring import Family, Histogram

from ..batching import Batching
from ..run import RunOptions

OUTCOMES = ("handled", "failed")


class RunCounts:
    """The runs of one thread, by channel; channels are those of the routing."""

    __slots__ = ("_has_failed", "counts", "durations")

    def __init__(self, channels: Iterable[str]) -> None:
        self.durations = {channel: Histogram() for channel in channels}
        self.counts = {channel: dict.fromkeys(OUTCOMES, 0) for channel in self.durations}
        self._has_failed = False

    def attached(self, options: RunOptions, channels: Iterable[str]) -> tuple[RunOptions, Batching]:
        """Return the options and the batching of a worker whose runs are counted here."""
        return replace(options, failed=self.failed), CountedBatching(channels, self)

    def failed(self, error: BaseException) -> None:
        """Note that the consumer that runs has raised."""
        self._has_failed = True

    def observe(self, channel: str, run_seconds: float) -> None:
        """Count a run that has ended."""
        has_failed, self._has_failed = self._has_failed, False
        self.counts[channel]["failed" if has_failed else "handled"] += 1
        self.durations[channel].observe(run_seconds)


class CountedBatching(Batching):
    """Batching that counts the runs it is told of."""

    __slots__ = ("_runs",)

    def __init__(self, channels: Iterable[str], runs: RunCounts) -> None:
        super().__init__(channels)
        self._runs = runs

    def observe(self, channel: str, run_seconds: float) -> None:
        """Take a run into account, and count it."""
        super().observe(channel, run_seconds)
        self._runs.observe(channel, run_seconds)


def families_of(runs: Iterable[RunCounts], channels: Iterable[str]) -> list[Family]:
    """Return the metrics of all threads together."""
    each = list(runs)
    totals = {channel: Histogram() for channel in channels}
    for counts in each:
        for channel, histogram in counts.durations.items():
            totals[channel].add(histogram)
    messages = [
        ((channel, outcome), sum(counts.counts[channel][outcome] for counts in each))
        for channel in totals
        for outcome in OUTCOMES
    ]
    durations = [((channel,), histogram) for channel, histogram in totals.items()]
    return [
        Family("towpath_worker_messages", "counter", "Messages by outcome", ("channel", "outcome"), messages),
        Family("towpath_worker_run_seconds", "histogram", "Runs of consumers", ("channel",), durations),
    ]
