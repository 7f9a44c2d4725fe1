"""Metrics in the text format of Prometheus, by the maintained client library (extra `metrics`).

Each answer has a registry of its own: the global registry of the library, in which a project may have metrics, is not
touched.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from .measures import SECONDS_BOUNDS, Family, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render(families: Sequence[Family], *, of_process: bool) -> bytes:
    """Return the metrics as text; with `of_process` those of this process besides: memory, processor time, files."""
    registry = CollectorRegistry()
    registry.register(_Families(families))
    if of_process:
        ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return [_metric(family) for family in self._families]


def _metric(family: Family) -> Metric:
    if family.kind == "histogram":
        return _histogram(family)
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.meaning, labels=family.labels)
    for values, number in family.samples:
        assert not isinstance(number, Histogram)
        metric.add_metric(values, number)
    return metric


def _histogram(family: Family) -> Metric:
    metric = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
    for values, histogram in family.samples:
        assert isinstance(histogram, Histogram)
        metric.add_metric(values, list(_buckets(histogram.counts)), histogram.total_seconds)
    return metric


def _buckets(counts: Sequence[int]) -> Iterator[tuple[str, float]]:
    bounds = [*(str(float(bound)) for bound in SECONDS_BOUNDS), "+Inf"]
    return zip(bounds, accumulate(counts), strict=True)
