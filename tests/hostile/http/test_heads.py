"""Heads: their result does not depend on packets, and the work for one is bounded by its bytes."""

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"

#: Parts of which some make requests, and most do not.
parts = st.sampled_from(
    [GET, HOST, b"GET /x?y HTTP/1.1\r\n", b"POST /p HTTP/1.1\r\n", b"HEAD / HTTP/1.0\r\n", b"Content-Length: 5\r\n",
     b"Transfer-Encoding: chunked\r\n", b"\r\n", b"\r", b"\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"X: y\r\n",
     b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"X: \x0b\r\n", b" fold\r\n", b"X_Y: z\r\n",
     b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"Upgrade: websocket\r\n", b"GET /%ff HTTP/1.1\r\n",
     b"\x00", b"\x85"]
)  # fmt: skip
soups = st.lists(parts, max_size=14).map(b"".join)
requests = st.lists(
    st.sampled_from(
        [
            GET,
            b"POST /l HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
            b"POST /c HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
            b"\r\nGET /e HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /" + b"x" * 600 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        ]
    ),
    max_size=5,
).map(b"".join)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes into pieces."""
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges) if begin < end]


def refusals_alike(statuses: list[int]) -> list[int]:
    """Return statuses with 400 for all refusals: of a head with two faults, the one that is found first is reported."""
    return [min(status, 400) for status in statuses]


@given(soups | requests | st.binary(max_size=80), st.lists(st.integers(0, 2000), max_size=10))
@example(b"\r\n" + GET, [1])
@example(GET[:-1], list(range(40)))
@example(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ\r\n\r\n", [28, 29, 30])
@example(b"GET / HTTP/2.0\r\nHost: a\nX: y\r\n\r\n", [30])
def test_what_comes_of_bytes_does_not_depend_on_packets(site: Any, data: bytes, cuts: list[int]) -> None:
    whole, in_pieces = site.send([data]), site.send(cut(data, cuts))
    assert in_pieces.requests == whole.requests
    assert refusals_alike(in_pieces.statuses) == refusals_alike(whole.statuses)
    if whole.is_closed:  # by the same request
        assert in_pieces.is_closed


@pytest.mark.parametrize(
    "data",
    [
        GET
        + b"POST /c HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"
        + GET,
        b"\r\n" + GET + b"\r\n" + GET,
        b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello" + GET,
        GET + b"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n" + GET,
    ],
)
def test_every_split_in_two_gives_the_same(site: Any, data: bytes) -> None:
    whole = site.send([data])
    assert all(site.send([data[:at], data[at:]]) == whole for at in range(len(data)))
    assert site.send([data[at : at + 1] for at in range(len(data))]) == whole


@given(soups | st.binary(max_size=200))
def test_no_bytes_make_the_server_raise_or_send_anything_but_http(site: Any, data: bytes) -> None:
    connection, transport = site.connect()
    connection.dataReceived(data)
    written = transport.value()
    connection.connectionLost(Failure(ConnectionDone()))
    assert written == b"" or written.startswith(b"HTTP/1.1 ")


def test_the_longest_head_in_the_smallest_packets_is_little_work(make_site: Any) -> None:
    site = make_site()
    head = b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: y\r\n" % at for at in range(150)) + b"X: " + b"y" * 28_000
    connection, transport = site.connect()
    began = time.process_time()
    for at in range(len(head)):
        connection.dataReceived(head[at : at + 1])
    assert time.process_time() - began < 3, "it was half a minute when the whole head was searched for each byte"
    assert transport.value() == b""
    assert not transport.is_closed


def test_a_head_that_does_not_come_is_a_408_whatever_trickles(make_site: Any) -> None:
    site = make_site(head_timeout_seconds=20)
    connection, transport = site.connect()
    for byte in b"GET / HTTP/1.1\r\nX: yyyyyyyyyy":
        connection.dataReceived(bytes([byte]))
        site.hub.clock.advance(1)
    assert transport.value().startswith(b"HTTP/1.1 408 ")
    assert transport.is_closed


@pytest.mark.parametrize("length", [100, 300_000])
@pytest.mark.parametrize("pause_seconds", [1, 59])
def test_a_body_that_trickles_is_a_408_and_reaches_no_application(
    make_site: Any, length: int, pause_seconds: int
) -> None:
    site = make_site(body_timeout_seconds=60)
    connection, transport = site.connect()
    connection.dataReceived(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % length)
    for _ in range(63 // pause_seconds + 1):
        connection.dataReceived(b"x")
        site.hub.clock.advance(pause_seconds)
    assert transport.value().startswith(b"HTTP/1.1 408 ")
    assert site.seen == []


def test_a_client_that_says_nothing_is_let_go(make_site: Any) -> None:
    site = make_site(idle_timeout_seconds=60)
    _, transport = site.connect()
    site.hub.clock.advance(61)
    assert transport.is_closed


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"x" * 40_000, 414),
        (b"x" * 40_000, 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 40_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 7_000, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 40_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_huge_head_is_refused_before_it_is_kept(make_site: Any, head: bytes, status: int) -> None:
    site = make_site(head_max_bytes=32 * 1024)
    outcome = site.send([head + b"\r\n"])
    assert outcome.statuses == [status]
    assert outcome.requests == []
    assert site.send(cut(head, list(range(0, len(head), 1000)))).statuses == [status]


def test_requests_ahead_of_their_answers_are_held_back(make_site: Any) -> None:
    """A client that keeps sending without reading answers is paused, and the bytes kept for it are bounded."""
    site = make_site()
    site.factory.converse = lambda owner: Silent()
    connection, transport = site.connect()
    connection.dataReceived(GET)
    sent = 0
    while transport.producerState != "paused":
        connection.dataReceived(GET * 100)
        sent += 100 * len(GET)
        assert sent < 200_000
    assert len(connection._buffer) <= 200_000


class Silent:
    """An application that does not answer."""

    reply_channel = "interface.me!you"
    is_closed = False

    def emit(self, channel: str, content: dict[str, Any], *, insist: bool) -> None:
        pass

    def close(self, channel: str | None = None, content: dict[str, Any] | None = None) -> None:
        pass
