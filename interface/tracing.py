"""Traces of the events of clients, by OpenTelemetry. Imported only with tracing on.

| span | kind | from | to |
|---|---|---|---|
| `GET`, `websocket.receive` and so on | server | the event, complete | the settlement, with its replies written |
| `edge.wait` | internal | the event | its turn; absent if it went at once |
| `edge.write` | internal | the settlement has come | its replies are written |
| `deliver group` | consumer | the message to a group is read | it is written to all members of this process |

A request or handshake continues the trace of its `traceparent`, which only a trusted proxy can give (see `untraced` in
`http.facts`). Later events of a WebSocket are traces of their own, with a link to the handshake.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanContext, SpanKind, StatusCode

from towpath.layers.contract import Content, Will
from towpath.layers.inbox_events import Grouped, Replies, Settled
from towpath.layers.protocol import CONNECT, HTTP_REQUEST
from towpath.layers.tracing import carrier_of, context_in, context_of, tracer, warn_without_sdk

from .conversation import Conversation
from .http.facts import TRACE_HEADERS
from .inbox import Inbox
from .kinds import Kinds
from .turns import Event

#: Methods that name a span; others are `HTTP`, since clients choose them.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"))
#: From this status on a request has failed.
_SERVER_ERROR = 500


def traced(kinds: Kinds) -> Kinds:
    """Return the classes of a server whose events are traced."""
    warn_without_sdk()
    bases = (TracedConversation,) if kinds.conversation is Conversation else (TracedConversation, kinds.conversation)
    conversation = type("TracedConversation", bases, {"start_span": staticmethod(tracer().start_span)})
    inbox = type("TracedInbox", (TracedInbox, kinds.inbox), {})
    return replace(kinds, conversation=conversation, inbox=inbox)


class TracedInbox(Inbox):
    """An inbox with a span for each message to a group that has a trace, whatever the number of members."""

    async def _dispatch_group(self, event: Grouped) -> None:
        if event.trace is None:
            await super()._dispatch_group(event)
            return
        attributes: dict[str, str | int] = {
            "messaging.system": "towpath",
            "messaging.destination.name": event.group,
            "towpath.members": len(event.locals),
        }
        span = tracer().start_span("deliver group", context_of(event.trace), SpanKind.CONSUMER, attributes)
        try:
            await super()._dispatch_group(event)
        finally:
            span.end()


class TracedConversation(Conversation):
    """A conversation with a span for each event that is not settled."""

    #: Begins a span; set by `traced`.
    start_span: Callable[..., Span]

    def __init__(self, *arguments: Any) -> None:
        #: Of the turn that is out.
        self._span: Span = INVALID_SPAN
        #: Of events that have not left, by the identity of their content, and since when one waits for its turn, in
        #: nanoseconds; 0: it does not.
        self._waiting: dict[int, tuple[Span, int]] = {}
        #: The handshake's.
        self._first: SpanContext | None = None
        super().__init__(*arguments)

    def emit(self, channel: str, content: Content, *, insist: bool, will: Will | None = None) -> None:
        """Begin the span of an event, and send the event when its turn comes."""
        self._begin(channel, content)
        super().emit(channel, content, insist=insist, will=will)
        self._note_waiting(content)

    def close(self, channel: str | None = None, content: Content | None = None) -> None:
        """Begin the span of the last event, if there is one."""
        if channel is None or content is None or self._is_closed:
            super().close(channel, content)
            return
        self._begin(channel, content)
        super().close(channel, content)
        self._note_waiting(content)

    def _begin(self, channel: str, content: Content) -> None:
        links = [] if self._first is None else [Link(self._first)]
        span = self.start_span(
            _name(channel, content),
            _parent(content),
            SpanKind.SERVER,
            _attributes(channel, content),
            links,
        )
        if channel == CONNECT:
            self._first = span.get_span_context()
        self._waiting[id(content)] = span, 0

    def _note_waiting(self, content: Content) -> None:
        waiting = self._waiting.get(id(content))
        if waiting is not None:
            self._waiting[id(content)] = waiting[0], time.time_ns()

    def _post(self, event: Event, trace: dict[str, str] | None = None) -> None:
        span, began = self._waiting.pop(id(event.content), (INVALID_SPAN, 0))
        self._span = span
        context = context_in(span, _parent(event.content))
        if began:
            self.start_span("edge.wait", context, start_time=began).end()
        super()._post(event, carrier_of(context))

    def _deliver(self, event: Settled | Replies) -> None:
        if isinstance(event, Replies) or not self._span.is_recording():
            super()._deliver(event)
            return
        _note_status(self._span, event)
        write = self.start_span("edge.write", context_in(self._span))
        try:
            super()._deliver(event)
        finally:
            write.end()

    def _lose(self, turn: int, channel: str) -> None:
        self._span.set_status(StatusCode.ERROR, "the turn is lost")
        super()._lose(turn, channel)

    def _next_turn(self) -> None:
        span, self._span = self._span, INVALID_SPAN
        span.end()
        super()._next_turn()

    def _unregister(self) -> None:
        for span in (self._span, *(span for span, _ in self._waiting.values())):
            span.end()
        self._waiting.clear()
        super()._unregister()


def _name(channel: str, content: Content) -> str:
    if channel != HTTP_REQUEST:
        return channel
    method = content.get("method")
    return method if method in _METHODS else "HTTP"


def _parent(content: Content) -> Context:
    headers = content.get("headers")
    if not headers:
        return Context()
    found: dict[str, str] = {}
    for name, value in headers:
        if name in TRACE_HEADERS:
            with suppress(UnicodeDecodeError):
                found.setdefault(name.decode("ascii"), value.decode("ascii"))
    return context_of(found) if found else Context()


def _attributes(channel: str, content: Content) -> Mapping[str, str]:
    attributes = {
        "url.path": content.get("path"),
        "messaging.destination.name": channel,
        "towpath.connection": content.get("reply_channel"),
        "http.request.method": content.get("method"),
        "url.scheme": content.get("scheme"),
        "client.address": (content.get("client") or (None,))[0],
        "towpath.request_id": content.get("request_id"),
    }
    return {name: value for name, value in attributes.items() if isinstance(value, str)}


def _note_status(span: Span, event: Settled) -> None:
    status = event.replies[0].get("status") if event.replies else None
    if isinstance(status, int):
        span.set_attribute("http.response.status_code", status)
        if status >= _SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
