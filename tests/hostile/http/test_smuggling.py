"""A request that two parsers could read in two ways reaches no consumer, and neither does anything after it."""

from typing import Any

import pytest

HOST = b"Host: example.com\r\n"
#: What an attacker wants to have read as a request of its own.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    """Return a POST with these header lines."""
    return b"POST / HTTP/1.1\r\n" + HOST + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


UNCLEAR_LENGTHS = [
    post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"),
    post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    post(b"Content-Length: 5, 5", body=b"hello"),
    post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
    post(b"Content-Length: +5", body=b"hello"),
    post(b"Content-Length: -0"),
    post(b"Content-Length: 0x5", body=b"hello"),
    post(b"Content-Length: 5_0", body=b"hello"),
    post(b"Content-Length: 5.0", body=b"hello"),
    post(b"Content-Length: \xd9\xa5", body=b"hello"),
    post(b"Content-Length:"),
    post(b"Content-Length: 5 5", body=b"hello"),
    post(b"Content-Length: 5\x00", body=b"hello"),
    post(b"Content-Length: 18446744073709551621", body=b"hello"),
    post(b"Content-Length : 5", body=b"hello"),
    post(b"Content-Length\t: 5", body=b"hello"),
    post(b" Content-Length: 5", body=b"hello"),
    post(b"\x0bContent-Length: 5", body=b"hello"),
    post(b"Content-Length: 5\r\n\x20", body=b"hello"),
]
UNCLEAR_CODINGS = [
    post(b"Transfer-Encoding: " + coding, body=b"0\r\n\r\n")
    for coding in (
        b"xchunked", b"chunked, chunked", b"chunked, identity", b"gzip, chunked", b"identity", b"chunked;q=1",
        b'"chunked"', b"'chunked'", b"\x0bchunked", b"chunked\x0b", b"\x0cchunked", b"chunked\x85", b"\x00chunked",
        b"chunked\r", b"", b",chunked", b"chunked,", b"cow, chunked", b"chun\xc2\xadked",
    )
] + [
    post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding\x0b: chunked", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"),
    post(b"X: y\rTransfer-Encoding: chunked", body=b"0\r\n\r\n"),
    post(b"X: y\nTransfer-Encoding: chunked", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding\n: chunked", body=b"0\r\n\r\n"),
    b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]  # fmt: skip
UNCLEAR_LINES = [
    b"GET / HTTP/1.1\nHost: example.com\n\n",
    b"GET / HTTP/1.1\r\nHost: example.com\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com\r\n\nX: y\r\n\r\n",
    b"GET / HTTP/1.1\rHost: example.com\r\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nb: c\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n\tb\r\n\r\n",
    b"GET / HTTP/1.1\r\n X: folded\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b": no name\r\n\r\n",
    b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /\x0b HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1\x00\r\n" + HOST + b"\r\n",
    b"GET /\r\n" + HOST + b"\r\n",
    b"\r\n\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\nGET / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\xef\xbb\xbfGET / HTTP/1.1\r\n" + HOST + b"\r\n",
]
UNCLEAR_HOSTS = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"host: other.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com, other.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com other.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com/path\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com#\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: user@example.com\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com\\@other.example\r\n\r\n",
    b"GET http://user@example.com/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET http:///path HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET //other.example\\@/ HTTP/1.1\r\nHost:\x0bexample.com\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", UNCLEAR_LENGTHS + UNCLEAR_CODINGS + UNCLEAR_LINES + UNCLEAR_HOSTS)
def test_an_ambiguous_request_reaches_no_consumer(site: Any, request_bytes: bytes) -> None:
    outcome = site.send([request_bytes + SMUGGLED])
    assert outcome.requests == []
    assert outcome.statuses in ([400], [501])
    assert outcome.is_closed


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\n\n", b"\r\r"])
def test_a_line_that_ends_otherwise_is_refused_before_the_rest_has_come(site: Any, end: bytes) -> None:
    outcome = site.send([b"GET / HTTP/1.1\r\nHost: example.com" + end + b"X: y"])
    assert outcome.statuses == [400]
    assert outcome.is_closed


@pytest.mark.parametrize("byte", [*range(9), *range(10, 32), 0x7F, 0x85])
@pytest.mark.parametrize("where", [b"X: %cb", b"X: a%cb", b"X: a%c", b"%cX: a", b"X%c: a", b"X%cY: a"])
def test_a_control_byte_is_never_part_of_a_header(site: Any, byte: int, where: bytes) -> None:
    outcome = site.send([b"GET / HTTP/1.1\r\n" + HOST + where % byte + b"\r\nOrigin: http://own.example\r\n\r\n"])
    assert outcome.requests == []
    assert outcome.statuses == [400]


def test_a_name_with_an_underscore_is_not_another_header(site: Any) -> None:
    hidden = [b"Content_Length: 9", b"Transfer_Encoding: chunked", b"X_Forwarded_For: 127.0.0.1", b"Ho_st: other"]
    (request,) = site.send([post(b"Content-Length: 5", *hidden, body=b"hello")]).requests
    assert request["headers"] == ((b"host", b"example.com"), (b"content-length", b"5"))
    assert request["body"] == b"hello"


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"TRACE", b"QUERY"])
def test_a_body_belongs_to_its_request_whatever_the_method(site: Any, method: bytes) -> None:
    head = method + b" / HTTP/1.1\r\n" + HOST
    with_length = head + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED
    in_chunks = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n"
    for request_bytes in (with_length, in_chunks):
        (request,) = site.send([request_bytes]).requests
        assert request["body"] == SMUGGLED


def test_what_follows_the_last_request_of_a_connection_reaches_no_consumer(site: Any) -> None:
    for last in (b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"):
        outcome = site.send([last + SMUGGLED])
        assert [request["path"] for request in outcome.requests] == ["/"]
        assert outcome.is_closed


def test_bytes_behind_a_handshake_are_not_a_request(make_site: Any) -> None:
    site = make_site()
    handshake = (
        b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    outcome = site.send([handshake + b"\r\n" + SMUGGLED])
    assert outcome.requests == []
    assert len(site.handshakes) == 1
    assert site.send([handshake + b"Content-Length: 5\r\n\r\nhello" + SMUGGLED]).statuses == [400]
