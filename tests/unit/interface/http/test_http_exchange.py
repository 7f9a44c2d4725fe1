"""One request and its response: the message of the application, the bytes of the client, and how each can end."""

import re
from typing import Any

import pytest
from twisted.internet.address import UNIXAddress

from towpath.interface.counters import Count

GET = b"GET /a%20b?x=%31 HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n"


def without_date(data: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]+ GMT\r\n", b"", data)


def status_of(data: bytes) -> int:
    return int(data.split(b" ", 2)[1])


def post(length: int, *more: bytes) -> bytes:
    head = b"POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n" % length
    return head + b"".join(line + b"\r\n" for line in more) + b"\r\n"


def test_a_get_becomes_one_message(server: Any, client: Any) -> None:
    client.send(GET)
    assert server.conversation.request == {
        "reply_channel": "interface.me!you",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a b",
        "root_path": "",
        "query_string": b"x=%31",
        "headers": ((b"host", b"example.com"), (b"accept", b"*/*"), (b"x-two", b"1"), (b"x-two", b"2")),
        "body": b"",
        "client": ("192.0.2.7", 50000),
        "server": ("192.0.2.1", 80),
    }


def test_the_root_path_is_part_of_the_request(make_server: Any) -> None:
    server = make_server(root_path="/app")
    server.connect().send(GET.replace(b"/a%20b", b"/app/a%20b"))
    request = server.conversation.request
    assert (request["root_path"], request["path"]) == ("/app", "/a b")


def test_there_are_no_addresses_on_a_unix_socket(server: Any) -> None:
    server.connect(host=UNIXAddress("/run/s"), peer=UNIXAddress(None)).send(GET)
    assert server.conversation.request["client"] is None
    assert server.conversation.request["server"] is None


def test_ipv4_clients_of_an_ipv6_socket_are_ipv4(server: Any) -> None:
    from twisted.internet.address import IPv6Address

    server.connect(peer=IPv6Address("TCP", "::ffff:192.0.2.9", 5)).send(GET)
    assert server.conversation.request["client"] == ("192.0.2.9", 5)


def test_a_complete_reply_is_a_response_with_its_length_and_date(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, headers=[[b"X-Own", b"1"]], content=b"hello")
    data = client.received()
    assert re.search(rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", data)
    assert without_date(data) == b"HTTP/1.1 200 OK\r\nX-Own: 1\r\nContent-Length: 5\r\n\r\nhello"
    assert server.conversation.is_closed
    assert len(server.conversation.events) == 1
    assert not client.is_closed


def test_a_reply_in_parts_is_chunked(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"", more_content=True)
    assert without_date(client.received()) == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.conversation.reply(content=b"0123456789ab", more_content=True)
    assert client.received() == b"c\r\n0123456789ab\r\n"
    server.conversation.reply(content=b"", more_content=True)
    assert client.received() == b""
    assert not server.conversation.is_closed
    server.conversation.reply(content=b"z")
    assert client.received() == b"1\r\nz\r\n0\r\n\r\n"
    assert server.conversation.is_closed


def test_a_reply_in_parts_with_a_length_is_not_chunked(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, headers=[[b"content-length", b"4"]], content=b"ab", more_content=True)
    server.conversation.reply(content=b"cd")
    assert client.received().endswith(b"\r\n\r\nabcd")
    assert not client.is_closed


def test_a_reply_in_parts_ends_with_the_connection_on_http_1_0(server: Any, client: Any) -> None:
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    server.conversation.reply(status=200, content=b"ab", more_content=True)
    server.conversation.reply(content=b"cd")
    data = client.received()
    assert b"chunked" not in data
    assert data.endswith(b"Connection: close\r\n\r\nabcd")
    assert client.is_closed


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(server: Any, client: Any, status: int) -> None:
    client.send(GET)
    server.conversation.reply(status=status, content=b"ignored")
    data = client.received()
    assert data.endswith(b"\r\n\r\n")
    assert b"ontent-" not in data


def test_a_head_request_keeps_the_length_and_gets_no_body(server: Any, client: Any) -> None:
    client.send(GET.replace(b"GET", b"HEAD"))
    server.conversation.reply(status=200, headers=[[b"Content-Length", b"9"]], content=b"", more_content=True)
    server.conversation.reply(content=b"not shown")
    assert without_date(client.received()) == b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert server.conversation.is_closed


def test_what_belongs_to_the_connection_is_the_servers(server: Any, client: Any) -> None:
    client.send(GET)
    own = [[b"Transfer-Encoding", b"gzip"], [b"Connection", b"close"], [b"Keep-Alive", b"1"], [b"Date", b"today"]]
    server.conversation.reply(status=200, headers=own, content=b"")
    assert client.received() == b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert client.is_closed


@pytest.mark.parametrize("value", ["хлеб".encode(), b"caf\xe9", b"a\tb", b"", b" "])
def test_a_header_value_in_utf8_or_latin1_is_sent_as_it_is(server: Any, client: Any, value: bytes) -> None:
    client.send(GET)
    server.conversation.reply(status=200, headers=[[b"A", value]], content=b"")
    assert b"\r\nA: " + value + b"\r\n" in client.received()


@pytest.mark.parametrize("pair", [["X-Own", "хлеб"], [b"X-Own", "хлеб"], ["X-Own", "хлеб".encode()]])
def test_a_text_header_is_sent_as_utf8(server: Any, client: Any, pair: list[Any]) -> None:
    client.send(GET)
    server.conversation.reply(status=200, headers=[pair, ["content-length", "5"]], content=b"hello")
    assert without_date(client.received()) == (
        b"HTTP/1.1 200 OK\r\nX-Own: " + "хлеб".encode() + b"\r\ncontent-length: 5\r\n\r\nhello"
    )


def test_parts_after_the_last_are_ignored(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"1")
    client.received()
    server.conversation.reply(content=b"2")
    assert client.received() == b""


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ({"content": b""}, "status is None"),
        ({"status": "200"}, "status is '200'"),
        ({"status": 101}, "status is 101"),
        ({"status": True}, "status is True"),
        ({"status": 200, "content": "text"}, "content is a str"),
        ({"status": 200, "headers": {"a": "b"}}, "headers is a dict"),
        ({"status": 200, "headers": [b"ab"]}, "not a pair"),
        ({"status": 200, "headers": [[b"A", 5]]}, "neither bytes nor str"),
        ({"status": 200, "headers": [[None, b"b"]]}, "neither bytes nor str"),
        ({"status": 200, "headers": [["A", "b\r\nSet-Cookie: c"]]}, "would break"),
        ({"status": 200, "headers": [["Ä", "b"]]}, "would break"),
        ({"status": 200, "headers": [[b"A", b"b\r\nSet-Cookie: c"]]}, "would break"),
        *[
            ({"status": 200, "headers": [[b"A", b"b" + byte + b"c"]]}, "would break")
            for byte in (
                b"\0",
                b"\r",
                b"\n",
                b"\x0b",
                b"\x0c",
                b"\x1c",
                b"\x1d",
                b"\x1e",
                b"\x7f",
                b"\x85",
                b"\xc2\x85",
            )
        ],
        ({"status": 200, "headers": [[b"A b", b""]]}, "would break"),
        ({"status": 200, "headers": [[b"content-length", b"x"]]}, "not a number"),
        ({"status": 200, "headers": [[b"content-length", b"3"]], "content": b"12"}, "has 2 bytes"),
        ({"status": 200, "headers": [[b"content-length", b"0"], [b"Content-Length", b"0"]]}, "more than one"),
        ({"status": 200, "headers": [[b"content-length", b"1"]], "content": b"12", "more_content": True}, "2 bytes"),
        ({"status": 200, "flow_channel": 1}, "flow_channel is a int"),
        ({"closed": True}, "gave up"),
    ],
)
def test_a_reply_that_is_not_a_response_is_a_500_and_logged(
    server: Any, client: Any, caplog: pytest.LogCaptureFixture, reply: dict[str, Any], complaint: str
) -> None:
    client.send(GET)
    server.conversation.reply(**reply)
    data = client.received()
    assert status_of(data) == 500
    assert b"Set-Cookie" not in data
    assert complaint in caplog.text
    assert server.hub.counters.totals[Count.REPLIES_BAD] == 1
    assert server.conversation.is_closed
    assert client.is_closed


@pytest.mark.parametrize(
    "later",
    [
        {"status": 200, "content": b""},
        {"content": "text"},
        {"content": b"123456", "more_content": True},
        {"content": b"12"},
        {"content": b"", "more_content": True, "closed": True},
    ],
)
def test_a_bad_later_part_cuts_the_response_off(server: Any, client: Any, later: dict[str, Any]) -> None:
    client.send(GET)
    server.conversation.reply(status=200, headers=[[b"content-length", b"5"]], content=b"1", more_content=True)
    server.conversation.reply(**later)
    assert client.is_aborted
    assert server.conversation.is_closed


def test_a_client_that_waits_is_asked_to_send_its_body(server: Any, client: Any) -> None:
    client.send(post(5, b"Expect: 100-continue"))
    assert client.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hello")
    assert server.conversation.request["body"] == b"hello"


def test_a_client_that_has_begun_is_not_told(client: Any) -> None:
    client.send(post(5, b"Expect: 100-continue") + b"he")
    assert client.received() == b""


def test_a_chunked_body_is_gathered(server: Any, client: Any) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.send(head + b"3\r\nabc\r\n", b"2;x=y\r\nde\r\n0\r\nTrailer: no\r\n", b"\r\n")
    assert server.conversation.request["body"] == b"abcde"


def test_a_broken_chunk_is_a_400_and_the_application_never_asked(server: Any, client: Any) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert status_of(client.received()) == 400
    assert client.is_closed
    assert server.conversations == []


def test_a_broken_chunk_cuts_off_a_response_that_has_begun(server: Any, client: Any) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.send(head + b"%x\r\n%b\r\n" % (1_500_000, b"a" * 1_500_000))
    server.conversation.reply(status=200, content=b"so far", more_content=True)
    client.received()
    client.send(b"zz\r\n")
    assert client.received() == b""
    assert client.is_aborted
    assert server.conversation.events[-1][0] == "http.disconnect"


def test_a_body_over_the_bound_is_a_413_before_it_is_sent(make_server: Any) -> None:
    server = make_server(body_max_bytes=10)
    client = server.connect()
    client.send(post(11, b"Expect: 100-continue"))
    assert status_of(client.received()) == 413
    assert client.transport.ends_writing
    assert server.conversations == []


def test_a_chunked_body_over_the_bound_is_a_413(make_server: Any) -> None:
    server = make_server(body_max_bytes=3)
    client = server.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
    assert status_of(client.received()) == 413
    assert client.is_closed


def test_a_full_channel_is_a_503_that_says_when_to_try_again(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.owner.refused()
    data = client.received()
    assert status_of(data) == 503
    assert b"Retry-After: 5\r\n" in data
    assert server.conversation.is_closed
    assert len(server.conversation.events) == 1
    assert client.is_closed


def test_too_many_connections_are_a_503(server: Any, client: Any) -> None:
    server.is_full = True
    client.send(GET)
    assert status_of(client.received()) == 503
    assert server.hub.counters.totals[Count.CONNECTIONS_REFUSED] == 1


@pytest.mark.parametrize("end", ["lost", "failed", "shed", "abort"])
def test_a_turn_that_ends_without_a_response_is_a_503_and_a_disconnect(server: Any, client: Any, end: str) -> None:
    client.send(GET)
    getattr(server.conversation.owner, end)()
    assert status_of(client.received()) == 503
    assert server.conversation.events[1] == (
        "http.disconnect",
        {"reply_channel": "interface.me!you", "path": "/a b"},
    )


def test_a_turn_lost_in_the_middle_of_a_response_cuts_it_off(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"1", more_content=True)
    server.conversation.owner.lost()
    assert client.is_aborted
    assert server.conversation.events[1][0] == "http.disconnect"


def test_a_turn_lost_after_the_response_changes_nothing(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"")
    server.conversation.owner.lost()
    assert len(server.conversation.events) == 1
    assert not client.is_closed


def test_no_answer_in_time_is_a_503_and_a_disconnect(make_server: Any) -> None:
    server = make_server(http_timeout_seconds=30)
    client = server.connect()
    client.send(GET)
    server.hub.clock.advance(29.9)
    assert client.received() == b""
    server.hub.clock.advance(0.2)
    assert status_of(client.received()) == 503
    assert server.conversation.events[-1][0] == "http.disconnect"


def test_without_a_timeout_an_answer_may_take_for_ever(make_server: Any) -> None:
    server = make_server(http_timeout_seconds=None)
    client = server.connect()
    client.send(GET)
    server.hub.clock.advance(10_000)
    server.conversation.reply(status=200, content=b"at last")
    assert client.received().endswith(b"at last")


def test_a_response_that_has_begun_may_take_its_time(make_server: Any) -> None:
    server = make_server(http_timeout_seconds=30)
    client = server.connect()
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True)
    server.hub.clock.advance(1000)
    server.conversation.reply(content=b"b")
    assert client.received().endswith(b"1\r\nb\r\n0\r\n\r\n")


def test_a_body_that_does_not_come_in_time_is_a_408(server: Any, client: Any) -> None:
    client.send(post(5) + b"h")
    server.hub.clock.advance(59)
    assert client.received() == b""
    server.hub.clock.advance(2)
    assert status_of(client.received()) == 408
    assert server.conversations == []


def test_a_client_that_leaves_early_is_reported(server: Any, client: Any) -> None:
    client.send(GET)
    client.leave()
    assert server.conversation.events[1][0] == "http.disconnect"
    server.conversation.reply(status=200, content=b"too late")
    assert client.received() == b""


def test_a_client_that_leaves_after_the_response_is_not_reported(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"")
    client.leave()
    assert len(server.conversation.events) == 1


def test_an_exchange_finishes_and_closes_when_the_server_drains(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.owner.go_away()
    server.conversation.reply(status=200, content=b"bye")
    assert client.received().endswith(b"Connection: close\r\n\r\nbye")
    assert client.is_closed


def test_pressure_of_events_does_not_concern_an_exchange(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.owner.congested()
    server.conversation.owner.relieved()
    assert not client.transport.is_paused


def test_complete_exchanges_are_logged(server: Any, client: Any) -> None:
    actions = server.actions()
    client.send(GET)
    server.hub.clock.advance(1.5)
    server.conversation.reply(status=201, content=b"hello")
    details = {
        "method": "GET",
        "path": "/a%20b?x=%31",
        "status": 201,
        "size": 5,
        "time_taken": 1.5,
        "client": "192.0.2.7:50000",
        "connection": "interface.me!you",
        "request_id": None,
    }
    assert actions == [("http", "complete", details)]


def test_the_access_log_has_no_token(server: Any, client: Any) -> None:
    actions = server.actions()
    client.send(GET.replace(b"?x=%31", b"?token=abc&x=1"))
    server.conversation.reply(status=200)
    assert actions[0][2]["path"] == "/a%20b?token=[hidden]&x=1"


def test_a_client_that_left_is_logged_as_499(server: Any, client: Any) -> None:
    actions = server.actions()
    client.send(GET)
    client.leave()
    assert actions[0][2]["status"] == 499
