"""Each event of a client is a trace: its span begins with the event, travels with it, and ends with its settlement."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from towpath.interface.kinds import Kinds
from towpath.interface.tracing import traced
from towpath.interface.websocket.begin import begin
from towpath.layers.entries import HEADER, EntryCodec
from towpath.layers.inbox_events import Grouped, Lost

from ...fakes.spans import Spans, collected_spans

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with collected_spans() as found:
        yield found


@pytest.fixture
def converse(make_world: Any, make_owner: Any, spans: Spans) -> Any:
    """Return a function that makes a world and a traced conversation in it."""
    kind = traced(Kinds()).conversation

    def make() -> Any:
        world = make_world()
        return world, kind(world.hub, make_owner())

    return make


def event(conversation: Any, **content: Any) -> dict[str, Any]:
    return {"reply_channel": conversation.reply_channel, "path": "/a", **content}


async def test_an_event_is_one_span_from_its_arrival_to_the_written_replies(converse: Any, spans: Spans) -> None:
    world, conversation = converse()
    conversation.emit("websocket.receive", event(conversation, text="x"), insist=True)
    await world.arrive()
    assert spans.names() == []
    await world.settle({"text": "y"})
    assert spans.names() == ["edge.write", "websocket.receive"]
    root = spans.one("websocket.receive")
    assert (root.kind, root.parent, spans.parent("edge.write")) == (SpanKind.SERVER, None, "websocket.receive")
    assert root.attributes == {
        "url.path": "/a",
        "messaging.destination.name": "websocket.receive",
        "towpath.connection": conversation.reply_channel,
    }


async def test_the_context_travels_beside_the_turn_through_the_layer(converse: Any, spans: Spans) -> None:
    world, conversation = converse()
    conversation.emit("websocket.receive", event(conversation, text="x"), insist=True)
    await world.arrive()
    [sent] = world.edge.sent
    received = EntryCodec().open_queue_entry(sent.channel, HEADER.pack(1, 2) + EntryCodec().queue_body(sent))
    assert received == sent
    await world.settle()
    context = spans.one("websocket.receive").get_span_context()
    assert list(received.trace) == ["traceparent"]
    assert received.trace["traceparent"].startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-0")


async def test_events_of_one_connection_are_traces_of_their_own_and_waiting_is_a_span(
    converse: Any, spans: Spans
) -> None:
    world, conversation = converse()
    for number in range(2):
        conversation.emit("websocket.receive", event(conversation, text=str(number)), insist=True)
    await world.arrive()
    await world.settle()
    wait = spans.one("edge.wait")
    await world.settle()
    first, second = (span for span in spans.all() if span.name == "websocket.receive")
    assert first.get_span_context().trace_id != second.get_span_context().trace_id
    assert wait.parent is not None and wait.parent.span_id == second.get_span_context().span_id


@pytest.mark.parametrize("method", ["GET", "X" * 50])
async def test_a_request_continues_the_trace_of_its_proxy(converse: Any, spans: Spans, method: str) -> None:
    world, conversation = converse()
    headers = ((b"traceparent", PARENT.encode()), (b"tracestate", b"a=1"), (b"cookie", b"\xe9"))
    conversation.emit("http.request", event(conversation, method=method, headers=headers), insist=False)
    await world.arrive()
    await world.settle({"status": 503, "content": b""})
    root = spans.one("GET" if method == "GET" else "HTTP")
    assert f"{root.get_span_context().trace_id:032x}" == PARENT.split("-")[1]
    assert root.parent is not None and f"{root.parent.span_id:016x}" == PARENT.split("-")[2]
    assert root.status.status_code is StatusCode.ERROR
    assert (root.attributes or {})["http.response.status_code"] == 503
    assert world.edge.sent[0].trace["tracestate"] == "a=1"


async def test_a_trace_that_is_not_sampled_makes_no_span_and_stays_so_behind_the_layer(
    converse: Any, spans: Spans
) -> None:
    world, conversation = converse()
    headers = ((b"traceparent", PARENT.removesuffix("01").encode() + b"00"),)
    conversation.emit("http.request", event(conversation, method="GET", headers=headers), insist=False)
    await world.arrive()
    await world.settle({"status": 200})
    assert spans.names() == []
    _, trace_id, _, flags = world.edge.sent[0].trace["traceparent"].split("-")
    assert (trace_id, flags) == (PARENT.split("-")[1], "00")


@pytest.mark.parametrize("value", [b"", b"00-", b"\xff", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"x" * 10_000])
async def test_a_context_that_is_not_valid_begins_a_new_trace(converse: Any, spans: Spans, value: bytes) -> None:
    world, conversation = converse()
    headers = ((b"traceparent", value), (b"baggage", b"b" * 8000))
    conversation.emit("http.request", event(conversation, method="GET", headers=headers), insist=False)
    await world.arrive()
    await world.settle({"status": 200})
    assert spans.one("GET").parent is None
    assert list(world.edge.sent[0].trace) == ["traceparent"]


@pytest.mark.parametrize("trace", [{"traceparent": PARENT}, None])
async def test_a_message_to_a_group_is_delivered_in_one_span_for_all_members_of_this_process(
    make_world: Any, make_owner: Any, spans: Spans, trace: Any
) -> None:
    world = make_world()
    kinds = traced(Kinds())
    inbox, owners = kinds.inbox(world.hub), [make_owner() for _ in range(300)]
    locals_ = [kinds.conversation(world.hub, owner).local for owner in owners]
    await inbox.dispatch(Grouped("room", locals_, {"text": "x"}, trace))
    assert [owner.heard for owner in owners] == [[{"text": "x"}]] * 300
    if trace is None:
        assert spans.names() == []
        return
    span = spans.one("deliver group")
    assert spans.names() == ["deliver group"]
    assert (span.kind, f"{span.get_span_context().trace_id:032x}") == (SpanKind.CONSUMER, PARENT.split("-")[1])
    assert (span.attributes or {})["towpath.members"] == 300


async def test_a_lost_turn_is_an_error_and_nothing_is_left_open(converse: Any, spans: Spans) -> None:
    world, conversation = converse()
    for _ in range(3):
        conversation.emit("websocket.receive", event(conversation, text="x"), insist=True)
    await world.arrive()
    await world.arrive(Lost(conversation.local, 1))
    assert spans.one("websocket.receive").status.status_code is StatusCode.ERROR
    conversation.abandon()
    assert spans.names().count("websocket.receive") == 3


async def test_a_websocket_is_traced_from_its_handshake_to_its_disconnect(make_world: Any, spans: Spans) -> None:
    world = make_world()
    owner = traced(Kinds()).socket_owner
    request = await world.shake_hands(begin=lambda *arguments: begin(*arguments, owner=owner))
    await world.settle({"accept": True})
    request.transport.lose("client", ConnectionError())
    await world.arrive()
    await world.settle()
    connect, disconnect = spans.one("websocket.connect"), spans.one("websocket.disconnect")
    assert [link.context for link in disconnect.links] == [connect.get_span_context()]
    assert connect.links == ()
