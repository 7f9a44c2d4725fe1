"""Traces of events by OpenTelemetry: the parts that interface servers and workers share. Imported only with tracing on.

The context of a trace travels beside the turn of a message (`Envelope.trace`), as headers travel with a request.
The project's SDK of OpenTelemetry exports the spans; without an SDK they are dropped.
"""

import logging
from collections.abc import Mapping

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import ProxyTracerProvider, Span, Tracer

logger = logging.getLogger(__name__)

NAME = "towpath"
#: Longest value that travels, such as `traceparent` (55), `tracestate` (512) and `baggage`; a longer one is left out.
VALUE_MAX_LENGTH = 1024
#: Most values that travel.
VALUES_MAX_COUNT = 8


def tracer() -> Tracer:
    """Return the tracer of Towpath."""
    return trace.get_tracer(NAME)


def warn_without_sdk() -> None:
    """Log that spans are dropped, if no SDK is set up."""
    if isinstance(trace.get_tracer_provider(), ProxyTracerProvider):
        logger.warning(
            "Tracing is on, but no SDK of OpenTelemetry is set up, so that no span is exported: set a tracer provider, "
            "or start this process with opentelemetry-instrument"
        )


def carrier_of(context: Context) -> dict[str, str]:
    """Return the headers that travel with a message, bounded."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier, context=context)
    return _bounded(carrier)


def context_of(carrier: Mapping[str, object] | None) -> Context:
    """Return the context that has travelled with a message; an empty one, of a new trace, without it."""
    return propagate.extract(_bounded(carrier or {}), context=Context())


def context_in(span: Span, context: Context | None = None) -> Context:
    """Return a context in which `span` is the current one."""
    return trace.set_span_in_context(span, Context() if context is None else context)


def _bounded(carrier: Mapping[str, object]) -> dict[str, str]:
    short = {key: value for key, value in carrier.items() if isinstance(value, str) and len(value) <= VALUE_MAX_LENGTH}
    return dict(list(short.items())[:VALUES_MAX_COUNT])
