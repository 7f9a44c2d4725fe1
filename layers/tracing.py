"""Traces of events by OpenTelemetry: the parts that interface servers and workers share. Imported only with tracing on.

The context of a trace travels beside the turn of a message (`Envelope.trace`), as headers travel with a request.
The project's SDK of OpenTelemetry exports the spans; without an SDK they are dropped.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from opentelemetry import context as current
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, ProxyTracerProvider, Span, SpanKind, Tracer

from .contract import AnySend, GroupSend
from .deferred_trace import link_in
from .names import is_inbox

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


def origin_of(carrier: Mapping[str, object] | None) -> tuple[Context, list[Link]]:
    """Return the parent of what a message begins, and its links: a deferred message begins a trace, with a link."""
    link = link_in(carrier) if carrier else {}
    if not link:
        return context_of(carrier), []
    context = context_of(link)
    span_context = trace.get_current_span(context).get_span_context()
    return context_in(INVALID_SPAN, context), [Link(span_context)] if span_context.is_valid else []


def has_span(context: Context) -> bool:
    """Return whether a context belongs to a trace."""
    return trace.get_current_span(context).get_span_context().is_valid


def continued(send: AnySend, context: Context, spans: list[Span]) -> AnySend:
    """Return a send with the context of a trace. That to a group has a span of its own, which is added to `spans`.

    Replies to one connection have none: they are written with the event, or are known by their connection.
    """
    if isinstance(send, GroupSend):
        attributes = {"messaging.system": "towpath", "messaging.destination.name": send.group}
        span = tracer().start_span("send group", context, SpanKind.PRODUCER, attributes)
        spans.append(span)
        return cast("AnySend", replace(send, trace=carrier_of(context_in(span, context))))
    return send if is_inbox(send.channel) else send._replace(trace=carrier_of(context))


class CurrentTrace:
    """Lets the sends of a process that are not part of a settlement continue the trace that is current at the call."""

    @contextmanager
    def sending(self, sends: Sequence[AnySend]) -> Iterator[Sequence[AnySend]]:
        """Yield the sends with the context of the current trace; those that have one keep it."""
        context = current.get_current()
        if not has_span(context):
            yield sends
            return
        spans: list[Span] = []
        traced = [continued(send, context, spans) if send.trace is None else send for send in sends]
        try:
            yield traced
        finally:
            for span in spans:
                span.end()


def _bounded(carrier: Mapping[str, object]) -> dict[str, str]:
    short = {key: value for key, value in carrier.items() if isinstance(value, str) and len(value) <= VALUE_MAX_LENGTH}
    return dict(list(short.items())[:VALUES_MAX_COUNT])
