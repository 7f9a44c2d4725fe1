"""Long responses: taken from their senders at once, kept for their clients, and written at the clients' pace."""

import os
from typing import Any

import pytest

from towpath.interface.counters import Count
from towpath.interface.outbound import Outcome

KIB = 1024
MIB = 1024 * KIB
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
FLOW = "http.response.flow?x"


def begin(server: Any, length: int) -> None:
    """Begin a response whose length is known."""
    headers = [[b"content-length", b"%d" % length]]
    server.conversation.reply(status=200, headers=headers, content=b"", more_content=True, flow_channel=FLOW)
    accept_all(server)


def accept_all(server: Any) -> None:
    """Accept all notices, and let the disk work; a slow client has had its moment."""
    server.hub.clock.advance(0)
    server.hub.clock.advance(0.02)
    number = 0
    while number < len(server.hub.posts):
        if not hasattr(server.hub.posts[number], "is_accepted"):
            server.hub.posts[number].is_accepted = True
            server.hub.posts[number].done(Outcome.ACCEPTED)
        number += 1


def notices(server: Any) -> list[dict[str, Any]]:
    return [post.content for post in server.hub.posts if post.channel == FLOW]


def read_all(server: Any, client: Any) -> bytes:
    """Read as a client that takes block after block."""
    parts = [client.received()]
    for _ in range(1000):
        client.unblock_for_a_block()
        server.hub.clock.advance(0)
        parts.append(client.received())
        if not server.hub.requests.used_amount:
            break
    return b"".join(parts)


def failing(*arguments: object) -> bytes:
    raise OSError("no such block")


def test_the_sender_of_a_stream_is_notified_of_what_was_taken(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a" * 10, more_content=True, flow_channel=FLOW)
    assert (server.hub.posts[0].channel, server.hub.posts[0].content) == (FLOW, {"sent": 10})
    server.hub.posts[0].done(Outcome.ACCEPTED)
    server.conversation.reply(content=b"b" * 5, more_content=True, flow_channel=FLOW)
    assert server.hub.posts[1].content == {"sent": 15}


def test_notices_are_one_at_a_time_and_the_newest_counts(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    for _ in range(5):
        server.conversation.reply(content=b"a", more_content=True, flow_channel=FLOW)
    assert len(server.hub.posts) == 1
    server.hub.posts[0].done(Outcome.ACCEPTED)
    assert server.hub.posts[1].content == {"sent": 6}
    server.hub.posts[1].done(Outcome.ACCEPTED)
    assert len(server.hub.posts) == 2


@pytest.mark.parametrize("outcome", [Outcome.FULL, Outcome.AWAY])
def test_a_refused_notice_is_tried_again(server: Any, client: Any, outcome: Outcome) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    server.hub.posts[0].done(outcome)
    server.conversation.reply(content=b"b", more_content=True, flow_channel=FLOW)
    server.hub.clock.advance(0.02)
    assert server.hub.posts[1].content == {"sent": 2}


# Clients that read slowly


def test_a_block_is_written_at_a_time(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * MIB)
    assert server.conversation.is_closed
    taken = []
    for _ in range(17):
        taken.append(len(client.received()))
        client.unblock_for_a_block()
    assert max(taken) < 65 * KIB
    assert sum(taken) > MIB
    assert not client.is_closed


def test_a_response_of_known_length_is_taken_from_its_sender_at_once(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    begin(server, 8 * MIB)
    for _ in range(16):
        server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
        accept_all(server)
    server.conversation.reply(content=b"", flow_channel=FLOW)
    assert notices(server)[-1] == {"sent": 8 * MIB}
    assert server.conversation.is_closed
    assert read_all(server, client).endswith(b"b" * 8 * MIB)


def test_the_memory_of_a_response_is_bounded_and_what_is_more_is_on_disk(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    begin(server, 8 * MIB)
    for _ in range(16):
        server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
        accept_all(server)
    assert server.hub.spools.memory.used_amount <= 2 * MIB
    assert server.hub.spools.space.used_amount >= 6 * MIB
    client.leave()
    server.hub.clock.advance(0)
    assert (server.hub.spools.memory.used_amount, server.hub.spools.space.used_amount) == (0, 0)


def test_a_sender_waits_a_moment_for_a_client_that_may_be_quick(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    begin(server, 8 * MIB)
    before = len(notices(server))
    server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
    assert len(notices(server)) == before
    client.unblock()
    assert notices(server)[-1] == {"sent": 512 * KIB}
    accept_all(server)
    client.block()
    server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
    server.hub.clock.advance(0.01)
    assert notices(server)[-1] == {"sent": 512 * KIB}
    server.hub.clock.advance(0.01)
    assert notices(server)[-1] == {"sent": MIB}
    accept_all(server)
    server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
    assert notices(server)[-1] == {"sent": 1536 * KIB}


def test_nothing_waits_for_a_client_that_has_left(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    begin(server, 8 * MIB)
    server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
    client.leave()
    accept_all(server)
    assert server.hub.clock.getDelayedCalls() == []


def test_the_sender_of_a_response_of_unknown_length_waits_when_as_much_as_may_be_is_kept(make_server: Any) -> None:
    server = make_server(response_spool_max_bytes=2 * MIB)
    client = server.connect()
    client.send(GET)
    client.block()
    for _ in range(5):
        server.conversation.reply(
            **({} if server.hub.posts else {"status": 200}),
            content=b"b" * 512 * KIB,
            more_content=True,
            flow_channel=FLOW,
        )
        accept_all(server)
    assert notices(server)[-1] == {"sent": 2 * MIB, "is_waiting": True}
    assert not client.is_aborted
    client.unblock()
    accept_all(server)
    assert notices(server)[-1] == {"sent": 2560 * KIB}


def test_the_sender_waits_when_there_is_no_room(make_server: Any) -> None:
    server = make_server(spool_memory_max_bytes=MIB, spool_max_bytes=MIB)
    client = server.connect()
    client.send(GET)
    client.block()
    begin(server, 8 * MIB)
    for _ in range(16):
        server.conversation.reply(content=b"b" * 512 * KIB, more_content=True, flow_channel=FLOW)
        accept_all(server)
        if "is_waiting" in notices(server)[-1]:
            break
    assert notices(server)[-1]["sent"] < 3 * MIB
    client.unblock()
    accept_all(server)
    assert "is_waiting" not in notices(server)[-1]


def test_a_response_for_which_there_is_no_room_is_a_503(make_server: Any) -> None:
    server = make_server(spool_memory_max_bytes=MIB, spool_max_bytes=MIB)
    client = server.connect()
    client.send(GET)
    server.conversation.reply(status=200, content=b"a" * 3 * MIB)
    assert client.received().startswith(b"HTTP/1.1 503 ")
    assert server.hub.counters.totals[Count.STORAGE_FULL] == 1


def test_a_stream_without_flow_control_is_bounded(make_server: Any) -> None:
    server = make_server(response_spool_max_bytes=MIB)
    client = server.connect()
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"b" * 512 * KIB, more_content=True)
    assert not client.is_aborted
    server.conversation.reply(content=b"b" * 600 * KIB, more_content=True)
    assert client.is_aborted
    assert server.hub.counters.totals[Count.SLOW_CLIENTS] == 1
    assert server.conversation.events[-1][0] == "http.disconnect"


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_client_that_takes_nothing_is_cut_off(server: Any, client: Any, is_complete: bool) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 300 * KIB, more_content=not is_complete)
    server.hub.clock.advance(119)
    assert not client.is_aborted
    server.hub.clock.advance(2)
    assert client.is_aborted
    assert server.hub.requests.used_amount == 0
    assert server.hub.counters.totals[Count.SLOW_CLIENTS] == 1
    assert len(server.conversation.events) == (1 if is_complete else 2)


def test_each_block_that_leaves_gives_the_client_its_time_again(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 300 * KIB)
    for _ in range(3):
        server.hub.clock.advance(100)
        client.unblock_for_a_block()
    assert not client.is_aborted
    server.hub.clock.advance(121)
    assert client.is_aborted


def test_the_sender_of_a_stream_is_notified_that_a_slow_client_was_cut_off(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 100 * KIB, more_content=True, flow_channel=FLOW)
    accept_all(server)
    server.hub.clock.advance(121)
    accept_all(server)
    assert notices(server)[-1] == {"closed": True}


def test_a_response_that_cannot_be_read_from_disk_is_cut_off(server: Any, client: Any, monkeypatch: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 3 * MIB)
    server.hub.clock.advance(0)
    monkeypatch.setattr(os, "pread", failing)
    for _ in range(40):
        client.unblock_for_a_block()
        server.hub.clock.advance(0)
    assert client.is_aborted
    assert server.hub.counters.totals[Count.SPOOL_FAILED] == 1
    assert server.hub.requests.used_amount == 0


def test_the_next_request_waits_until_the_client_reads(server: Any, client: Any) -> None:
    client.send(GET)
    client.block()
    server.conversation.reply(status=200, content=b"a" * 60 * KIB)
    client.send(GET * 100)
    assert len(server.conversations) == 1
    client.unblock()
    assert len(server.conversations) == 2


def test_the_sender_of_a_stream_is_notified_that_the_client_left(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    client.leave()
    assert len(server.hub.posts) == 1
    server.hub.posts[0].done(Outcome.ACCEPTED)
    assert server.hub.posts[1].content == {"closed": True}
    server.hub.posts[1].done(Outcome.ACCEPTED)
    assert len(server.hub.posts) == 2


def test_a_sender_that_has_gone_itself_is_notified_ten_times(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True, flow_channel=FLOW)
    client.leave()
    for _ in range(20):
        server.hub.posts[-1].done(Outcome.FULL)
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


def test_a_flow_channel_alone_is_not_a_later_part(server: Any, client: Any) -> None:
    client.send(GET)
    server.conversation.reply(status=200, content=b"a", more_content=True)
    server.conversation.reply(flow_channel=FLOW)
    assert client.received().endswith(b"0\r\n\r\n")
