"""Health checks on the public port are answered by the server itself, whatever the client sends."""

import json
from typing import Any

import pytest

from towpath.interface.accesslog import no_log
from towpath.interface.monitoring.actions import ActionCounts
from towpath.interface.monitoring.exchanges import counted_exchange, exchange_with_health
from towpath.layers.monitoring import Check, Health

FAILURE = "no worker takes messages from http.request"


@pytest.fixture
def checked(make_server: Any) -> Any:
    """A server with few places for requests, whose readiness a test decides on."""
    server = make_server(max_connections=10)
    server.health = Health([Check("workers", FAILURE)])
    server.factory.exchange = exchange_with_health("/health", lambda: server.health)
    return server


def ask(server: Any, *head: bytes, body: bytes = b"") -> tuple[int, bytes, Any]:
    """Send a request; return the status, the body, and the client."""
    client = server.connect()
    client.send(b"\r\n".join((*head, b"Host: h", b"", body)))
    answer, _, content = client.received().partition(b"\r\n\r\n")
    return int(answer.split(b" ", 2)[1]), content, client


def test_readiness_is_answered_with_the_check_that_failed(checked: Any) -> None:
    status, content, _ = ask(checked, b"GET /health/ready HTTP/1.1")
    assert status == 503
    assert json.loads(content) == {"status": "not ready", "checks": {"workers": FAILURE}}
    checked.health = Health([Check("workers")])
    assert ask(checked, b"GET /health/ready?verbose HTTP/1.1")[0] == 200
    assert checked.conversations == []


def test_a_server_that_is_not_ready_is_live(checked: Any) -> None:
    status, content, client = ask(checked, b"GET /health/live HTTP/1.1")
    assert (status, json.loads(content)) == (200, {"status": "live"})
    client.send(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.received().startswith(b"HTTP/1.1 200 ")
    assert checked.hub.requests.used_amount == 0


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS", b"X"])
def test_no_method_and_no_body_reaches_the_application(checked: Any, method: bytes) -> None:
    head = method + b" /health/ready HTTP/1.1"
    bodies = [(b"Content-Length: 5", b"hello"), (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n")]
    for header, body in [*bodies, (b"Content-Length: 5000000", b"x" * 2_000_000)]:
        status, content, _ = ask(checked, head, header, body=body)
        assert (status, json.loads(content)["checks"]) == (503, {"workers": FAILURE})
    assert checked.conversations == []
    assert checked.hub.requests.used_amount == 0


def test_head_gets_no_body(checked: Any) -> None:
    assert ask(checked, b"HEAD /health/ready HTTP/1.1")[:2] == (503, b"")


def test_a_check_is_answered_while_as_many_requests_are_open_as_may_be(checked: Any) -> None:
    checked.hub.requests.overdraw(10)
    assert ask(checked, b"GET /health/live HTTP/1.1")[0] == 200
    assert checked.hub.requests.used_amount == 10


@pytest.mark.parametrize(
    "path", [b"/health", b"/health/", b"/health/ready/", b"/health/other", b"/ready", b"/x/health/ready"]
)
def test_other_paths_are_the_applications(checked: Any, path: bytes) -> None:
    client = checked.connect()
    client.send(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert checked.conversation.request["path"] == path.decode()


def test_checks_are_not_logged(checked: Any) -> None:
    actions = checked.actions()
    ask(checked, b"GET /health/ready HTTP/1.1")
    assert actions == []


def test_requests_are_counted_with_and_without_an_access_log(make_server: Any) -> None:
    logged: list[Any] = []
    for logger in (no_log, lambda *action: logged.append(action)):
        server, counts = make_server(), ActionCounts(logger)
        server.hub.log_action = counts
        server.factory.exchange = counted_exchange(counts)
        client = server.connect()
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        server.conversation.reply(status=404, headers=[], content=b"hello", more_content=False)
        client.send(b"not http\r\n\r\n")
        families = {family.name: dict(family.samples) for family in counts.families()}
        requests = families["towpath_interface_request_seconds"]
        assert sum(requests["4xx",].counts) == 2
        assert families["towpath_interface_response_bytes"][()] > 5
    assert [details["status"] for _, _, details in logged] == [404, 400]
