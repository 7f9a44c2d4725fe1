"""Long bodies and long responses: streamed, no faster than the other side takes them."""

from typing import Any

import pytest

from towpath.interface.counters import Count

KIB = 1024
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
FLOW = "http.response.flow?x"


def post(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length


@pytest.fixture
def upload(server: Any, client: Any) -> Any:
    """Begin an upload of 1 MiB; the application has been asked."""
    client.send(post(1024 * KIB))
    return client


def channel_of(server: Any) -> str:
    channel = server.conversation.request["body_channel"]
    assert isinstance(channel, str)
    return channel


def test_a_long_body_leaves_the_request_at_once(server: Any, upload: Any) -> None:
    assert server.conversation.request["body"] == b""
    assert channel_of(server).startswith("http.request.body?")


def test_pieces_follow_one_at_a_time_and_in_order(server: Any, client: Any, make_server: Any) -> None:
    server = make_server(body_inline_max_bytes=2)
    client = server.connect()
    client.send(post(8), b"ab", b"cd", b"ef", b"gh")
    (first,) = server.hub.posts
    assert (first.channel, first.content) == (
        channel_of(server),
        {"content": b"ab", "more_content": True, "offset": 0},
    )
    first.done(True)
    assert server.hub.posts[1].content == {"content": b"cdefgh", "more_content": False, "offset": 2}
    server.hub.posts[1].done(True)
    assert len(server.hub.posts) == 2


def test_an_end_that_comes_alone_is_told_alone(make_server: Any) -> None:
    server = make_server(body_inline_max_bytes=0)
    client = server.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    assert server.conversation.request["body"] == b"ab"
    client.send(b"0\r\n\r\n")
    assert server.hub.posts[0].content == {"content": b"", "more_content": False, "offset": 2}


def test_a_chunked_body_is_streamed_once_it_is_long(make_server: Any) -> None:
    server = make_server(body_inline_max_bytes=4)
    client = server.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
    assert server.conversations == []
    client.send(b"2\r\nef\r\n")
    assert server.conversation.request["body"] == b"abcdef"
    client.send(b"1\r\ng\r\n0\r\n\r\n")
    assert server.hub.posts[0].content["offset"] == 6


def test_the_client_is_paused_while_pieces_wait(server: Any, upload: Any) -> None:
    upload.send(*[b"a" * 64 * KIB] * 4)
    assert not upload.transport.is_paused
    upload.send(b"a" * 64 * KIB)
    assert upload.transport.is_paused
    server.hub.posts[0].done(True)
    assert not upload.transport.is_paused
    assert len(server.hub.posts[1].content["content"]) == 128 * KIB


def test_a_full_channel_is_tried_again(server: Any, upload: Any) -> None:
    upload.send(b"a")
    server.hub.posts[0].done(False)
    assert len(server.hub.posts) == 1
    server.hub.clock.advance(0.005)
    assert server.hub.posts[1].content == server.hub.posts[0].content
    server.hub.posts[1].done(False)
    server.hub.clock.advance(0.005)
    assert len(server.hub.posts) == 2
    server.hub.clock.advance(0.005)
    assert len(server.hub.posts) == 3


def test_a_layer_that_went_away_ends_the_upload_with_a_503(server: Any, upload: Any) -> None:
    upload.send(b"a")
    server.hub.posts[0].done(None)
    assert upload.received().startswith(b"HTTP/1.1 503 ")
    assert server.conversation.events[-1][0] == "http.disconnect"
    upload.send(b"b")
    assert len(server.hub.posts) == 1


def test_a_client_that_leaves_is_reported_in_the_body_too(server: Any, upload: Any) -> None:
    upload.send(b"a")
    upload.send(b"b")
    upload.leave()
    server.hub.posts[0].done(True)
    assert server.hub.posts[1].content == {"closed": True}
    server.hub.posts[1].done(True)
    assert len(server.hub.posts) == 2
    assert server.conversation.events[-1][0] == "http.disconnect"


def test_a_piece_that_is_refused_gives_way_to_the_news_that_the_client_left(server: Any, upload: Any) -> None:
    upload.send(b"a")
    upload.leave()
    server.hub.posts[0].done(False)
    server.hub.clock.advance(0.005)
    assert server.hub.posts[1].content == {"closed": True}


def test_an_application_that_does_not_read_is_told_for_a_while(server: Any, upload: Any) -> None:
    upload.send(b"a")
    upload.leave()
    for _ in range(200):
        server.hub.posts[-1].done(False)
        server.hub.clock.advance(0.2)
        if server.hub.dropped:
            break
    assert server.hub.dropped == [channel_of(server)]
    assert len(server.hub.posts) < 60
    assert server.hub.clock.getDelayedCalls() == []


def test_a_response_before_the_end_of_the_body_drops_the_rest(server: Any, upload: Any) -> None:
    upload.send(b"a" * 600 * KIB)
    server.conversation.reply(status=403, content=b"")
    assert server.hub.dropped == [channel_of(server)]
    server.hub.posts[0].done(True)
    assert len(server.hub.posts) == 1
    assert not upload.transport.is_paused
    assert upload.transport.ends_writing


def test_a_retry_after_the_response_sends_nothing(server: Any, upload: Any) -> None:
    upload.send(b"a")
    server.hub.posts[0].done(False)
    server.conversation.reply(status=403, content=b"")
    server.hub.clock.advance(1)
    assert len(server.hub.posts) == 1


def test_an_upload_that_stalls_is_a_408(server: Any, upload: Any) -> None:
    upload.send(b"a")
    server.hub.clock.advance(61)
    assert upload.received().startswith(b"HTTP/1.1 408 ")
    server.hub.posts[0].done(True)
    assert server.hub.posts[1].content == {"closed": True}


def test_an_application_that_stalls_an_upload_is_a_503(server: Any, upload: Any) -> None:
    upload.send(*[b"a" * 64 * KIB] * 5)
    server.hub.clock.advance(119)
    assert upload.received() == b""
    server.hub.clock.advance(2)
    assert upload.received().startswith(b"HTTP/1.1 503 ")


def test_time_runs_for_the_client_again_when_the_application_goes_on(server: Any, upload: Any) -> None:
    upload.send(*[b"a" * 64 * KIB] * 5)
    server.hub.clock.advance(100)
    server.hub.posts[0].done(True)
    server.hub.clock.advance(59)
    assert upload.received() == b""
    server.hub.clock.advance(2)
    assert upload.received().startswith(b"HTTP/1.1 408 ")


def test_time_runs_for_the_application_when_the_body_is_there(server: Any, upload: Any) -> None:
    upload.send(b"a" * 1024 * KIB)
    for post in server.hub.posts:
        post.done(True)
    server.hub.clock.advance(119)
    assert upload.received() == b""
    server.hub.clock.advance(2)
    assert upload.received().startswith(b"HTTP/1.1 503 ")


def test_the_sender_of_a_stream_is_told_what_has_left(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a" * 10, more_content=True, flow_channel=FLOW)
    assert (server.hub.posts[0].channel, server.hub.posts[0].content) == (FLOW, {"sent": 10})
    server.hub.posts[0].done(True)
    server.conversation.reply(content=b"b" * 5, more_content=True, flow_channel=FLOW)
    assert server.hub.posts[1].content == {"sent": 15}


def test_notices_are_one_at_a_time_and_the_newest_counts(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    for _ in range(5):
        server.conversation.reply(content=b"a", more_content=True, flow_channel=FLOW)
    assert len(server.hub.posts) == 1
    server.hub.posts[0].done(True)
    assert server.hub.posts[1].content == {"sent": 6}
    server.hub.posts[1].done(True)
    assert len(server.hub.posts) == 2


@pytest.mark.parametrize("outcome", [False, None])
def test_a_refused_notice_is_tried_again(server: Any, client: Any, outcome: bool | None) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    server.hub.posts[0].done(outcome)
    server.conversation.reply(content=b"b", more_content=True, flow_channel=FLOW)
    server.hub.clock.advance(0.02)
    assert server.hub.posts[1].content == {"sent": 2}


def test_a_slow_client_holds_the_notice_back(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    server.hub.posts[0].done(True)
    client.block()
    server.conversation.reply(content=b"b" * 100 * KIB, more_content=True, flow_channel=FLOW)
    assert len(server.hub.posts) == 1
    client.unblock()
    assert server.hub.posts[1].content == {"sent": 1 + 100 * KIB}


def test_a_stream_with_flow_control_may_wait_as_long_as_its_window(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    client.block()
    for _ in range(3):
        server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
    assert not client.is_aborted


def test_a_stream_without_flow_control_is_bounded(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True)
    client.block()
    server.conversation.reply(content=b"b" * 512 * KIB, more_content=True)
    assert not client.is_aborted
    server.conversation.reply(content=b"b" * 600 * KIB, more_content=True)
    assert client.is_aborted
    assert server.hub.counters.totals[Count.SLOW_CLIENTS] == 1
    assert server.conversation.events[-1][0] == "http.disconnect"


def test_a_client_that_takes_nothing_of_a_stream_is_cut_off(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    server.hub.posts[0].done(True)
    client.block()
    server.conversation.reply(content=b"b" * 100, more_content=True, flow_channel=FLOW)
    server.hub.clock.advance(121)
    assert client.is_aborted
    assert server.hub.posts[1].content == {"closed": True}


def test_the_sender_of_a_stream_is_told_that_the_client_left(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    client.leave()
    assert len(server.hub.posts) == 1
    server.hub.posts[0].done(True)
    assert server.hub.posts[1].content == {"closed": True}
    server.hub.posts[1].done(True)
    assert len(server.hub.posts) == 2


def test_a_sender_that_has_gone_itself_is_told_ten_times(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    client.leave()
    for _ in range(20):
        server.hub.posts[-1].done(False)
        server.hub.clock.advance(2)
    assert len(server.hub.posts) <= 11
    assert server.hub.clock.getDelayedCalls() == []


@pytest.mark.parametrize("end", ["the client leaves", "no response in time"])
def test_a_sender_that_works_before_its_response_is_notified_of_the_end(server: Any, client: Any, end: str) -> None:
    client.send(GET)
    server.conversation.reply(flow_channel=FLOW)
    assert client.received() == b""
    assert server.hub.posts == []
    if end == "the client leaves":
        client.leave()
    else:
        server.hub.clock.advance(121)
        assert b" 503 " in client.received()
    assert [(post.channel, post.content) for post in server.hub.posts] == [(FLOW, {"closed": True})]
    assert server.conversation.events[-1][0] == "http.disconnect"


def test_a_response_after_the_wish_for_notices_is_one_like_any_other(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(flow_channel=FLOW)
    server.conversation.reply(status=200, content=b"hello")
    assert client.received().endswith(b"\r\n\r\nhello")
    assert server.conversation.is_closed
    assert server.hub.posts == []


def test_a_flow_channel_alone_is_no_later_part(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True)
    server.conversation.reply(flow_channel=FLOW)
    assert client.received().endswith(b"0\r\n\r\n")
