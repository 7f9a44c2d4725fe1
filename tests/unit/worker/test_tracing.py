"""A consumer runs inside a span of its message's trace, which goes on in the messages that it sends."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from towpath.channels import Channel, ConsumeLater, Group
from towpath.layers import Envelope, Grouped
from towpath.layers.inbox import Inbox
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.operations.in_flight import BatchId
from towpath.layers.operations.inboxes import TakeInbox
from towpath.layers.tracing import CurrentTrace
from towpath.routing import Router, route
from towpath.worker import Worker
from towpath.worker.delay_requests import keep_requested
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
    """Return a function that handles messages by a consumer, and a reader of the channels of jobs and of work."""

    def handle(consumer: Any, *envelopes: Envelope, times: int = 1) -> Any:
        worker = Worker(layer, Router([route("work", consumer)]), signal_handlers=False, observers=[WorkerTracing()])
        assert not layer.send_many(envelopes)
        for _ in range(times):
            worker.run_one()
        return layer.reader(["jobs", "work"])

    return handle


def inbox_events(layer: Any, inbox: str) -> Sequence[Any]:
    """Return the events of an inbox without an interface server."""
    return Inbox(inbox, layer._codec).events(layer._execute([TakeInbox(inbox, 100)])[0])


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
    assert len({span.get_span_context().trace_id for span in spans.all()}) == 2


def test_what_a_consumer_sends_to_a_channel_continues_its_trace(work: Any, layer: Any, spans: Spans) -> None:
    def consumer(message: Any) -> None:
        Channel("jobs", channel_layer=layer).send({"a": 1})
        Group("room", channel_layer=layer).send({"text": "x"})

    reader = work(consumer, Envelope("work", {}, trace=TRACE))
    [taken] = reader.exchange([], {"jobs": 5}).taken
    _, trace_id, span_id, flags = taken.envelope.trace["traceparent"].split("-")
    assert (int(trace_id, 16), int(flags, 16) & 1) == (TRACE_ID, 1)
    assert int(span_id, 16) == spans.one("process work").get_span_context().span_id


def test_a_message_to_a_group_has_one_span_and_its_context_reaches_inboxes_and_channels(
    work: Any, layer: Any, spans: Spans
) -> None:
    inbox = "interface.test!"
    for member in (inbox + "a", inbox + "b", "jobs"):
        layer.group_add("room", member)
    reader = work(
        lambda message: Group("room", channel_layer=layer).send({"text": "x"}), Envelope("work", {}, trace=TRACE)
    )
    span = spans.one("send group")
    assert (span.kind, spans.parent("send group")) == (SpanKind.PRODUCER, "process work")
    assert (span.attributes or {})["messaging.destination.name"] == "room"
    [group] = [event for event in inbox_events(layer, inbox) if isinstance(event, Grouped)]
    assert set(group.locals) == {"a", "b"}
    [taken] = reader.exchange([], {"jobs": 5}).taken
    for carrier in (group.trace, taken.envelope.trace):
        assert carrier["traceparent"] == f"00-{TRACE_ID:032x}-{span.get_span_context().span_id:016x}-01"


def test_a_delayed_message_begins_a_trace_with_a_link_to_its_sender(work: Any, layer: Any, spans: Spans) -> None:
    layer.tracing = CurrentTrace()

    def consumer(message: Any) -> None:
        if "again" not in message:
            Channel("work", channel_layer=layer).send({"again": True}, delay=timedelta(0))

    reader = work(consumer, Envelope("work", {}, trace=TRACE))
    layer.deliver_due()
    [taken] = reader.exchange([], {"work": 1}).taken
    reader.requeue([taken])
    assert taken.envelope.trace == {
        "link-traceparent": f"00-{TRACE_ID:032x}-{spans.one('process work').get_span_context().span_id:016x}-01"
    }
    sender = spans.one("process work").get_span_context()
    work(consumer)
    run = [span for span in spans.all() if span.name == "process work"][1]
    assert run.parent is None and run.get_span_context().trace_id != TRACE_ID
    assert [link.context.span_id for link in run.links] == [sender.span_id]
    later = [span for span in spans.all() if span.get_span_context().trace_id == run.get_span_context().trace_id]
    assert {span.name for span in later} == {"queue", "process work", "settlement"}


def test_a_request_on_asgi_delay_keeps_the_link(layer: Any) -> None:
    request = Envelope("asgi.delay", {"channel": "jobs", "content": {}, "delay": 0}, trace=TRACE)
    assert not layer.send_many([request])
    reader = layer.reader(["asgi.delay"])
    keep_requested(layer, reader.exchange([], {"asgi.delay": 1}), BatchId(reader.name, reader.number))
    layer.deliver_due()
    [taken] = layer.reader(["jobs"]).exchange([], {"jobs": 1}).taken
    assert taken.envelope.trace == {"link-traceparent": TRACE["traceparent"]}


def test_what_is_sent_at_once_continues_the_current_trace(work: Any, layer: Any, spans: Spans) -> None:
    layer.tracing = CurrentTrace()
    layer.group_add("room", "jobs")

    def consumer(message: Any) -> None:
        Channel("jobs", channel_layer=layer).send({}, immediately=True)
        Group("room", channel_layer=layer).send({}, immediately=True)

    reader = work(consumer, Envelope("work", {}, trace=TRACE))
    parents = [
        int(item.envelope.trace["traceparent"].split("-")[2], 16) for item in reader.exchange([], {"jobs": 5}).taken
    ]
    assert parents == [spans.one(name).get_span_context().span_id for name in ("process work", "send group")]


def test_outside_of_a_trace_nothing_is_sent_with_a_context(layer: Any, spans: Spans) -> None:
    layer.tracing = CurrentTrace()
    Channel("jobs", channel_layer=layer).send({})
    Channel("jobs", channel_layer=layer).send({}, delay=timedelta(0))
    layer.deliver_due()
    taken = layer.reader(["jobs"]).exchange([], {"jobs": 5}).taken
    assert [item.envelope.trace for item in taken] == [None, None]
    assert spans.names() == []


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
