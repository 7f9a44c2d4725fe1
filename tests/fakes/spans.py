"""Spans that a test collects: OpenTelemetry's SDK with an exporter in memory, for one test."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Spans:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[ReadableSpan]:
        """Return the spans in the order of their ends."""
        return list(self._exporter.get_finished_spans())

    def names(self) -> list[str]:
        """Return their names."""
        return [span.name for span in self.all()]

    def one(self, name: str) -> ReadableSpan:
        """Return the only span of this name."""
        [span] = [span for span in self.all() if span.name == name]
        return span

    def parent(self, name: str) -> str | None:
        """Return the name of the parent of a span; its id, if the parent is not of these spans."""
        parent = self.one(name).parent
        if parent is None:
            return None
        names = [span.name for span in self.all() if span.get_span_context().span_id == parent.span_id]
        return names[0] if names else f"{parent.span_id:016x}"


@contextmanager
def collected_spans() -> Iterator[Spans]:
    """Collect the spans of all tracers that are made inside; the default sampler respects a parent's decision."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with patch.object(trace, "_TRACER_PROVIDER", provider):
        yield Spans(exporter)
    provider.shutdown()
