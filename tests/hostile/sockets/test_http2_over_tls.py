"""Attacks over real TLS sockets, most of them on HTTP/2, against one server: TLS has buffers and a close of its own."""

import re
import select
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import pytest

from ...fakes.certificate import make_certificate
from ...ports import free_port
from .conftest import frame

PATIENCE_SECONDS = 30
MIB = 1024 * 1024
BUFFERS_BYTES = 4 * MIB
#: The code, the copies of content, the buffers of TLS, and freed memory that the allocator keeps.
SLACK_BYTES = 48 * MIB
#: A response for `/large/`.
LARGE_BYTES = 200 * 1024
#: How large a window may be (RFC 9113, 6.9.1).
WINDOW_MAX_BYTES = 2**31 - 1
HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION = 1, 3, 4, 6, 9
END_HEADERS = 4
#: A request for `/` of the host "a", by HPACK's table.
GET_HEAD = b"\x82\x86\x84\x41\x01a"
#: Clients of one attack, and responses of 200 KiB that each requests: 56 MiB in all.
CLIENTS_COUNT, RESPONSES_COUNT = 24, 12


class TlsServer:
    """An echo server that listens with TLS."""

    def __init__(self, start_server: Callable[..., Any], folder: Path) -> None:
        self._certificate = make_certificate(folder)
        self.port = free_port()
        files = f"privateKey={self._certificate.key}:certKey={self._certificate.certificate}"
        endpoint = f"ssl:{self.port}:{files}:interface=127.0.0.1"
        bounds = ["--buffers-max-bytes", str(BUFFERS_BYTES), "--send-timeout", "3", "--idle-timeout", "10"]
        self._server = start_server("--grace", "1", "--endpoint", endpoint, *bounds)
        with closing(self._server.connect()) as first:
            first.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert first.rest().startswith(b"HTTP/1.1 200 ")  # and by then it listens with TLS, too
        self.resting_bytes = self.peak_bytes()

    def connect(self, protocol: str, window_bytes: int | None = None) -> ssl.SSLSocket:
        """Connect, and agree on a protocol (ALPN)."""
        raw = socket.socket()
        raw.settimeout(PATIENCE_SECONDS)
        if window_bytes is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        raw.connect(("127.0.0.1", self.port))
        connected = self._certificate.context(protocol).wrap_socket(raw, server_hostname="127.0.0.1")
        assert connected.selected_alpn_protocol() == protocol
        return connected

    def peak_bytes(self) -> int:
        """Return the most memory that the process has used so far."""
        status = Path(f"/proc/{self._server.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    def assert_serves(self) -> None:
        """Check that an honest client gets its page, and that the process has kept to its bound."""
        with Client(self) as honest:
            honest.ask("/large/")
            length = 0
            while isinstance(
                event := honest.wait_for(h2.events.DataReceived, h2.events.StreamEnded), h2.events.DataReceived
            ):
                length += len(event.data)
        assert length == LARGE_BYTES
        assert self.peak_bytes() - self.resting_bytes < BUFFERS_BYTES + SLACK_BYTES


class Client:
    """A client of HTTP/2, which keeps to the protocol only as far as a test wants."""

    def __init__(self, server: TlsServer, window_bytes: int | None = None) -> None:
        self.socket = server.connect("h2", window_bytes)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self._events: deque[Any] = deque()
        self.send()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes = b"") -> None:
        """Send the pending bytes of the state machine, and these."""
        self.socket.sendall(self.h2.data_to_send() + data)

    def ask(self, path: str = "/") -> int:
        """Send a request; return the number of its stream."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", "GET"), (":path", path), (":scheme", "https"), (":authority", "a")]
        self.h2.send_headers(stream, head, end_stream=True)
        self.send()
        return stream

    def ask_for_much(self) -> None:
        """Request large responses, of which only the heads may be sent, and wait for those."""
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        for _ in range(RESPONSES_COUNT):
            self.ask("/large/")
            self.wait_for(h2.events.ResponseReceived)

    def open_windows(self) -> None:
        """Open the windows, so that the server may send without limit."""
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_MAX_BYTES})
        self.h2.increment_flow_control_window(WINDOW_MAX_BYTES - 65535)
        self.send()

    def wait_for(self, *kinds: type[Any]) -> Any:
        """Return the next event of these kinds; None if the connection has ended before."""
        return next((event for event in self.events() if isinstance(event, kinds)), None)

    def events(self) -> Iterator[Any]:
        """Yield events up to the end of the connection."""
        with suppress(ConnectionError, ssl.SSLError):
            while True:
                while self._events:
                    event = self._events.popleft()
                    if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                        with suppress(h2.exceptions.ProtocolError):
                            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    yield event
                self.send()
                data = self.socket.recv(65536)
                if not data:
                    return
                self._events += self.h2.receive_data(data)

    def is_closed(self) -> bool:
        """Wait until the server has closed the TCP connection, not only TLS's part of it; read nothing."""
        poller = select.poll()
        poller.register(self.socket, select.POLLRDHUP)
        return bool(poller.poll(PATIENCE_SECONDS * 1000))


def frame_of_2(kind: int, payload: bytes = b"", stream: int = 0, flags: int = 0) -> bytes:
    """Return a frame of HTTP/2."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> TlsServer:
    return TlsServer(start_server, tmp_path_factory.mktemp("tls"))


def test_floods_of_frames_end_their_connections(server: TlsServer) -> None:
    """Also where the client never closes its end: TLS would wait for that."""
    floods = [
        frame_of_2(PING, bytes(8)) * 5000,
        frame_of_2(SETTINGS) * 5000,
        frame_of_2(HEADERS, b"\x82", stream=1) + frame_of_2(CONTINUATION, stream=1) * 5000,
        b"".join(
            frame_of_2(HEADERS, GET_HEAD, stream, END_HEADERS) + frame_of_2(RST_STREAM, bytes(4), stream)
            for stream in range(1, 4000, 2)
        ),
    ]
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in floods]
        for client, flood in zip(clients, floods, strict=True):
            with suppress(ConnectionError, ssl.SSLError):
                client.send(flood)
        server.assert_serves()
        for client in clients:
            assert client.is_closed()


def test_responses_that_a_window_of_nothing_holds_back_are_bounded_and_end(server: TlsServer) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(CLIENTS_COUNT)]
        for client in clients:
            with suppress(ConnectionError, ssl.SSLError):
                client.ask_for_much()
        server.assert_serves()
        for client in clients:
            ends = [client.wait_for(h2.events.StreamReset) for _ in range(RESPONSES_COUNT)]
            assert all(ends) or client.is_closed()


def test_clients_that_read_nothing_are_bounded_and_end(server: TlsServer) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server, window_bytes=4096)) for _ in range(CLIENTS_COUNT)]
        for client in clients:
            with suppress(ConnectionError, ssl.SSLError):
                client.ask_for_much()
                client.open_windows()
        server.assert_serves()
        assert all(client.is_closed() for client in clients)


def test_frames_of_websockets_that_are_not_read_are_bounded(server: TlsServer) -> None:
    handshake = (
        b"GET /burst/ HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(CLIENTS_COUNT):
            client = stack.enter_context(server.connect("http/1.1", window_bytes=4096))
            client.sendall(handshake)
            assert client.recv(12) == b"HTTP/1.1 101"
            client.sendall(frame(1, b"8 500000"))
        server.assert_serves()
