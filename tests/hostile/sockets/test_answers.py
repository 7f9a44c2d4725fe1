"""Answers to handshakes as the application words them, on real connections."""

from contextlib import closing
from typing import Any

CLOSE = 8


def test_an_accept_carries_cookies_and_a_close_its_reason(client: Any) -> None:
    head = client.handshake(path=b"/cookie/")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSet-Cookie: " + "city=хлеб".encode() in head
    frame = client.frame()
    assert (frame.opcode, frame.payload) == (CLOSE, b"\x11\x31gone")


def test_a_refusal_carries_status_headers_and_content(client: Any) -> None:
    head = client.handshake(path=b"/unauthorized/")
    assert head.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    assert b"\r\nWWW-Authenticate: Basic\r\n" in head
    assert b"\r\nContent-Length: 12\r\n" in head
    assert client.rest() == b"who are you?"


def test_an_answer_that_cannot_be_read_is_a_500_at_once(start_server: Any) -> None:
    server = start_server("--websocket-handshake-timeout", "1000", "--grace", "2")
    with closing(server.connect()) as client:
        assert client.handshake(path=b"/typo/").startswith(b"HTTP/1.1 500 ")
    assert "unknown key 'subprotcol'" in server.log
