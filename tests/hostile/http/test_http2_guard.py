"""HTTP/2: floods end the connection by its own means; nothing that a client sends makes the server raise."""

import struct
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from towpath.interface.counters import Count
from towpath.interface.http.http2_guard import BURST_COUNT, RATE_COUNT, FrameGuard

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
KIB = 1024


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


class Client:
    """The other end of a connection that TLS agreed to be HTTP/2, in memory; it takes all that it is sent."""

    def __init__(self, site: Any, *, understands: bool = True) -> None:
        """`understands`: the client's state machine knows of all that it sends, so that it can read the answers."""
        self.site = site
        self._understands = understands
        self.connection, self.transport = site.connect()
        self.transport.negotiatedProtocol = b"h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.events: list[Any] = []
        self.send()

    def send(self, data: bytes = b"") -> None:
        """Send the pending bytes of the state machine and these; read the answer."""
        data = self.h2.data_to_send() + data
        if data and self.is_open:
            getattr(self.transport, "protocol", self.connection).dataReceived(data)
        self.site.hub.clock.advance(0)
        answer = bytes(self.transport.value())
        self.transport.clear()
        self.events += self.h2.receive_data(answer) if answer and self._understands else []

    def ask(self, *extra: tuple[str, str], end: bool = True) -> int:
        """Send the head of a request."""
        stream = self.h2.get_next_available_stream_id()
        pseudo = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "a")]
        self.h2.send_headers(stream, [*pseudo, *extra], end_stream=end)
        self.send()
        return stream

    @property
    def is_open(self) -> bool:
        return not (self.transport.is_closed or getattr(self.transport, "aborting", False))

    @property
    def goodbye(self) -> Any:
        """Return the error code that the connection ended with, None while it is open."""
        ends = [event for event in self.events if isinstance(event, h2.events.ConnectionTerminated)]
        return ends[-1].error_code if ends else None


@pytest.fixture
def client(make_site: Any) -> Client:
    return Client(make_site())


@pytest.mark.parametrize(
    "flood",
    [
        frame(PING, payload=b"12345678"),
        frame(PING, flags=1, payload=b"12345678"),
        frame(SETTINGS),
        frame(SETTINGS, payload=struct.pack("!HI", 4, 65535)),
        frame(WINDOW_UPDATE, payload=struct.pack("!I", 1)),
        frame(PRIORITY, stream=9, payload=struct.pack("!IB", 0, 1)),
        frame(0xFA, payload=b"unknown"),
    ],
)
def test_a_flood_of_frames_ends_with_enhance_your_calm(client: Client, flood: bytes, caplog: Any) -> None:
    """Also of a client that reads the answers, so that none of them wait."""
    for _ in range(30):
        client.send(flood * 300)
    assert client.goodbye == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert not client.is_open
    assert client.site.hub.counters.totals[Count.FLOODS] == 1
    assert caplog.records == []
    client.site.hub.counters.report()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_empty_frames_of_a_body_are_a_flood_too(client: Client) -> None:
    stream = client.ask(("content-length", "5"), end=False)
    for _ in range(30):
        client.send(frame(DATA, stream=stream) * 300)
    assert client.goodbye == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


def test_a_body_in_frames_of_a_byte_is_a_flood_too(client: Client) -> None:
    stream = client.ask(end=False)
    for _ in range(30):
        client.send(frame(DATA, stream=stream, payload=b"x") * 300)
    assert client.goodbye == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


@pytest.mark.parametrize("payload", [b"", b"\x00\x01a\x01b" * 3000])
def test_a_head_without_end_is_kept_up_to_twice_the_length_of_one(client: Client, payload: bytes) -> None:
    client.send(frame(HEADERS, 0, 1, b"\x82\x86\x84\x41\x01a"))
    kept = 0
    for _ in range(5000):
        if not client.is_open:
            break
        client.send(frame(CONTINUATION, 0, 1, payload))
        frames = client.transport.protocol.conn.incoming_buffer._headers_buffer
        kept = max(kept, sum(len(kept_frame.data) for kept_frame in frames))
    assert client.goodbye in (h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, h2.errors.ErrorCodes.PROTOCOL_ERROR)
    assert kept <= 64 * KIB
    assert client.site.seen == []


def test_priorities_for_streams_that_do_not_exist_are_not_kept(client: Client, caplog: Any) -> None:
    for stream in range(3, 2 * (BURST_COUNT - 1000), 2):
        client.send(frame(PRIORITY, stream=stream, payload=struct.pack("!IB", stream - 2, 1)))
    client.ask()
    assert client.is_open
    assert len(client.site.seen) == 1
    assert caplog.records == []


def test_the_table_of_headers_does_not_grow_with_what_the_client_allows(client: Client) -> None:
    client.h2.update_settings({h2.settings.SettingCodes.HEADER_TABLE_SIZE: 1 << 30})
    client.send()
    for _ in range(5):
        client.ask()
    assert client.transport.protocol.conn.encoder.header_table_size <= 4 * KIB
    assert len([event for event in client.events if isinstance(event, h2.events.ResponseReceived)]) == 5


@pytest.mark.parametrize("size", [60 * KIB, 200 * KIB])
def test_responses_that_a_window_of_nothing_holds_back_are_bounded_in_all(make_site: Any, size: int) -> None:
    site = make_site(buffers_max_bytes=1300 * KIB)
    site.content = bytes(size)
    clients = [Client(site) for _ in range(4)]
    for client in clients:
        client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        for _ in range(12):
            client.ask()
    assert [client.is_open for client in clients] == [False, False, True, True]
    assert site.hub.memory.held_bytes <= 1300 * KIB
    for client in clients[2:]:
        client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1 << 30})
        client.h2.increment_flow_control_window(1 << 30)
        for _ in range(300):
            client.send()
        assert sum(len(event.data) for event in client.events if isinstance(event, h2.events.DataReceived)) == 12 * size
    assert site.hub.memory.held_bytes == 0


def test_large_heads_of_open_requests_are_bounded_in_all(make_site: Any) -> None:
    site = make_site(buffers_max_bytes=256 * KIB)
    clients = [Client(site) for _ in range(3)]
    for client in clients:
        client.h2.max_outbound_frame_size = 16 * KIB
        for _ in range(8):
            client.ask(("x", "y" * 12 * KIB), end=False)
    assert [client.is_open for client in clients] == [False, True, True]
    for client in clients[1:]:
        client.transport.protocol.connectionLost(Failure(ConnectionDone()))
    assert site.hub.memory.held_bytes == 0


def test_a_failure_within_the_protocol_is_one_line_and_the_end_of_the_connection(
    client: Client, caplog: Any, monkeypatch: Any
) -> None:
    def fail(*args: object) -> None:
        raise KeyError("x" * 1000)

    client.ask()
    monkeypatch.setattr(client.transport.protocol, "_handleWindowUpdate", fail)
    client.send(frame(WINDOW_UPDATE, payload=struct.pack("!I", 1)))
    assert client.goodbye == h2.errors.ErrorCodes.INTERNAL_ERROR
    assert not client.is_open
    (record,) = caplog.records
    assert record.exc_info is None
    assert len(record.getMessage()) < 400


def test_what_a_packet_holds_behind_a_flood_of_resets_is_not_handled(client: Client, caplog: Any) -> None:
    """All frames of a packet are read before the first of them is handled."""
    for _ in range(1100):
        stream = client.h2.get_next_available_stream_id()
        head = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "a")]
        client.h2.send_headers(stream, head, end_stream=False)
        client.h2.reset_stream(stream)
    packet = client.h2.data_to_send()
    client.send(packet)
    assert client.goodbye == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert len(client.site.seen) <= 1000
    assert client.transport.protocol.streams == {}
    counted = client.site.hub.counters.totals
    assert (counted[Count.FLOODS], counted[Count.HANDLERS_FAILED]) == (1, 0)
    assert caplog.records == []


@pytest.mark.parametrize("end", ["flood", "idle", "goaway"])
def test_a_connection_that_ends_is_open_until_it_is_closed_but_not_for_long(client: Client, end: str) -> None:
    """TLS closes when the client closes; until then it is one of the open connections."""
    client.transport.disconnecting = False
    if end == "flood":
        client.send(frame(PING, payload=bytes(8)) * 5000)
    elif end == "idle":
        client.site.hub.clock.advance(61)
    else:
        client.send(frame(7, 0, 0, struct.pack("!II", 0, 0)))
    assert client.transport.disconnecting
    assert client.transport.producer is None
    assert len(client.site.factory) == 1
    client.site.hub.clock.advance(6)
    assert client.transport.disconnected
    client.transport.protocol.connectionLost(Failure(ConnectionDone()))
    assert len(client.site.factory) == 0


def test_a_client_that_goes_on_sending_on_a_connection_that_ends_is_cut_off(client: Client) -> None:
    client.send(frame(PING, payload=bytes(8)) * 5000)
    assert not client.transport.disconnected
    for _ in range(5):
        client.transport.protocol.dataReceived(bytes(1024 * KIB))
    assert client.transport.disconnected


def test_few_streams_that_have_ended_are_remembered(client: Client) -> None:
    for _ in range(300):
        client.ask()
    assert len(client.transport.protocol.conn._closed_streams) <= 200


def test_what_is_sent_makes_up_for_the_frames_that_acknowledge_it() -> None:
    guard = FrameGuard(lambda: 0.0, 32 * KIB)
    assert guard.allows(PREFACE)
    for _ in range(4 * BURST_COUNT):
        guard.sent(4 * KIB)
        assert guard.allows(frame(WINDOW_UPDATE, payload=b"1234") * 2)


def test_a_long_upload_is_not_a_flood() -> None:
    guard = FrameGuard(lambda: 0.0, 32 * KIB)
    assert guard.allows(PREFACE)
    for _ in range(2 * BURST_COUNT):
        assert guard.allows(frame(DATA, stream=1, payload=bytes(16 * KIB)))


def test_credit_comes_back_with_time_up_to_a_burst() -> None:
    now = 0.0
    guard = FrameGuard(lambda: now, 32 * KIB)
    assert guard.allows(PREFACE)
    ping = frame(PING, payload=bytes(8))
    for _ in range(20):
        assert guard.allows(ping * (RATE_COUNT - 10))
        now += 1
    now += 10**6
    assert not guard.allows(ping * (2 * BURST_COUNT))


@given(
    st.lists(st.tuples(st.sampled_from([HEADERS, PING, DATA, 77]), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(1, 30), max_size=60),
)
def test_frames_are_counted_the_same_whatever_the_packets(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = PREFACE + b"".join(frame(kind, 0, 1, payload) for kind, payload in frames)
    whole, split = FrameGuard(lambda: 0.0, 1024), FrameGuard(lambda: 0.0, 1024)
    assert whole.allows(data)
    for cut in cuts:
        assert split.allows(data[:cut])
        data = data[cut:]
    assert split.allows(data)
    assert (whole._credit, whole.block_bytes) == (pytest.approx(split._credit), split.block_bytes)


steps = st.sampled_from(
    ["ask", "open", "data", "end", "reset", "window", "settings", "priority", "ping", "raw", "continuation", "goaway"]
)


@given(st.lists(st.tuples(steps, st.integers(0, 9), st.binary(max_size=20)), max_size=30))
def test_no_sequence_of_valid_and_broken_frames_makes_it_raise(
    make_site: Any, sequence: list[tuple[str, int, bytes]]
) -> None:
    client = Client(make_site(), understands=False)
    for step, number, payload in sequence:
        if not client.is_open:
            break
        client.send(made(client, step, 2 * number + 1, payload))
    assert client.site.hub.counters.totals[Count.HANDLERS_FAILED] == 0


def made(client: Client, step: str, stream: int, payload: bytes) -> bytes:
    """Return frames."""
    head = b"\x82\x86\x84\x41\x01a"
    return {
        "ask": frame(HEADERS, END_STREAM | END_HEADERS, stream, head),
        "open": frame(HEADERS, END_HEADERS, stream, head),
        "data": frame(DATA, 0, stream, payload),
        "end": frame(DATA, END_STREAM, stream, payload),
        "reset": frame(RST_STREAM, 0, stream, struct.pack("!I", 8)),
        "window": frame(WINDOW_UPDATE, 0, stream if payload else 0, struct.pack("!I", 1 + len(payload))),
        "settings": frame(SETTINGS, 0, 0, struct.pack("!HI", 1 + stream % 6, len(payload))),
        "priority": frame(PRIORITY, 0, stream, struct.pack("!IB", len(payload), 1)),
        "ping": frame(PING, 0, 0, bytes(8)),
        "raw": frame(stream, len(payload), stream, payload),
        "continuation": frame(HEADERS, END_STREAM, stream, head) + frame(CONTINUATION, END_HEADERS, stream),
        "goaway": frame(7, 0, 0, struct.pack("!II", 0, 0)),
    }[step]
