"""A request has one id, which a trusted proxy gives or the server makes; application and response have the same."""

import logging
import re
from typing import Any

import pytest

from towpath.layers.log_fields import fields_of

OPTIONS = {"request_id_header": "X-Request-ID"}
MADE = re.compile("[0-9a-f]{32}")


def ask(server: Any, *headers: bytes) -> tuple[dict[str, Any], Any]:
    """Send a request; return its message, and the client."""
    client = server.connect()
    client.send(b"\r\n".join((b"GET /a HTTP/1.1", b"Host: h", *headers, b"", b"")))
    return server.conversation.request, client


def ids(pairs: Any) -> list[str]:
    return [value.decode() for name, value in pairs if name.lower() == b"x-request-id"]


def answered(server: Any, client: Any, *headers: Any) -> list[str]:
    """Answer; return the ids that the client gets."""
    server.conversation.reply(status=200, headers=list(headers), content=b"x")
    return re.findall(r"(?im)^x-request-id: (.*)\r$", client.received().decode())


@pytest.mark.parametrize("sent", ["a1", "0af7651916cd43dd8448eb211c80319c", "Root=1-67891233-abc;Self=x", "A" * 128])
def test_the_id_of_a_trusted_proxy_is_taken(make_server: Any, sent: str) -> None:
    server = make_server(**OPTIONS, trusted_proxies=("192.0.2.0/24",))
    request, client = ask(server, b"x-request-id: " + sent.encode())
    assert (request["request_id"], ids(request["headers"])) == (sent, [sent])
    assert answered(server, client) == [sent]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b"X-Request-ID:"],
        [b"X-Request-ID: " + b"A" * 129],
        [b"X-Request-ID: two words"],
        [b'X-Request-ID: a"b'],
        [b"X-Request-ID: \xe9"],
        [b"X-Request-ID: a,b"],
        [b"X-Request-ID: a", b"X-Request-ID: b"],
    ],
)
def test_an_id_that_is_missing_or_not_valid_is_made(make_server: Any, headers: list[bytes]) -> None:
    server = make_server(**OPTIONS, trusted_proxies=("192.0.2.7",))
    request, client = ask(server, *headers)
    assert MADE.fullmatch(request["request_id"])
    assert ids(request["headers"]) == [request["request_id"]] == answered(server, client)


def test_a_client_chooses_no_id(make_server: Any) -> None:
    server = make_server(**OPTIONS, trusted_proxies=("10.0.0.0/8",))
    request, client = ask(server, b"X-Request-ID: mine")
    assert ids(request["headers"]) == [request["request_id"]]
    assert MADE.fullmatch(request["request_id"])
    assert answered(server, client, [b"X-Request-Id", b"of the application"]) == [request["request_id"]]


def test_each_request_of_a_connection_has_an_id_of_its_own(make_server: Any) -> None:
    server = make_server(**OPTIONS)
    first, client = ask(server)
    server.conversation.reply(status=200, content=b"x")
    client.send(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
    assert server.conversation.request["request_id"] != first["request_id"]


def test_pages_of_the_server_and_log_lines_have_the_id(make_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server = make_server(**OPTIONS, http_timeout_seconds=1)
    actions = server.actions()
    request, client = ask(server)
    server.hub.clock.advance(2)
    assert f"X-Request-ID: {request['request_id']}\r\n".encode() in client.received()
    [record] = [record for record in caplog.records if "no response in time" in record.getMessage()]
    assert fields_of(record)["request_id"] == request["request_id"]
    assert actions[0][2]["request_id"] == request["request_id"]


def test_without_the_option_headers_pass_as_they_are(make_server: Any) -> None:
    server = make_server(trusted_proxies=("192.0.2.7",))
    request, client = ask(server, b"X-Request-ID: mine")
    assert "request_id" not in request
    assert ids(request["headers"]) == ["mine"]
    assert answered(server, client, [b"X-Request-ID", b"of the application"]) == ["of the application"]
