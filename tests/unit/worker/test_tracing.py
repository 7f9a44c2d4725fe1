"""A consumer runs inside a span of its message's trace, which goes on in the messages that it sends."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from towpath.channels import Channel, ConsumeLater, Group
from towpath.layers import Envelope
from towpath.layers.memory import MemoryChannelLayer
from towpath.routing import Router, route
from towpath.worker import Worker
from towpath.worker.tracing import WorkerTracing

from ...fakes.spans import Spans, collected_spans

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
TRACE_ID, PARENT_ID = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331


@pytest.fixture
def spans() -> Iterator[Spans]:
    with collected_spans() as found:
        yield found


@pytest.fixture
def layer() -> MemoryChannelLayer:
    return MemoryChannelLayer()


@pytest.fixture
def work(layer: Any, spans: Spans) -> Any:
    """Return a function that handles messages by a consumer, and what is left on the channel of jobs."""

    def handle(consumer: Any, *envelopes: Envelope, times: int = 1) -> Any:
        worker = Worker(layer, Router([route("work", consumer)]), signal_handlers=False, observers=[WorkerTracing()])
        assert not layer.send_many(envelopes)
        for _ in range(times):
            worker.run_one()
        return layer.reader(["jobs", "work"])

    return handle


def test_queue_consumer_and_settlement_are_spans_of_the_trace_of_the_message(work: Any, spans: Spans) -> None:
    work(lambda message: None, Envelope("work", {}, trace=TRACE))
    assert spans.names() == ["queue", "process work", "settlement"]
    for span in spans.all():
        assert span.get_span_context().trace_id == TRACE_ID
        assert span.parent is not None and span.parent.span_id == PARENT_ID
        assert (span.start_time or 0) <= (span.end_time or 0)
    run = spans.one("process work")
    assert run.kind is SpanKind.CONSUMER
    assert (run.attributes or {})["messaging.destination.name"] == "work"
    assert "lambda" in str((run.attributes or {})["code.function.name"])


def test_the_span_of_the_consumer_is_the_current_one_while_it_runs_and_none_is_after_it(
    work: Any, spans: Spans
) -> None:
    def consumer(message: Any) -> None:
        trace.get_tracer("a.project").start_span("a query").end()

    work(consumer, Envelope("work", {}, trace=TRACE))
    assert spans.parent("a query") == "process work"
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_message_without_a_trace_begins_one(work: Any, spans: Spans) -> None:
    work(lambda message: None, Envelope("work", {}), Envelope("work", {}), times=2)
    runs = [span for span in spans.all() if span.name == "process work"]
    assert [run.parent for run in runs] == [None, None]
    assert len({run.get_span_context().trace_id for run in runs}) == 2


def test_what_a_consumer_sends_to_a_channel_continues_its_trace(work: Any, layer: Any, spans: Spans) -> None:
    def consumer(message: Any) -> None:
        Channel("jobs", channel_layer=layer).send({"a": 1})
        Group("room", channel_layer=layer).send({"text": "x"})

    reader = work(consumer, Envelope("work", {}, trace=TRACE))
    [taken] = reader.exchange([], {"jobs": 5}).taken
    _, trace_id, span_id, flags = taken.envelope.trace["traceparent"].split("-")
    assert (int(trace_id, 16), int(flags, 16) & 1) == (TRACE_ID, 1)
    assert int(span_id, 16) == spans.one("process work").get_span_context().span_id


def test_a_trace_that_is_not_sampled_makes_no_span_and_goes_on_unsampled(work: Any, layer: Any, spans: Spans) -> None:
    unsampled = {"traceparent": TRACE["traceparent"].removesuffix("01") + "00"}
    reader = work(lambda message: Channel("jobs", channel_layer=layer).send({}), Envelope("work", {}, trace=unsampled))
    assert spans.names() == []
    [taken] = reader.exchange([], {"jobs": 5}).taken
    assert taken.envelope.trace["traceparent"].endswith("-00")


def test_a_failure_is_an_error_of_its_span_and_consume_later_is_not(work: Any, spans: Spans) -> None:
    def fail(message: Any) -> None:
        raise ValueError("wrong")

    def postpone(message: Any) -> None:
        raise ConsumeLater

    work(fail, Envelope("work", {}, trace=TRACE))
    failed = spans.one("process work")
    assert failed.status.status_code is StatusCode.ERROR
    assert [event.name for event in failed.events] == ["exception"]
    reader = work(postpone, Envelope("work", {}, trace=TRACE))
    [taken] = reader.exchange([], {"work": 5}).taken
    assert taken.envelope.trace == TRACE
    assert spans.all()[-2].status.status_code is not StatusCode.ERROR


@pytest.mark.parametrize(
    "carrier", [{}, {"traceparent": "x"}, {"traceparent": 5, "tracestate": None}, {"a": "b" * 5000}]
)
def test_a_carrier_that_is_not_valid_begins_a_new_trace(work: Any, spans: Spans, carrier: Any) -> None:
    work(lambda message: None, Envelope("work", {}, trace=carrier))
    assert spans.one("process work").parent is None
