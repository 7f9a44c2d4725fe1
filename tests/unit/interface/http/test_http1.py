"""A connection of HTTP/1: requests one after the other, bad ones refused, slow ones timed out, and how it closes."""

from typing import Any

import pytest

from towpath.interface.http.http1 import NEWCOMER_SECONDS

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"


def status_of(data: bytes) -> int:
    return int(data.split(b" ", 2)[1])


def test_a_head_may_come_byte_by_byte(server: Any, client: Any) -> None:
    client.send(*[bytes([byte]) for byte in GET])
    assert len(server.conversations) == 1


def test_requests_are_answered_one_after_the_other(server: Any, client: Any) -> None:
    client.send(GET + GET)
    assert len(server.conversations) == 1
    server.conversation.reply(status=200, content=b"1")
    assert len(server.conversations) == 2
    server.conversation.reply(status=200, content=b"2")
    data = client.received()
    assert data.index(b"\r\n\r\n1") < data.index(b"\r\n\r\n2")


def test_a_body_and_the_next_request_may_come_together(server: Any, client: Any) -> None:
    client.send(POST + b"abc" + GET)
    assert server.conversation.request["body"] == b"abc"
    server.conversation.reply(status=200, content=b"")
    assert server.conversation.request["method"] == "GET"


def test_refused_pipelined_requests_are_answered_in_their_turn(server: Any, client: Any) -> None:
    client.send(GET + b"GET\r\n\r\n" + GET)
    assert client.received() == b""
    server.conversation.reply(status=200, content=b"1")
    data = client.received()
    assert data.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 400" in data
    assert len(server.conversations) == 1
    assert client.is_closed


def test_one_empty_line_before_a_request_is_skipped(server: Any, client: Any) -> None:
    client.send(b"\r\n" + GET)
    assert len(server.conversations) == 1


def test_more_empty_lines_are_a_400(client: Any) -> None:
    client.send(b"\r\n\r\n\r\n" + GET)
    assert status_of(client.received()) == 400


def test_an_empty_line_alone_begins_nothing(server: Any, client: Any) -> None:
    client.send(b"\r", b"\n")
    server.hub.clock.advance(59)
    client.send(GET)
    assert len(server.conversations) == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rC: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\n C: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rC", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\n", 400),
        (b"GET /" + b"a" * 33_000, 414),
        (b"GET /" + b"a" * 33_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 33_000, 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 33_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_a_bad_head_is_answered_and_the_connection_closed(server: Any, client: Any, data: bytes, status: int) -> None:
    client.send(data)
    page = client.received()
    assert status_of(page) == status
    assert b"Connection: close\r\n" in page
    assert b"Server:" not in page and b"owpath" not in page and b"wisted" not in page
    assert client.is_closed
    assert server.conversations == []


def test_after_a_refusal_the_client_may_read_before_the_connection_ends(server: Any, client: Any) -> None:
    client.send(b"GET\r\n\r\n" + b"a" * 1000)
    assert client.transport.ends_writing
    assert not client.transport.disconnecting
    client.send(b"still sending")
    assert not client.is_aborted
    server.hub.clock.advance(6)
    assert client.is_aborted


def test_a_client_that_floods_a_refusal_is_cut_off(client: Any) -> None:
    client.send(b"GET\r\n\r\n")
    for _ in range(5):
        client.send(b"a" * 1_000_000)
    assert client.is_aborted


def test_http_1_0_closes_after_the_response(server: Any, client: Any) -> None:
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert server.conversation.request["http_version"] == "1.0"
    server.conversation.reply(status=200, content=b"")
    assert client.is_closed


def test_a_client_may_ask_for_the_close(server: Any, client: Any) -> None:
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    server.conversation.reply(status=200, content=b"")
    assert b"Connection: close\r\n" in client.received()
    assert client.is_closed


def test_an_idle_connection_is_closed(server: Any, client: Any) -> None:
    server.hub.clock.advance(59)
    assert not client.is_closed
    server.hub.clock.advance(2)
    assert client.is_closed
    assert client.received() == b""


def test_the_idle_time_begins_again_after_a_response(server: Any, client: Any) -> None:
    server.hub.clock.advance(50)
    client.send(GET)
    server.hub.clock.advance(100)
    server.conversation.reply(status=200, content=b"")
    server.hub.clock.advance(59)
    assert not client.is_closed
    server.hub.clock.advance(2)
    assert client.is_closed


def test_a_slow_head_is_a_408_however_often_it_grows(server: Any, client: Any) -> None:
    client.send(b"GET / HT")
    for _ in range(19):
        server.hub.clock.advance(1)
        client.send(b"T")
    assert client.received() == b""
    server.hub.clock.advance(2)
    assert status_of(client.received()) == 408
    assert client.is_closed


def test_timers_end_with_the_connection(server: Any, client: Any) -> None:
    client.send(GET)
    client.leave()
    assert server.hub.clock.getDelayedCalls() == []


def test_a_client_that_sends_ahead_is_paused(server: Any, client: Any) -> None:
    client.send(GET, b"a" * 60_000)
    assert not client.transport.is_paused
    client.send(b"a" * 10_000)
    assert client.transport.is_paused
    server.conversation.reply(status=200, content=b"")
    assert not client.transport.is_paused


def test_a_client_that_takes_nothing_sends_no_more_requests(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    assert not client.transport.is_paused
    server.conversation.reply(status=200, content=b"a" * 1000)
    assert client.transport.is_paused
    client.unblock()
    assert not client.transport.is_paused
    client.send(GET)
    assert len(server.conversations) == 2


def test_a_client_that_never_takes_the_response_is_cut_off(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 1000)
    server.hub.clock.advance(119)
    assert not client.is_aborted
    server.hub.clock.advance(2)
    assert client.is_aborted


def test_a_slow_client_has_its_idle_time_after_the_response(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 1000)
    server.hub.clock.advance(100)
    client.unblock()
    server.hub.clock.advance(59)
    assert not client.is_closed
    server.hub.clock.advance(2)
    assert client.is_closed


def test_an_answer_before_the_end_of_the_body_closes_the_connection(server: Any, client: Any) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n", b"a" * 1_500_000)
    server.conversation.reply(status=403, content=b"no")
    assert client.received().endswith(b"Connection: close\r\n\r\nno")
    assert client.transport.ends_writing


def test_one_connection_too_many_is_a_503(make_server: Any) -> None:
    server = make_server(max_connections=1)
    first, second = server.connect(), server.connect()
    assert status_of(second.received()) == 503
    assert second.is_closed
    second.leave()
    first.leave()
    assert server.connect().received() == b""


def test_going_away_closes_idle_connections_and_finishes_the_others(server: Any) -> None:
    idle, busy = server.connect(), server.connect()
    idle.send(GET)
    server.conversation.reply(status=200, content=b"")
    busy.send(GET)
    server.factory.go_away()
    assert idle.is_closed and not busy.is_closed
    server.conversation.reply(status=200, content=b"")
    assert b"Connection: close\r\n" in busy.received()
    assert busy.is_closed


def test_a_client_that_has_just_connected_is_answered_while_the_server_drains(server: Any) -> None:
    silent, begun, slow = server.connect(), server.connect(), server.connect()
    begun.send(GET[:8])
    slow.send(GET[:8])
    server.factory.go_away()
    late = server.connect()
    late.send(GET)
    server.conversation.reply(status=200, content=b"late")
    begun.send(GET[8:])
    server.conversation.reply(status=200, content=b"begun")
    assert late.received().endswith(b"Connection: close\r\n\r\nlate") and late.is_closed
    assert begun.received().endswith(b"Connection: close\r\n\r\nbegun") and begun.is_closed
    assert not silent.is_closed and not slow.is_closed
    server.hub.clock.advance(NEWCOMER_SECONDS + 1)
    assert silent.is_closed and status_of(slow.received()) == 408


def test_going_away_in_the_middle_of_a_response_closes_after_it(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"1", more_content=True)
    server.factory.go_away()
    assert not client.is_closed
    server.conversation.reply(content=b"2")
    assert client.is_closed


def test_the_factory_knows_its_connections(server: Any) -> None:
    client = server.connect()
    assert len(server.factory) == 1
    client.leave()
    assert len(server.factory) == 0


def test_a_trusted_proxy_is_believed(make_server: Any) -> None:
    server = make_server(trusted_proxies=("192.0.2.7",))
    server.connect().send(
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.5:9\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Port: 443\r\nX-Forwarded-Host: example.com\r\n\r\n"
    )
    request = server.conversation.request
    assert (request["client"], request["server"], request["scheme"]) == (
        ("203.0.113.5", 9),
        ("192.0.2.1", 443),
        "https",
    )
    assert server.conversation.owner.head.host == b"example.com"


def test_others_are_not_believed(server: Any, client: Any) -> None:
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https\r\n\r\n")
    request = server.conversation.request
    assert (request["client"], request["scheme"]) == (("192.0.2.7", 50000), "http")
    assert server.conversation.owner.head.host == b"h"


def test_alpn_offers_http_2_and_1(server: Any) -> None:
    assert server.factory.acceptableProtocols() == [b"h2", b"http/1.1"]


def test_refused_requests_are_logged(server: Any, client: Any) -> None:
    actions = server.actions()
    client.send(b"nonsense\r\n\r\n")
    ((protocol, action, details),) = actions
    assert (protocol, action, details["status"], details["path"]) == ("http", "complete", 400, "-")
    assert details["client"] == "192.0.2.7:50000"
