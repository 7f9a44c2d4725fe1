"""Request bodies: complete before a consumer sees the request, or offered to those that read them as they come."""

from typing import Any

import pytest

from towpath.interface.counters import Count
from towpath.interface.http.pace import Pace
from towpath.interface.outbound import Outcome

KIB = 1024
MIB = 1024 * KIB
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def post(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length


def requests(server: Any) -> list[dict[str, Any]]:
    return [content for channel, content in server.conversation.events if channel == "http.request"]


def pieces(server: Any) -> list[bytes]:
    return [post.content["content"] for post in server.hub.posts if "content" in post.content]


def accept_all(server: Any) -> None:
    """Accept every piece that is sent, until no more come."""
    server.hub.clock.advance(0)
    number = 0
    while number < len(server.hub.posts):
        if not hasattr(server.hub.posts[number], "is_accepted"):
            server.hub.posts[number].is_accepted = True
            server.hub.posts[number].done(Outcome.ACCEPTED)
            server.hub.clock.advance(0)
        number += 1


def read_all(server: Any) -> bytes:
    """Read the body of the last request as a consumer does; return all of it."""
    request = requests(server)[-1]
    server.conversation.reply(body_until=request["body_length"])
    accept_all(server)
    body = bytes(request["body"])
    for post in server.hub.posts:
        assert (post.channel, post.content["offset"]) == (request["body_channel"], len(body))
        body += post.content["content"]
    assert not server.hub.posts[-1].content["more_content"]
    return body


@pytest.fixture
def small(make_server: Any) -> Any:
    """A server whose requests carry two bytes of a body."""
    return make_server(body_inline_max_bytes=2)


@pytest.fixture
def offered(server: Any, client: Any) -> Any:
    """A client in the middle of an upload of 4 MiB, of which 1.5 MiB have come: it is offered."""
    client.send(post(4 * MIB), b"a" * MIB, b"a" * 512 * KIB)
    assert [request.get("body_is_complete") for request in requests(server)] == [False]
    return client


# Complete bodies


@pytest.mark.parametrize("length", [1, 300 * KIB, MIB])
def test_no_request_is_sent_before_its_body_is_complete(server: Any, client: Any, length: int) -> None:
    client.send(post(length), b"a" * (length - 1))
    server.hub.clock.advance(1)
    assert server.conversations == []
    client.send(b"b")
    assert len(requests(server)) == 1


def test_a_short_body_travels_in_the_request(server: Any, client: Any) -> None:
    client.send(post(5), b"he", b"llo")
    assert server.conversation.request["body"] == b"hello"
    assert "body_channel" not in server.conversation.request


def test_a_long_body_is_sent_in_pieces_as_its_consumer_asks(small: Any) -> None:
    small.connect().send(post(8), b"ab", b"cd", b"ef", b"gh")
    request = small.conversation.request
    assert (request["body"], request["body_length"]) == (b"ab", 8)
    assert small.hub.posts == []
    small.conversation.reply(body_until=5)
    assert [post.content for post in small.hub.posts] == [{"content": b"cde", "more_content": True, "offset": 2}]
    small.hub.posts[0].done(Outcome.ACCEPTED)
    assert len(small.hub.posts) == 1
    small.conversation.reply(body_until=100)
    assert small.hub.posts[1].content == {"content": b"fgh", "more_content": False, "offset": 5}


@pytest.mark.parametrize("length", [300 * KIB, MIB, 3 * MIB, 3 * MIB + 1])
def test_a_body_of_any_length_arrives_whole(server: Any, client: Any, length: int) -> None:
    body = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    client.send(post(length), *[body[begin : begin + 60_000] for begin in range(0, length, 60_000)])
    server.hub.clock.advance(0)
    if len(body) > MIB:
        server.conversation.reply(body_whole=True)
    assert requests(server)[-1]["body_length"] == length
    assert read_all(server) == body


@pytest.mark.parametrize("chunks", [1, 5])
def test_a_chunked_body_has_a_length_like_any_other(server: Any, client: Any, chunks: int) -> None:
    chunk = b"%x\r\n%b\r\n" % (100 * KIB, b"a" * 100 * KIB)
    client.send(CHUNKED, chunk * chunks, b"0\r\n\r\n")
    request = server.conversation.request
    assert request.get("body_length", len(request["body"])) == chunks * 100 * KIB


def test_one_piece_is_under_way_at_a_time(small: Any) -> None:
    small.connect().send(post(600 * KIB), b"a" * 600 * KIB)
    small.conversation.reply(body_until=MIB)
    assert len(small.hub.posts) == 1
    small.hub.posts[0].done(Outcome.ACCEPTED)
    assert len(small.hub.posts) == 2


def test_a_full_body_channel_is_tried_again(small: Any) -> None:
    small.connect().send(post(4), b"abcd")
    small.conversation.reply(body_until=4)
    small.hub.posts[0].done(Outcome.FULL)
    assert len(small.hub.posts) == 1
    small.hub.clock.advance(0.005)
    assert small.hub.posts[1].content == small.hub.posts[0].content
    small.hub.posts[1].done(Outcome.FULL)
    small.hub.clock.advance(0.005)
    assert len(small.hub.posts) == 2
    small.hub.clock.advance(0.005)
    assert len(small.hub.posts) == 3


def test_a_layer_that_fails_with_a_piece_ends_the_request_with_a_503(small: Any) -> None:
    client = small.connect()
    client.send(post(4), b"abcd")
    small.conversation.reply(body_until=4)
    small.hub.posts[0].done(Outcome.AWAY)
    assert client.received().startswith(b"HTTP/1.1 503 ")
    assert small.conversation.events[-1][0] == "http.disconnect"


def test_a_consumer_at_work_has_time_as_long_as_it_reads(small: Any) -> None:
    client = small.connect()
    client.send(post(4), b"abcd")
    small.hub.clock.advance(119)
    small.conversation.reply(body_until=3)
    small.hub.clock.advance(119)
    assert client.received() == b""
    small.hub.clock.advance(2)
    assert client.received().startswith(b"HTTP/1.1 503 ")


# Clients that leave


def test_a_consumer_that_reads_after_the_client_has_left_is_notified_at_once(small: Any) -> None:
    client = small.connect()
    client.send(post(4), b"abcd")
    channel = small.conversation.request["body_channel"]
    client.leave()
    assert small.hub.dropped == [channel]
    assert [(post.channel, post.content) for post in small.hub.posts] == [(channel, {"closed": True})]
    assert small.conversation.events[-1][0] == "http.disconnect"


def test_the_channel_is_dropped_when_the_client_leaves_in_the_middle_of_a_piece(small: Any) -> None:
    client = small.connect()
    client.send(post(4), b"abcd")
    small.conversation.reply(body_until=3)
    client.leave()
    assert small.hub.dropped == []
    small.hub.posts[0].done(Outcome.ACCEPTED)
    assert len(small.hub.dropped) == 1
    assert small.hub.posts[1].content == {"closed": True}


def test_a_piece_that_is_refused_gives_way_to_the_news_that_the_client_left(small: Any) -> None:
    client = small.connect()
    client.send(post(4), b"abcd")
    small.conversation.reply(body_until=4)
    small.hub.posts[0].done(Outcome.FULL)
    client.leave()
    small.hub.clock.advance(0.005)
    assert small.hub.posts[1].content == {"closed": True}


def test_a_consumer_that_does_not_read_is_notified_for_a_while(small: Any) -> None:
    client = small.connect()
    client.send(post(4), b"abcd")
    client.leave()
    for _ in range(100):
        small.hub.posts[-1].done(Outcome.FULL)
        small.hub.clock.advance(0.2)
    assert len(small.hub.posts) == 50
    assert small.hub.clock.getDelayedCalls() == []


def test_a_response_drops_what_was_not_read_and_sends_nothing(small: Any) -> None:
    client = small.connect()
    client.send(post(8), b"abcdefgh")
    small.conversation.reply(body_until=4)
    small.conversation.reply(status=403, content=b"")
    small.hub.posts[0].done(Outcome.ACCEPTED)
    assert len(small.hub.dropped) == 1
    assert len(small.hub.posts) == 1


def test_nothing_of_a_body_is_kept_after_its_client_has_left(server: Any, client: Any) -> None:
    client.send(post(8 * MIB), *[b"a" * MIB] * 4)
    server.hub.clock.advance(0)
    assert server.hub.spools.space.used_amount > 0
    client.leave()
    server.hub.clock.advance(0)
    assert (server.hub.spools.memory.used_amount, server.hub.spools.space.used_amount) == (0, 0)
    assert server.hub.requests.used_amount == 0


def test_nothing_of_a_body_is_kept_after_the_response(server: Any, client: Any) -> None:
    client.send(post(3 * MIB), *[b"a" * MIB] * 3)
    server.conversation.reply(body_whole=True)
    server.hub.clock.advance(0)
    server.conversation.reply(status=200, content=b"")
    server.hub.clock.advance(0)
    hub = server.hub
    budgets = (hub.spools.memory, hub.spools.space, hub.inline_bodies, hub.requests)
    assert [budget.used_amount for budget in budgets] == [0, 0, 0, 0]


# Offers


def test_a_body_is_offered_once_a_mebibyte_has_come(server: Any, client: Any) -> None:
    client.send(post(4 * MIB), b"a" * MIB)
    assert server.conversations == []
    client.send(b"a")
    (offer,) = requests(server)
    assert (offer["body"], offer["body_is_complete"], "body_length" in offer) == (b"", False, False)
    client.send(b"a" * MIB)
    assert len(requests(server)) == 1


def test_a_declined_offer_becomes_a_request_when_the_body_is_complete(server: Any, offered: Any) -> None:
    server.conversation.reply(body_whole=True)
    offered.send(b"a" * 2 * MIB)
    assert len(requests(server)) == 1
    offered.send(b"a" * 512 * KIB)
    offer, request = requests(server)
    assert request["body_length"] == 4 * MIB
    assert request["body_channel"] == offer["body_channel"]
    assert read_all(server) == b"a" * 4 * MIB


def test_an_offer_that_is_declined_after_the_end_of_the_body_becomes_a_request_at_once(
    server: Any, offered: Any
) -> None:
    offered.send(b"a" * 2560 * KIB)
    assert len(requests(server)) == 1
    server.conversation.reply(body_whole=True)
    assert len(requests(server)) == 2


@pytest.mark.parametrize("end", ["refused", "lost"])
def test_an_offer_that_reaches_no_consumer_counts_as_declined(server: Any, offered: Any, end: str) -> None:
    getattr(server.conversation.owner, end)()
    assert offered.received() == b""
    offered.send(b"a" * 2560 * KIB)
    assert len(requests(server)) == 2
    getattr(server.conversation.owner, end)()
    assert offered.received().startswith(b"HTTP/1.1 503 ")


def test_a_consumer_may_read_a_body_as_it_comes(server: Any, offered: Any) -> None:
    server.conversation.reply(body_until=2 * MIB)
    accept_all(server)
    assert sum(map(len, pieces(server))) == 1536 * KIB
    offered.send(b"b")
    assert pieces(server)[-1] == b"b"
    offered.send(b"a" * (2560 * KIB - 1))
    accept_all(server)
    assert server.hub.posts[-1].content["more_content"]
    assert len(requests(server)) == 1
    server.conversation.reply(body_until=10 * MIB)
    accept_all(server)
    assert not server.hub.posts[-1].content["more_content"]
    assert sum(map(len, pieces(server))) == 4 * MIB
    assert len(requests(server)) == 1


def test_a_client_is_paused_while_a_consumer_does_not_read_as_fast(server: Any, offered: Any) -> None:
    server.conversation.reply(body_until=256 * KIB)
    assert offered.transport.is_paused
    server.conversation.reply(body_until=4 * MIB)
    accept_all(server)
    assert not offered.transport.is_paused


def test_a_consumer_may_answer_an_offer_without_reading(server: Any, offered: Any) -> None:
    server.conversation.reply(status=403, content=b"no")
    assert offered.received().startswith(b"HTTP/1.1 403 ")
    assert offered.transport.ends_writing
    offered.send(b"a" * MIB)
    assert len(server.hub.dropped) == 1


def test_a_consumer_that_stalls_an_upload_is_a_503(server: Any, offered: Any) -> None:
    server.conversation.reply(body_until=256 * KIB)
    server.hub.clock.advance(119)
    assert offered.received() == b""
    server.hub.clock.advance(2)
    assert offered.received().startswith(b"HTTP/1.1 503 ")


def test_a_client_that_stalls_an_upload_is_a_408_and_its_consumer_is_notified(server: Any, offered: Any) -> None:
    server.conversation.reply(body_until=4 * MIB)
    accept_all(server)
    server.hub.clock.advance(61)
    assert offered.received().startswith(b"HTTP/1.1 408 ")
    assert server.hub.posts[-1].content == {"closed": True}


def test_an_early_end_of_a_live_body_is_sent_alone(server: Any, client: Any) -> None:
    chunk = b"%x\r\n%b\r\n" % (2 * MIB, b"a" * 2 * MIB)
    client.send(CHUNKED, chunk)
    server.conversation.reply(body_until=4 * MIB)
    accept_all(server)
    client.send(b"0\r\n\r\n")
    assert server.hub.posts[-1].content == {"content": b"", "more_content": False, "offset": 2 * MIB}


# Slow clients


def test_a_body_that_comes_below_the_least_rate_is_a_408(make_server: Any) -> None:
    server = make_server(body_timeout_seconds=60, body_rate_bytes=500)
    client = server.connect()
    client.send(post(300_000))
    for _ in range(4):
        client.send(b"a" * 1000)
        server.hub.clock.advance(15)
    assert client.received() == b""
    server.hub.clock.advance(9)
    assert client.received().startswith(b"HTTP/1.1 408 ")
    assert server.conversations == []


def test_a_body_that_comes_at_the_least_rate_is_taken(make_server: Any) -> None:
    server = make_server(body_timeout_seconds=60, body_rate_bytes=500)
    client = server.connect()
    client.send(post(300_000))
    for _ in range(60):
        client.send(b"a" * 5_000)
        server.hub.clock.advance(10)
    assert len(requests(server)) == 1


def test_time_in_which_the_server_does_not_read_is_not_the_clients() -> None:
    now = 0.0
    pace = Pace(lambda: now, 60, 500)
    now = 50.0
    pace.pause()
    now = 1000.0
    pace.resume()
    assert pace.seconds_left(0) == 10


# Bounds of the process


def test_a_body_for_which_there_is_no_room_is_a_503(make_server: Any) -> None:
    server = make_server(spool_memory_max_bytes=MIB, spool_max_bytes=2 * MIB)
    client = server.connect()
    client.send(post(8 * MIB))
    for _ in range(4):
        client.send(b"a" * MIB)
        server.hub.clock.advance(0)
    assert client.received().startswith(b"HTTP/1.1 503 ")
    assert server.hub.counters.totals[Count.STORAGE_FULL] == 1
    server.hub.clock.advance(0)
    assert (server.hub.spools.memory.used_amount, server.hub.spools.space.used_amount) == (0, 0)


def test_a_disk_that_cannot_be_written_to_is_a_503(
    make_server: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(spool_folder=str(tmp_path))
    server.hub.spools.folder = str(tmp_path / "gone")
    client = server.connect()
    client.send(post(8 * MIB))
    for _ in range(4):
        client.send(b"a" * MIB)
        server.hub.clock.advance(0)
    assert client.received().startswith(b"HTTP/1.1 503 ")
    assert "cannot be kept in" in caplog.text
    assert server.hub.counters.totals[Count.SPOOL_FAILED] == 1


def test_bodies_in_memory_have_a_bound_together(make_server: Any) -> None:
    server = make_server(spool_memory_max_bytes=256 * KIB)
    for _ in range(20):
        server.connect().send(post(200 * KIB), b"a" * 100 * KIB)
        server.hub.clock.advance(0)
    assert server.hub.spools.memory.used_amount <= 256 * KIB
    assert server.hub.spools.space.used_amount == 18 * 100 * KIB


def test_above_the_memory_of_all_bodies_a_client_is_not_read_while_the_disk_is_busy(make_server: Any) -> None:
    server = make_server(spool_memory_max_bytes=100 * KIB)
    first, second = server.connect(), server.connect()
    first.send(post(MIB) + b"a" * 90 * KIB)
    second.send(post(MIB) + b"b" * 80 * KIB)
    assert (first.transport.is_paused, second.transport.is_paused) == (False, True)
    server.hub.clock.advance(0)  # the disk has it
    assert not second.transport.is_paused
    second.send(b"b" * 5 * KIB)
    assert not second.transport.is_paused


def test_bodies_in_the_store_have_a_bound_together(server: Any) -> None:
    server.hub.inline_bodies.max_amount = 300 * KIB
    for _ in range(4):
        server.connect().send(post(200 * KIB), b"a" * 200 * KIB)
    assert [len(conversation.request["body"]) for conversation in server.conversations] == [200 * KIB, 0, 0, 0]
    assert read_all(server) == b"a" * 200 * KIB


def test_requests_have_a_bound_together_from_their_heads_on(make_server: Any) -> None:
    server = make_server(max_connections=2)
    clients = [server.connect() for _ in range(2)]
    for client in clients:
        client.send(post(9), b"a")
    server.hub.requests.overdraw(1)
    clients[0].leave()
    late = server.connect()
    late.send(post(9))
    assert late.received().startswith(b"HTTP/1.1 503 ")
    assert server.hub.counters.totals[Count.CONNECTIONS_REFUSED] == 1
    server.hub.requests.give_back(1)
    assert server.hub.requests.used_amount == 1
