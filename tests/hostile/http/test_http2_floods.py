"""HTTP/2: what costs the client nothing and the server something ends the connection; bytes never make it raise."""

import struct
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
#: Requests that a client may take back, one after the other, before it is shown out.
MOST_RESETS = 1100


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


class Client:
    """The other end of a connection that TLS agreed to be HTTP/2, in memory."""

    def __init__(self, site: Any) -> None:
        self.site = site
        self.connection, self.transport = site.connect()
        self.transport.negotiatedProtocol = b"h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()

    def send(self, data: bytes = b"") -> bytes:
        """Send the pending bytes of the state machine and these; return all received bytes."""
        data = self.h2.data_to_send() + data
        if data and self.is_open:
            getattr(self.transport, "protocol", self.connection).dataReceived(data)
        self.site.hub.clock.advance(0)
        return bytes(self.transport.value())

    @property
    def is_open(self) -> bool:
        return not (self.transport.is_closed or getattr(self.transport, "aborting", False))

    def head(self, stream: int, *extra: tuple[str, str], end: bool = True) -> bytes:
        """Return the frames of a request's head."""
        pseudo = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "a")]
        self.h2.send_headers(stream, [*pseudo, *extra], end_stream=end)
        return bytes(self.h2.data_to_send())


class Silent:
    """An application that does not answer."""

    reply_channel = "interface.me!you"
    is_closed = False
    asked = 0

    def __init__(self, owner: Any) -> None:
        type(self).asked += 1

    def emit(self, channel: str, content: dict[str, Any], *, insist: bool) -> None:
        pass

    def close(self, channel: str | None = None, content: dict[str, Any] | None = None) -> None:
        pass


@pytest.fixture
def client(make_site: Any) -> Client:
    fresh = Client(make_site())
    fresh.send()
    return fresh


def test_who_takes_its_requests_back_again_and_again_is_shown_out(client: Client) -> None:
    Silent.asked = 0
    client.site.factory.converse = Silent
    for number in range(20_000):
        stream = 2 * number + 1
        head = client.head(stream)
        client.h2.reset_stream(stream)
        client.send(head + client.h2.data_to_send())
        if not client.is_open:
            break
    assert not client.is_open
    assert Silent.asked <= MOST_RESETS


@pytest.mark.parametrize(
    "flood",
    [
        frame(PING, payload=b"12345678"),
        frame(SETTINGS),
        frame(SETTINGS, payload=struct.pack("!HI", 4, 65535)),
        frame(WINDOW_UPDATE, payload=struct.pack("!I", 1)),
        frame(0xFA, payload=b"unknown"),
    ],
)
def test_a_flood_of_frames_that_cost_nothing_holds_no_memory(client: Client, flood: bytes) -> None:
    """A client that does not read the frames that it causes is disconnected; one that reads them is not."""
    client.transport.producer.pauseProducing()
    for _ in range(20):
        if client.is_open:
            client.send(flood * 1000)
    connection = client.transport.protocol
    assert not client.is_open or connection._bufferedControlFrameBytes < 64 * 1024


def test_a_head_without_end_is_refused(client: Client) -> None:
    client.send(frame(HEADERS, 0, 1, b"\x00\x01a\x01b" * 10))
    for _ in range(200):
        if client.is_open:
            client.send(frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 2000))
    assert not client.is_open
    assert client.site.seen == []


def test_a_head_that_a_table_makes_huge_is_refused(client: Client) -> None:
    """A few bytes name a long header of the table a thousand times (the "HPACK bomb")."""
    client.send(client.head(1, ("x", "y" * 3000)))
    before = len(client.site.seen)
    indexed = b"\x82\x86\x84\x41\x01a" + b"\xbe" * 5000
    client.send(frame(HEADERS, 5, 3, indexed))
    assert len(client.site.seen) == before


@pytest.mark.parametrize(
    "extra",
    [
        ("transfer-encoding", "chunked"),
        ("content-length", "1"),
        ("connection", "keep-alive"),
        ("x", "a\x0bb"),
        ("x", "a\r\nb: c"),
        ("x y", "z"),
        ("host", "other.example"),
    ],
)
def test_what_would_be_another_request_in_http_1_reaches_no_consumer(client: Client, extra: tuple[str, str]) -> None:
    settings = h2.config.H2Configuration(
        client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False
    )
    client.h2.config = settings
    client.send(client.head(1, extra))
    for request in client.site.seen:
        assert extra == ("host", "other.example")
        assert request["headers"] == ((b"host", b"a"),)


@given(
    st.lists(
        st.builds(frame, st.integers(0, 11), st.integers(0, 255), st.integers(0, 5), st.binary(max_size=30)), max_size=8
    )
)
def test_no_frames_make_it_raise(site: Any, frames: list[bytes]) -> None:
    client = Client(site)
    client.send()
    for data in frames:
        client.send(data)
    if client.is_open:
        client.transport.protocol.connectionLost(Failure(ConnectionDone()))
