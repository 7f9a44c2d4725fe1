"""Traces of consumers, by OpenTelemetry. Imported only with tracing on.

| span | kind | from | to |
|---|---|---|---|
| `queue` | internal | the message was accepted by the layer, by the store's clock | its consumer begins |
| `process websocket.receive` and so on | consumer | | its consumer has ended |
| `settlement` | internal | its consumer has ended | the settlement is written |
| `send group` | producer | its consumer has ended | its settlement, or what is sent at once, is written |

The consumer's span is the current one while it runs: spans of Django, of Celery and of the project are its children.
Messages that it sends to named channels and to groups continue its trace; delayed ones begin a trace with a link to it.
"""

import time
from typing import Any

from opentelemetry import context as current
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode

from towpath.channels import Message
from towpath.layers.contract import Envelope, Received, Settlement
from towpath.layers.entries import sent_at
from towpath.layers.tracing import context_in, continued, has_span, origin_of, tracer
from towpath.routing import Match, name_of

from .run import Runner
from .verdicts import Verdict


class WorkerTracing:
    """An observer of one worker."""

    def __init__(self) -> None:
        self._start_span = tracer().start_span
        #: When the messages of the batch were sent, by the identity of their envelopes, in nanoseconds.
        self._sent: dict[int, int] = {}
        #: Runs whose settlements are not written yet: their context, and when they ended.
        self._ended: list[tuple[Context, int]] = []
        #: Spans of sends to groups that are not written yet.
        self._sends: list[Span] = []

    def runner(self, base: type[Runner]) -> type[Runner]:
        """Return a class of runners that trace for this worker."""
        tracing = self

        class TracedRunner(base):  # type: ignore[valid-type,misc]  # a class that is chosen when the worker starts
            """Runs each consumer inside a span."""

            def _run(self, envelope: Envelope) -> Settlement:
                return tracing.run(envelope, lambda: base._run(self, envelope))

            def _call(self, match: Match, message: Message) -> None:
                tracing.note_consumer(match)
                base._call(self, match, message)

            def _judge(self, error: BaseException, message: Message, envelope: Envelope) -> Verdict:
                verdict = base._judge(self, error, message, envelope)
                tracing.note_error(error, verdict)
                return verdict

        return TracedRunner

    def ran(self, channel: str, seconds: float, now: float) -> None:
        """Do nothing: the end of a run is known to its runner."""

    def taken(self, received: Received) -> None:
        """Note when messages were sent."""
        self._sent = {id(item.envelope): int(sent_at(item.raw) * 1e9) for item in received.taken}

    def written(self) -> None:
        """End the spans of settlements."""
        ended, self._ended = self._ended, []
        now = time.time_ns()
        for context, began in ended:
            self._start_span("settlement", context, start_time=began).end(now)
        sends, self._sends = self._sends, []
        for span in sends:
            span.end(now)

    # `Any`: a function of the runner's, which is a class of the moment.
    def run(self, envelope: Envelope, run: Any) -> Settlement:
        """Run a consumer inside a span of its message's trace."""
        parent, links = origin_of(envelope.trace)
        now = time.time_ns()
        sent = self._sent.pop(id(envelope), now)
        attributes = {"messaging.system": "towpath", "messaging.destination.name": envelope.channel}
        self._span = self._start_span(f"process {envelope.channel}", parent, SpanKind.CONSUMER, attributes, links)
        context = context_in(self._span, parent)
        if not has_span(parent):  # the trace begins here
            parent = context
        self._start_span("queue", parent, start_time=min(sent, now)).end(now)
        token = current.attach(context)
        try:
            settlement: Settlement = run()
        finally:
            current.detach(token)
            self._span.end()
            self._ended.append((parent, time.time_ns()))
        settlement.sends = [continued(send, context, self._sends) for send in settlement.sends]
        return settlement

    def note_consumer(self, match: Match) -> None:
        """Name the consumer that runs."""
        self._span.set_attribute("code.function.name", name_of(match.consumer))

    def note_error(self, error: BaseException, verdict: Verdict) -> None:
        """Note what a consumer has raised, if it is a failure."""
        if verdict.is_failed:
            self._span.record_exception(error)
            self._span.set_status(StatusCode.ERROR, type(error).__name__)
