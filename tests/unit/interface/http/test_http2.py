"""HTTP/2, spoken by a real client state machine to the server in memory."""

from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

from towpath.interface.outbound import Outcome

KIB = 1024


class Http2Client:
    """A client of the connection that TLS has agreed to be HTTP/2."""

    def __init__(self, server: Any) -> None:
        self.client = server.connect()
        self.client.transport.negotiatedProtocol = b"h2"
        self.clock = server.hub.clock
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.events: list[Any] = []
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        """Exchange bytes until neither side has any."""
        while True:
            data = self.h2.data_to_send()
            if data:
                self.client.send(data)
            self.clock.advance(0)
            answer = self.client.received()
            self.events += self.h2.receive_data(answer) if answer else []
            if not data and not answer:
                return

    def ask(self, *extra: tuple[str, str], method: str = "GET", path: str = "/a%20b?x", end: bool = True) -> int:
        stream_id = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":path", path), (":scheme", "https"), (":authority", "example.com")]
        self.h2.send_headers(stream_id, [*pseudo, *extra], end_stream=end)
        self.flush()
        return stream_id

    def of(self, kind: type, stream_id: int) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind) and event.stream_id == stream_id]

    def response(self, stream_id: int) -> tuple[dict[str, str], bytes, bool]:
        """Return headers, content, and whether the response has ended."""
        (head,) = self.of(h2.events.ResponseReceived, stream_id)
        content = b"".join(event.data for event in self.of(h2.events.DataReceived, stream_id))
        return dict(head.headers), content, bool(self.of(h2.events.StreamEnded, stream_id))


@pytest.fixture
def http2(server: Any) -> Http2Client:
    return Http2Client(server)


def test_a_request_becomes_the_same_message(server: Any, http2: Http2Client) -> None:
    http2.ask(("cookie", "a=b"), ("x-two", "1"), ("cookie", "c=d"), ("x-two", "2"), ("x_dropped", "1"))
    request = server.conversation.request
    assert request["http_version"] == "2"
    assert (request["method"], request["path"], request["query_string"]) == ("GET", "/a b", b"x")
    assert request["headers"] == (
        (b"host", b"example.com"),
        (b"x-two", b"1"),
        (b"x-two", b"2"),
        (b"cookie", b"a=b; c=d"),
    )
    assert request["body"] == b""


def test_a_reply_becomes_a_response(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    server.conversation.reply(status=200, headers=[[b"X-Own", b"1"], [b"Connection", b"close"]], content=b"hello")
    http2.flush()
    headers, content, has_ended = http2.response(stream)
    assert headers.pop("date")
    assert headers == {":status": "200", "x-own": "1", "content-length": "5"}
    assert (content, has_ended) == (b"hello", True)
    assert server.conversation.is_closed
    assert len(server.conversation.events) == 1


def test_streams_are_answered_in_any_order(server: Any, http2: Http2Client) -> None:
    first, second = http2.ask(), http2.ask()
    server.conversations[1].reply(status=200, content=b"2")
    server.conversations[0].reply(status=200, content=b"1")
    http2.flush()
    assert http2.response(first)[1] == b"1"
    assert http2.response(second)[1] == b"2"


def test_head_gets_no_body(server: Any, http2: Http2Client) -> None:
    stream = http2.ask(method="HEAD")
    server.conversation.reply(status=200, headers=[[b"Content-Length", b"5"]], content=b"hello")
    http2.flush()
    headers, content, has_ended = http2.response(stream)
    assert (headers["content-length"], content, has_ended) == ("5", b"", True)


def test_a_short_body_travels_in_the_message(server: Any, http2: Http2Client) -> None:
    stream = http2.ask(method="POST", end=False)
    http2.h2.send_data(stream, b"hel")
    http2.h2.send_data(stream, b"lo", end_stream=True)
    http2.flush()
    assert server.conversation.request["body"] == b"hello"


def test_a_client_that_waits_is_asked_to_send_its_body(server: Any, http2: Http2Client) -> None:
    stream = http2.ask(("expect", "100-continue"), ("content-length", "2"), method="POST", end=False)
    assert http2.of(h2.events.InformationalResponseReceived, stream)
    http2.h2.send_data(stream, b"ok", end_stream=True)
    http2.flush()
    assert server.conversation.request["body"] == b"ok"


def send_body(http2: Http2Client, stream: int, length: int) -> int:
    """Send so much of a body as the windows allow; return how much that was."""
    sent = 0
    while sent < length and (room := min(16 * KIB, http2.h2.local_flow_control_window(stream), length - sent)):
        http2.h2.send_data(stream, b"a" * room)
        sent += room
        http2.flush()
    return sent


def accept_all(server: Any, http2: Http2Client) -> None:
    """Accept every piece of a body."""
    number = 0
    while number < len(server.hub.posts):
        if not hasattr(server.hub.posts[number], "is_accepted"):
            server.hub.posts[number].is_accepted = True
            server.hub.posts[number].done(Outcome.ACCEPTED)
            http2.flush()
        number += 1


def test_a_long_body_is_complete_before_it_is_a_request(server: Any, http2: Http2Client) -> None:
    stream = http2.ask(method="POST", end=False)
    assert send_body(http2, stream, 600 * KIB) == 600 * KIB
    assert server.conversations == []
    http2.h2.end_stream(stream)
    http2.flush()
    assert server.conversation.request["body_length"] == 600 * KIB


def test_a_body_that_is_read_as_it_comes_is_sent_no_faster_than_it_is_read(server: Any, http2: Http2Client) -> None:
    stream = http2.ask(method="POST", end=False)
    sent = send_body(http2, stream, 1025 * KIB)
    server.conversation.reply(body_until=512 * KIB)
    accept_all(server, http2)
    sent += send_body(http2, stream, 4096 * KIB)
    assert sent < 2048 * KIB
    server.conversation.reply(body_until=8192 * KIB)
    accept_all(server, http2)
    sent += send_body(http2, stream, 64 * KIB)
    http2.h2.end_stream(stream)
    http2.flush()
    accept_all(server, http2)
    assert sum(len(post.content["content"]) for post in server.hub.posts) == sent
    assert not server.hub.posts[-1].content["more_content"]


@pytest.mark.parametrize("end", ["answered", "refused"])
def test_a_response_before_the_end_of_the_body_stops_the_client_and_leaves_its_connection_usable(
    make_server: Any, end: str
) -> None:
    """The client has filled its windows with a body that is not read (RFC 9113, 8.1 and 6.9)."""
    server = make_server(body_max_bytes=4096 * KIB)
    http2 = Http2Client(server)
    stream = http2.ask(method="POST", end=False)
    sent = send_body(http2, stream, 1025 * KIB)
    server.conversation.reply(body_until=1)
    sent += send_body(http2, stream, 4096 * KIB)
    assert http2.h2.outbound_flow_control_window == 0
    if end == "answered":
        server.conversation.reply(status=403, content=b"no")
    else:
        server.hub.clock.advance(121)
    http2.flush()
    assert http2.response(stream)[0][":status"] in ("403", "503")
    assert http2.response(stream)[2]
    assert http2.of(h2.events.StreamReset, stream)
    other = http2.ask(method="POST", end=False)
    assert send_body(http2, other, 200 * KIB) == 200 * KIB
    http2.h2.end_stream(other)
    http2.flush()
    server.conversation.reply(status=200, content=b"still there")
    http2.flush()
    assert http2.response(other)[1] == b"still there"


def test_data_that_crosses_the_end_of_its_response_is_ignored(server: Any, http2: Http2Client) -> None:
    stream = http2.ask(method="POST", end=False)
    http2.h2.send_data(stream, b"a" * 16 * KIB)
    http2.h2.send_data(stream, b"b", end_stream=True)
    crossing = http2.h2.data_to_send()
    protocol = http2.client.transport.protocol
    protocol.streams[stream]._request._exchange.timed_out()
    http2.client.send(crossing)
    http2.flush()
    assert http2.response(stream)[0][":status"] == "408"
    assert server.conversations == []


def test_a_long_response_waits_for_the_client(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    server.conversation.reply(status=200, content=b"a" * 200 * KIB, more_content=True, flow_channel="flow?1")
    http2.flush()
    received = sum(len(event.data) for event in http2.of(h2.events.DataReceived, stream))
    assert received == 65_535
    assert http2.client.transport.protocol.queued_bytes(stream) <= 2 * 64 * KIB
    server.conversation.reply(content=b"b")
    http2.h2.increment_flow_control_window(1024 * KIB)
    http2.h2.increment_flow_control_window(1024 * KIB, stream)
    http2.flush()
    assert http2.response(stream)[1:] == (b"a" * 200 * KIB + b"b", True)


def test_a_client_without_a_window_holds_a_block_and_no_longer_than_it_may(server: Any, http2: Http2Client) -> None:
    """A response is complete for the application at once; the stream and what it holds end with the deadline."""
    http2.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
    streams = [http2.ask() for _ in range(30)]
    for conversation in server.conversations:
        conversation.reply(status=200, content=b"a" * 1024 * KIB)
    http2.flush()
    assert all(conversation.is_closed for conversation in server.conversations)
    connection = http2.client.transport.protocol
    assert sum(connection.queued_bytes(stream) for stream in streams) <= 30 * 2 * 64 * KIB
    assert server.hub.spools.memory.used_amount <= server.hub.config.spool_memory_max_bytes
    assert server.hub.requests.used_amount == 30
    server.hub.clock.advance(121)
    http2.flush()
    assert len(http2.of(h2.events.StreamReset, streams[0])) == 1
    assert (connection.streams, server.hub.requests.used_amount, server.hub.spools.memory.used_amount) == ({}, 0, 0)
    server.hub.clock.advance(61)
    assert http2.client.is_closed


@pytest.mark.parametrize("length", [1, 60 * KIB])
def test_the_end_of_a_response_has_a_deadline_too(server: Any, http2: Http2Client, length: int) -> None:
    """All of it is written, and waits for the client's window."""
    http2.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
    stream = http2.ask()
    server.conversation.reply(status=200, content=b"a" * length)
    server.hub.clock.advance(119)
    http2.flush()
    assert not http2.of(h2.events.StreamReset, stream)
    server.hub.clock.advance(2)
    http2.flush()
    assert http2.of(h2.events.StreamReset, stream)
    assert server.hub.requests.used_amount == 0


def test_a_stream_whose_window_is_used_up_costs_nothing(server: Any, http2: Http2Client) -> None:
    http2.ask()
    server.conversation.reply(status=200, content=b"a" * 200 * KIB)
    http2.flush()
    due = [call for call in server.hub.clock.getDelayedCalls() if call.getTime() <= server.hub.clock.seconds()]
    assert due == []


def test_a_larger_initial_window_opens_streams_too(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    http2.h2.increment_flow_control_window(1024 * KIB)
    server.conversation.reply(status=200, content=b"a" * 200 * KIB)
    http2.flush()
    assert not http2.response(stream)[2]
    http2.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1024 * KIB})
    http2.flush()
    assert http2.response(stream)[1:] == (b"a" * 200 * KIB, True)


def test_a_client_that_takes_nothing_is_cut_off(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    server.conversation.reply(status=200, content=b"a" * 300 * KIB, more_content=True)
    server.hub.clock.advance(121)
    http2.flush()
    assert http2.of(h2.events.StreamReset, stream)
    assert server.conversation.events[-1][0] == "http.disconnect"


def test_a_stream_that_is_reset_is_reported(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    http2.h2.reset_stream(stream)
    http2.flush()
    assert server.conversation.events[-1][0] == "http.disconnect"
    server.conversation.reply(status=200, content=b"late")
    http2.flush()


def test_a_client_that_leaves_is_reported_on_every_stream(server: Any, http2: Http2Client) -> None:
    http2.ask()
    http2.ask()
    from twisted.internet.error import ConnectionDone
    from twisted.python.failure import Failure

    http2.client.transport.protocol.connectionLost(Failure(ConnectionDone()))
    assert [conversation.events[-1][0] for conversation in server.conversations] == ["http.disconnect"] * 2
    assert len(server.factory) == 0


@pytest.mark.parametrize(
    ("extra", "path", "status"),
    [
        ([("x-a", "b\x85c")], "/", "400"),
        ([], "/%ff", "400"),
        ([], "http://h/", "400"),
        ([("x-long", "a" * 33_000)], "/", "431"),
    ],
)
def test_a_bad_head_is_refused_and_the_connection_goes_on(
    server: Any, http2: Http2Client, extra: list[Any], path: str, status: str
) -> None:
    stream = http2.ask(*extra, path=path)
    headers, content, has_ended = http2.response(stream)
    assert headers[":status"] == status
    assert b"<h1>" in content and has_ended
    assert server.conversations == []
    http2.ask()
    assert len(server.conversations) == 1


def test_no_answer_in_time_is_a_503_on_that_stream(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    server.hub.clock.advance(100)
    other = http2.ask()
    server.hub.clock.advance(21)
    http2.flush()
    assert http2.response(stream)[0][":status"] == "503"
    server.conversation.reply(status=200, content=b"")
    http2.flush()
    assert http2.response(other)[0][":status"] == "200"


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(server: Any, http2: Http2Client) -> None:
    http2.ask()
    server.hub.clock.advance(61)
    server.hub.clock.advance(50)
    http2.flush()
    assert not http2.client.is_closed
    server.conversation.reply(status=200, content=b"")
    http2.flush()
    server.hub.clock.advance(61)
    assert http2.client.is_closed


def test_going_away_finishes_what_was_begun(server: Any, http2: Http2Client) -> None:
    stream = http2.ask()
    server.factory.go_away()
    assert not http2.client.is_closed
    server.conversation.owner.go_away()
    server.conversation.reply(status=200, content=b"bye")
    http2.flush()
    assert http2.response(stream)[1] == b"bye"
    assert http2.client.is_closed


def test_going_away_closes_an_idle_connection(server: Any, http2: Http2Client) -> None:
    server.factory.go_away()
    assert http2.client.is_closed
