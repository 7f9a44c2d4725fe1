"""Requests that are absurd or hide another one, on real connections: one answer, and nothing behind them is read."""

from contextlib import closing
from typing import Any

import pytest

HOST = b"Host: example.com\r\n"
POST, GET = b"POST / HTTP/1.1\r\n" + HOST, b"GET / HTTP/1.1\r\n" + HOST
HIDDEN = b"GET /hidden HTTP/1.1\r\n" + HOST + b"\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize(
    ("status", "request_bytes"),
    [
        (b"431", GET + b"".join(b"X-%d: a\r\n" % number for number in range(1000)) + b"\r\n"),
        (b"431", GET + b"Cookie: a=" + b"x" * 40_000 + b"\r\n\r\n"),
        *(
            (b"400", POST + b"Content-Length: " + length + b"\r\n\r\n")
            for length in (b"9" * 30, b"9" * 5000, b"+1", b"0x1", "\u0663".encode(), b"1, 1", b"1,2", b"-0", b"1 1")
        ),
        (b"413", POST + b"Content-Length: 99999999999\r\n\r\n"),
        (b"403", b"GET /refused/ HTTP/1.1\r\n" + HOST + UPGRADE + KEY + b"\r\n"),
        (b"400", POST + UPGRADE + KEY + b"Content-Length: 5\r\n\r\nGET /"),
        (b"400", b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
        (b"200", GET + b"Connection: " + b",".join([b"close"] * 3000) + b"\r\n\r\n"),
        (b"200", POST + b"Connection: close\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\nx"),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_a_request_with_another_behind_it_has_one_answer(client: Any, status: bytes, request_bytes: bytes) -> None:
    client.send(request_bytes + HIDDEN)
    head = client.head()
    assert head.startswith(b"HTTP/1.1 " + status + b" ")
    assert b" Unknown" not in head
    rest = client.rest()
    assert b"HTTP/1.1 200" not in rest
    assert b"/hidden" not in rest


def test_thousands_of_offered_subprotocols_open_a_socket_without_one(client: Any) -> None:
    head = client.handshake(b"Sec-WebSocket-Protocol: " + b", ".join(b"p%d" % number for number in range(3500)))
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"sec-websocket-protocol" not in head.lower()


def test_a_trailer_does_not_change_the_length_of_a_body(server: Any) -> None:
    body = b"Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n1\r\nx\r\n0\r\nContent-Length: 50\r\n\r\n"
    with closing(server.connect()) as client:
        client.send(POST + body + GET + b"Connection: close\r\n\r\n")
        assert client.rest().count(b"HTTP/1.1 200 OK\r\n") == 2
