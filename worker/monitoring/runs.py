"""Runs of consumers, counted by each worker for itself: nothing is locked, the totals are added up on request."""

from bisect import bisect_left
from collections.abc import Iterable
from time import perf_counter

from towpath.channels import Message
from towpath.layers.contract import Received
from towpath.layers.entries import HEADER
from towpath.layers.monitoring import Family, Histogram
from towpath.layers.monitoring.measures import SECONDS_BOUNDS
from towpath.routing import Match, name_of

from ..run import Runner

#: The most consumers that are named in metrics, and the name of all others.
CONSUMERS_MAX_COUNT = 500
OTHERS = "others"

#: When a queue entry was sent, and when it expires.
_header_of = HEADER.unpack_from


class RunCounts:
    """The runs of one thread, by channel and by consumer, both of the routing. An observer of its worker."""

    __slots__ = ("ages", "consumer", "durations", "ended", "ended_at", "failures", "has_failed", "settling")

    def __init__(self, channels: Iterable[str]) -> None:
        #: By channel and consumer; None: no route matched.
        self.durations: dict[str, dict[object, Histogram]] = {channel: {} for channel in channels}
        self.failures = dict.fromkeys(self.durations, 0)
        #: From the send of messages to their take.
        self.ages = {channel: Histogram() for channel in self.durations}
        #: From the end of runs to the written settlement.
        self.settling = Histogram()
        #: The number of runs whose settlements are not written, and when the first of them has ended.
        self.ended = 0
        self.ended_at = 0.0
        #: The consumer that runs, or ran last; None before its route is known.
        self.consumer: object = None
        #: The consumer that runs has raised.
        self.has_failed = False

    def runner(self, base: type[Runner]) -> type[Runner]:
        """Return a class of runners whose consumers are noted."""
        counts = self

        class CountedRunner(base):  # type: ignore[valid-type,misc]  # a class that is chosen when the worker starts
            """Notes each consumer."""

            def _call(self, match: Match, message: Message) -> None:
                counts.consumer = match.consumer
                base._call(self, match, message)

        return CountedRunner

    def new_histogram(self, channel: str, consumer: object) -> Histogram:
        """Return the histogram of a consumer that ran first; those beyond a number share one.

        A project may make consumers anew, again and again.
        """
        known = self.durations[channel]
        if consumer is not None and sum(map(len, self.durations.values())) >= CONSUMERS_MAX_COUNT:
            consumer = OTHERS
        return known.setdefault(consumer, Histogram())

    def taken(self, received: Received) -> None:
        """Count how long messages have waited in their queue."""
        ages = self.ages[received.taken[0].envelope.channel]
        counts, now = ages.counts, received.now
        for item in received.taken:
            age = now - _header_of(item.raw)[0]
            counts[bisect_left(SECONDS_BOUNDS, age)] += 1
            if age > 0:  # the clock of the store may have been set back
                ages.total_seconds += age

    def ran(self, channel: str, seconds: float, now: float) -> None:
        """Count a run."""
        consumer, self.consumer = self.consumer, None
        histogram = self.durations[channel].get(consumer) or self.new_histogram(channel, consumer)
        histogram.counts[bisect_left(SECONDS_BOUNDS, seconds)] += 1
        histogram.total_seconds += seconds
        if not self.ended:
            self.ended_at = now
        self.ended += 1
        if self.has_failed:
            self.has_failed = False
            self.failures[channel] += 1

    def written(self) -> None:
        """Count how long the settlements of runs have waited, all as long as the first of them."""
        if self.ended:
            settling, seconds = self.settling, perf_counter() - self.ended_at
            settling.counts[bisect_left(SECONDS_BOUNDS, seconds)] += self.ended
            settling.total_seconds += seconds * self.ended
            self.ended = 0

    def failed(self, error: BaseException) -> None:
        """Note that the consumer that runs has raised."""
        self.has_failed = True


def families_of(runs: Iterable[RunCounts], channels: Iterable[str]) -> list[Family]:
    """Return the metrics of all threads together."""
    each = list(runs)
    totals = {channel: Histogram() for channel in channels}
    for counts in each:
        for channel, by_consumer in counts.durations.items():
            for histogram in list(by_consumer.values()):
                totals[channel].add(histogram)
    messages = []
    for channel, total in totals.items():
        failed = sum(counts.failures[channel] for counts in each)
        messages += [((channel, "handled"), sum(total.counts) - failed), ((channel, "failed"), failed)]
    durations = [((channel,), histogram) for channel, histogram in totals.items()]
    ages = [((channel,), _sum(counts.ages[channel] for counts in each)) for channel in totals]
    settling = _sum(counts.settling for counts in each)
    return [
        Family("towpath_worker_queue_seconds", "histogram", "Messages from send to take", ("channel",), ages),
        Family("towpath_worker_consumer_seconds", "histogram", "Runs by consumer", ("consumer",), _by_consumer(each)),
        Family("towpath_worker_settlement_seconds", "histogram", "Ends of runs to settlements", (), [((), settling)]),
        Family("towpath_worker_messages", "counter", "Messages by outcome", ("channel", "outcome"), messages),
        Family("towpath_worker_run_seconds", "histogram", "Runs of consumers", ("channel",), durations),
    ]


def _sum(histograms: Iterable[Histogram]) -> Histogram:
    total = Histogram()
    for histogram in histograms:
        total.add(histogram)
    return total


def _by_consumer(each: Iterable[RunCounts]) -> list[tuple[tuple[str, ...], Histogram]]:
    totals: dict[str, Histogram] = {}
    for by_consumer in (found for counts in each for found in counts.durations.values()):
        for consumer, histogram in list(by_consumer.items()):
            if consumer is not None:
                name = consumer if isinstance(consumer, str) else name_of(consumer)
                totals.setdefault(name, Histogram()).add(histogram)
    return [((name,), histogram) for name, histogram in totals.items()]
