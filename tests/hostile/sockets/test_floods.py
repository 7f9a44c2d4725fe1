"""Floods over TCP: a flooding client gets only its share, and a full server refuses connections and continues."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

PING, PONG = 9, 10
MOST_CONNECTIONS = 20
PATIENCE_SECONDS = 20
REFUSED = b"HTTP/1.1 503 "


def test_beside_a_flood_of_pings_others_are_served(server: Any, make_frame: Any, times: int) -> None:
    count = 50_000 * times
    with closing(server.connect()) as flooding, closing(server.connect()) as other:
        flooding.handshake()
        other.handshake()
        flood = Flood(flooding.socket, make_frame(PING) * count)
        answers = 0
        while not flood.is_answered(2 * count):
            other.send(make_frame(PING, b"%d" % answers))
            assert other.frame() == (PONG, b"%d" % answers, True, 0)
            answers += 1
        flood.join()
    assert answers >= 20 * times, "a packet of ten thousand pings was read in one go"


class Flood:
    """Sends bytes and reads the answers, in threads of its own."""

    def __init__(self, connection: socket.socket, data: bytes) -> None:
        self._connection = connection
        self._answered = 0
        self._threads = [threading.Thread(target=connection.sendall, args=[data]), threading.Thread(target=self._read)]
        for thread in self._threads:
            thread.start()

    def is_answered(self, length: int) -> bool:
        """Return whether this number of bytes was received."""
        return self._answered >= length

    def join(self) -> None:
        """Wait for the end."""
        self._connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        while data := self._connection.recv(1 << 16):
            self._answered += len(data)


@pytest.fixture(scope="module")
def small_server(start_server: Callable[..., Any]) -> Any:
    """A server for a few connections, whose application has a second for a handshake."""
    options = ["--websocket-handshake-timeout", "1", "--head-timeout", "1", "--idle-timeout", "1"]
    return start_server("--max-connections", str(MOST_CONNECTIONS), "--grace", "2", *options)


@pytest.fixture
def crowd(small_server: Any) -> Iterator[list[Any]]:
    """As many clients as there is room for."""
    clients = [small_server.connect() for _ in range(MOST_CONNECTIONS)]
    yield clients
    for client in clients:
        client.close()


def is_served(server: Any) -> bool:
    """Ask for a page."""
    with closing(server.connect()) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return bool(client.rest().startswith(b"HTTP/1.1 200 "))


def eventually_served(server: Any) -> bool:
    """Ask until there is room again: a refused client may read its answer for some seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_served(server):
        if time.monotonic() > deadline:
            return False
    return True


def test_unanswered_handshakes_end_and_make_room(small_server: Any, crowd: list[Any]) -> None:
    for client in crowd:
        client.send(
            b"GET /silent/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    with closing(small_server.connect()) as late:
        assert late.rest().startswith(REFUSED)
    assert all(client.rest().startswith(REFUSED) for client in crowd)
    assert eventually_served(small_server)


def test_heads_that_trickle_end_and_make_room(small_server: Any, crowd: list[Any]) -> None:
    for client in crowd:
        client.send(b"GET / HTTP/1.1\r\nHo")
    with closing(small_server.connect()) as late:
        assert late.rest().startswith(REFUSED)
    for client in crowd:
        assert client.rest().startswith(b"HTTP/1.1 408 ")
        client.close()  # else each may linger for five seconds
    assert eventually_served(small_server)


def test_clients_that_say_nothing_are_let_go(small_server: Any, crowd: list[Any]) -> None:
    assert all(client.rest() == b"" for client in crowd)
    assert eventually_served(small_server)


def test_open_sockets_count_and_make_room_when_they_leave(small_server: Any, crowd: list[Any]) -> None:
    assert all(client.handshake().startswith(b"HTTP/1.1 101 ") for client in crowd)
    with closing(small_server.connect()) as late:
        assert late.handshake().startswith(REFUSED)
    for client in crowd:
        client.close()
    assert eventually_served(small_server)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(30),
        b"\x00" * 100 + b"\r\n\r\n",
        b"*1\r\n$4\r\nPING\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"GET\r\n\r\n",
    ],
)
def test_other_protocols_are_refused_again_and_again(server: Any, request_bytes: bytes) -> None:
    for _ in range(30):
        with closing(server.connect()) as client:
            client.send(request_bytes)
            client.socket.shutdown(socket.SHUT_WR)
            assert client.rest()[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5", b"")
    assert is_served(server)
