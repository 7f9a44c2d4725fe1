"""A page is one trace with OpenTelemetry's own instrumentations of Django and Celery, from its request to its task."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind
from twisted.internet.task import Clock

from towpath.handler import ViewConsumer
from towpath.interface.config import InterfaceConfig
from towpath.interface.http.factory import HttpFactory
from towpath.interface.hub import Hub
from towpath.interface.inbox import Inbox
from towpath.interface.kinds import Kinds
from towpath.interface.tracing import traced
from towpath.layers.memory import MemoryChannelLayer
from towpath.routing import Router, route
from towpath.worker import Worker
from towpath.worker.tracing import WorkerTracing

from ...fakes.http_site import CLIENT, SERVER, Transport
from ...fakes.spans import Spans, collected_spans

app = Celery("reports", broker="memory://", backend="cache+memory://", set_as_current=False)
app.conf.update(broker_transport_options={"polling_interval": 0.01})
#: Nothing here takes that long, in seconds.
PATIENCE = 30
has_run = Event()


@app.task(name="reports.make")
def make() -> None:
    """Trace a query of its own."""
    trace.get_tracer("a.project").start_span("a query").end()
    has_run.set()


def page(request: HttpRequest, number: int) -> HttpResponse:
    """Start a task."""
    make.apply_async()
    return HttpResponse("made")


async def page_later(request: HttpRequest) -> HttpResponse:
    """Start a task in an asynchronous view."""
    make.apply_async()
    return HttpResponse("made")


urlpatterns = [path("reports/<int:number>/", page), path("later/", page_later)]


@pytest.fixture
def spans() -> Iterator[Spans]:
    with collected_spans() as found:
        yield found


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    """Keep Celery's worker from configuring the loggers of this process: tests that follow read them."""

    def leave_as_it_is(**_: object) -> None:
        pass

    setup_logging.connect(leave_as_it_is)
    yield
    setup_logging.disconnect(leave_as_it_is)


@contextmanager
def instrumented() -> Iterator[None]:
    """Instrument Django and Celery as opentelemetry-instrument does."""
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[], ALLOWED_HOSTS=["*"]):
        instrumentors = DjangoInstrumentor(), CeleryInstrumentor()
        for instrumentor in instrumentors:
            instrumentor.instrument(skip_dep_check=True)
        try:
            yield
        finally:
            for instrumentor in instrumentors:
                instrumentor.uninstrument()


async def fetch(address: str) -> bytes:
    """Ask a traced interface server for a page, with a traced worker behind it, on the memory layer."""
    layer = MemoryChannelLayer()
    edge = layer.edge()
    await edge.open()
    hub = Hub(InterfaceConfig(), edge, Clock(), layer.expiry)
    conversation = traced(Kinds()).conversation
    factory = HttpFactory(hub, lambda owner: conversation(hub, owner), lambda request: None)
    transport = Transport(hostAddress=SERVER, peerAddress=CLIENT)
    connection: Any = factory.buildProtocol(None)
    connection.makeConnection(transport)
    connection.dataReceived(f"GET {address} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
    worker = Worker(
        layer, Router([route("http.request", ViewConsumer())]), signal_handlers=False, observers=[WorkerTracing()]
    )
    await asyncio.sleep(0)
    assert await asyncio.to_thread(worker.run_one, PATIENCE)
    inbox = Inbox(hub)
    for event in await edge.receive():
        await inbox.dispatch(event)
    await hub.tasks.cancel_all()
    hub.spools.disk.close()
    return bytes(transport.value())


def ancestors(spans: Spans, span: ReadableSpan) -> list[str]:
    """Return the names of a span and of those above it."""
    names, by_id = [span.name], {found.get_span_context().span_id: found for found in spans.all()}
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names


@pytest.mark.usefixtures("untouched_logging")
def test_pages_are_one_trace_each_from_their_requests_to_the_queries_of_their_tasks(spans: Spans) -> None:
    with instrumented(), start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=PATIENCE):
        for address in ("/reports/7/", "/later/"):
            has_run.clear()
            assert asyncio.run(fetch(address)).endswith(b"made")
            assert has_run.wait(PATIENCE)
    first, second = (span for span in spans.all() if span.name == "a query")
    for query, django_span in ((first, "GET reports/<int:number>/"), (second, "GET later/")):
        assert ancestors(spans, query) == [
            "a query",
            "run/reports.make",
            "apply_async/reports.make",
            django_span,
            "process http.request",
            "GET",
        ]
        assert spans.one(django_span).kind is SpanKind.INTERNAL
    assert len({span.get_span_context().trace_id for span in spans.all()}) == 2
