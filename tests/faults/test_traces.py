"""One trace of one event through two real processes and Redis; lines of both name the connection and the request."""

import http.client
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect

#: Each process writes the spans that it has ended into a file of its own, a line for each.
SPANS = """
import json, os
from pathlib import Path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

class Lines(SpanExporter):
    def export(self, spans):
        with (Path(__file__).parent / f"spans-{os.getpid()}").open("a") as lines:
            for span in spans:
                context, parent = span.get_span_context(), span.parent
                line = {
                    "name": span.name, "trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}",
                    "parent": parent and f"{parent.span_id:016x}", "process": os.getpid(),
                    "start": span.start_time, "end": span.end_time,
                }
                lines.write(json.dumps(line) + chr(10))
        return SpanExportResult.SUCCESS

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Lines()))
trace.set_tracer_provider(provider)
"""
URLS = """
import logging
from django.http import HttpResponse
from django.urls import path
from opentelemetry import trace
from towpath import Group

def page(request):
    Group("room").send({"text": "x"}, immediately=True)
    logging.getLogger("towpath.page").warning("in the view")
    with trace.get_tracer("project").start_as_current_span("a query"):
        return HttpResponse(request.META["HTTP_X_REQUEST_ID"])

urlpatterns = [path("page/", page)]
"""
TRACE_ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def spans_of(project: Any) -> list[dict[str, Any]]:
    """Return the spans of all processes."""
    files = sorted(project.folder.glob("spans-*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def fetch(port: int) -> tuple[bytes, str | None]:
    """Request a page like a proxy with tracing; return the page and the id in its headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"traceparent": f"00-{TRACE_ID}-{PARENT}-01", "X-Request-ID": "of-the-proxy"}
    connection.request("GET", "/page/", headers=headers)
    response = connection.getresponse()
    return response.read(), response.headers["X-Request-ID"]


def test_an_event_is_one_trace_in_two_processes_and_its_lines_name_connection_and_request(
    faulty: Any, within_patience: Any, wait_until: Callable[..., None]
) -> None:
    project = faulty.project
    project.write("urls.py", URLS)
    project.write("spans.py", SPANS)
    project.write("settings.py", (project.folder / "settings.py").read_text() + "\nimport spans\n")
    options = ("--trusted-proxies", "127.0.0.1", "--request-id-header", "X-Request-ID", "--access-log", "-")
    interface, port = faulty.interface("--tracing", "on", *options)
    worker = faulty.worker("--tracing", "on", "--log-format", "json")
    assert fetch(port) == (b"of-the-proxy", "of-the-proxy")

    async def echo() -> None:
        async with connect(f"ws://127.0.0.1:{port}/") as client:
            await client.send("x")
            assert await client.recv() == "x"

    within_patience(echo())
    wait_until(lambda: sum(span["name"] == "settlement" for span in spans_of(project)) >= 4)
    wait_until(lambda: "WSDISCONNECT" in interface.output)

    request = {span["name"]: span for span in spans_of(project) if span["trace"] == TRACE_ID}
    assert set(request) == {
        *("GET", "queue", "process http.request", "send group", "a query", "settlement", "edge.write")
    }
    parents = {name: span["parent"] for name, span in request.items()}
    root, run = request["GET"]["span"], request["process http.request"]["span"]
    assert parents == dict.fromkeys(request, root) | {"GET": PARENT, "a query": run, "send group": run}
    assert request["GET"]["process"] != request["queue"]["process"]
    order = [request[name] for name in ("queue", "process http.request", "settlement", "edge.write")]
    assert [span["start"] for span in order] == sorted(span["start"] for span in order)

    received = next(span for span in spans_of(project) if span["name"] == "websocket.receive")
    names = {span["name"] for span in spans_of(project) if span["trace"] == received["trace"]}
    assert {"websocket.receive", "queue", "process websocket.receive", "settlement", "edge.write"} <= names

    [line] = [json.loads(line) for line in worker.output.splitlines() if '"in the view"' in line]
    assert (line["request_id"], line["path"]) == ("of-the-proxy", "/page/")
    [access] = [line for line in interface.output.splitlines() if '"GET /page/"' in line]
    assert access.endswith(f" connection={line['connection']} request_id=of-the-proxy")
    [closed] = [line for line in interface.output.splitlines() if "WSDISCONNECT" in line]
    assert " 1000 - connection=interface." in closed and 'reason="client: closed"' in closed
