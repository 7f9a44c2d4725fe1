"""Buffers of many clients together: each is below its own bound, and the process keeps to one for all of them."""

import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

TEXT, BINARY, CLOSE = 1, 2, 8
MIB = 1024 * 1024
TRY_AGAIN_LATER = (1013).to_bytes(2, "big")
HANDSHAKE = (
    b"GET /silent/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: The code, the copies of a message, and freed memory that the allocator keeps: seen is about half of it.
SLACK_BYTES = 48 * MIB


class Crowd:
    """Clients of one server of its own, and what its memory has grown by."""

    def __init__(self, server: Any, stack: ExitStack) -> None:
        self.server = server
        self.clients: list[Any] = []
        self._stack = stack
        self.join().handshake()
        self._resting = self._peak()

    def join(self, window_bytes: int | None = None) -> Any:
        """Connect one more."""
        client = self.server.connect(window_bytes)
        self._stack.callback(client.close)
        self.clients.append(client)
        return client

    def grown_bytes(self) -> int:
        """Return the growth of the server's peak memory since its start."""
        return self._peak() - self._resting

    def _peak(self) -> int:
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{self.server.pid}/status").read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


@pytest.fixture
def make_crowd(start_server: Callable[..., Any]) -> Iterator[Callable[..., Crowd]]:
    """Start a server with these options, and connect the first client to it."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not say how much memory a process uses")
    with ExitStack() as stack:
        yield lambda *options: Crowd(start_server("--grace", "1", *options), stack)


def test_incomplete_messages_are_bounded_in_all(make_crowd: Callable[..., Crowd], make_frame: Any) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(4 * MIB))
    late = make_frame(BINARY, bytes(1000 * 1000))
    attackers = [crowd.join() for _ in range(30)]
    for client in attackers:
        client.handshake()
        client.send(late[: 900 * 1000])
    assert all(client.frame().payload[:2] == TRY_AGAIN_LATER for client in attackers[:22])
    attackers[-1].send(late[900 * 1000 :])
    assert attackers[-1].frame().payload == bytes(1000 * 1000), "who completes its message is served"
    assert crowd.grown_bytes() < 4 * MIB + SLACK_BYTES


def test_fragments_of_messages_are_bounded_in_all(make_crowd: Callable[..., Crowd], make_frame: Any) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(4 * MIB))
    attackers = [crowd.join() for _ in range(30)]
    for client in attackers:
        client.handshake()
        client.send(make_frame(BINARY, bytes(900 * 1000), is_last=False))
    assert all(client.frame().payload[:2] == TRY_AGAIN_LATER for client in attackers[:22])
    assert crowd.grown_bytes() < 4 * MIB + SLACK_BYTES


def test_output_that_is_not_read_is_bounded_in_all(make_crowd: Callable[..., Crowd], make_frame: Any) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(8 * MIB), "--output-buffer-max-bytes", str(16 * MIB))
    attackers = [crowd.join(window_bytes=4096) for _ in range(30)]
    for client in attackers:
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"8 900000"))
        client.socket.recv(1, socket.MSG_PEEK)  # the application has answered
    honest = crowd.join()
    honest.handshake()
    honest.send(make_frame(TEXT, b"hello"))
    assert honest.frame().payload == b"hello"
    assert sum(is_cut_off(client) for client in attackers) >= 20
    assert crowd.grown_bytes() < 8 * MIB + SLACK_BYTES


def is_cut_off(client: Any) -> bool:
    """Read the bytes sent to a client; return whether some are missing."""
    return any(client.frame() is None for _ in range(8))


def test_one_long_frame_in_the_buffer_of_the_system_counts_as_output(
    make_crowd: Callable[..., Crowd], make_frame: Any
) -> None:
    """It waits in the transport, whose own bound it is above."""
    crowd = make_crowd("--buffers-max-bytes", str(8 * MIB), "--output-buffer-max-bytes", str(16 * MIB))
    attackers = [crowd.join(window_bytes=4096) for _ in range(40)]
    for client in attackers:
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"1 4000000"))
        client.socket.recv(1, socket.MSG_PEEK)
    honest = crowd.join()
    honest.handshake()
    honest.send(make_frame(TEXT, b"hello"))
    assert honest.frame().payload == b"hello"
    assert crowd.grown_bytes() < 8 * MIB + SLACK_BYTES


def test_events_that_workers_do_not_take_are_bounded_in_all(make_crowd: Callable[..., Crowd], make_frame: Any) -> None:
    """In the channel layer, which is in this process here, and before it."""
    crowd = make_crowd("--buffers-max-bytes", str(4 * MIB), "--events-max-bytes", str(4 * MIB))
    attackers = [crowd.join() for _ in range(40)]
    for client in attackers:
        client.handshake()
    stopping = crowd.join()
    stopping.handshake(path=b"/stop/")
    stopping.send(make_frame(TEXT, b"stop"))
    for client in attackers:
        client.send(make_frame(BINARY, bytes(900 * 1000)))
    assert sum(client.frame() is not None for client in attackers[6:30]) == 24, "those above the bounds are closed"
    assert crowd.grown_bytes() < 8 * MIB + SLACK_BYTES


def test_incomplete_heads_are_bounded_in_all(make_crowd: Callable[..., Crowd]) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(MIB))
    attackers = [crowd.join() for _ in range(100)]
    for client in attackers:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 30_000)
    assert all(client.head().startswith(b"HTTP/1.1 503 ") for client in attackers[:60])
    attackers[-1].send(b"\r\n\r\n")
    assert attackers[-1].head().startswith(b"HTTP/1.1 200 ")


def test_requests_that_are_sent_ahead_are_bounded_in_all(make_crowd: Callable[..., Crowd]) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(MIB), "--websocket-handshake-timeout", "60")
    attackers = [crowd.join() for _ in range(60)]
    for client in attackers:
        client.send(HANDSHAKE + b"x" * 60_000)
    assert all(client.rest() == b"" for client in attackers[:40])
    honest = crowd.join()
    honest.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert honest.rest().startswith(b"HTTP/1.1 200 ")


def test_heads_of_requests_that_are_answered_are_bounded_in_all(make_crowd: Callable[..., Crowd]) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(MIB), "--websocket-handshake-timeout", "60")
    attackers = [crowd.join() for _ in range(100)]
    for client in attackers:
        client.send(HANDSHAKE.replace(b"Host: a\r\n", b"Host: a\r\nx: " + b"y" * 30_000 + b"\r\n"))
    assert all(client.rest() == b"" for client in attackers[:60])


def test_lines_of_chunked_bodies_are_bounded_in_all(make_crowd: Callable[..., Crowd]) -> None:
    crowd = make_crowd("--buffers-max-bytes", str(MIB))
    attackers = [crowd.join() for _ in range(200)]
    for client in attackers:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: " + b"y" * 15_000)
    assert all(client.rest() == b"" for client in attackers[:100])


def test_the_size_of_a_frame_is_not_reserved(make_crowd: Callable[..., Crowd]) -> None:
    """A head of ten bytes announces a megabyte."""
    crowd = make_crowd("--buffers-max-bytes", str(MIB))
    attackers = [crowd.join() for _ in range(100)]
    for client in attackers:
        client.handshake()
        client.send(b"\x82\xff" + struct.pack("!Q", 1000 * 1000) + b"mask")
    honest = crowd.join()
    honest.handshake()
    assert crowd.grown_bytes() < SLACK_BYTES


def test_what_a_client_that_has_left_did_not_read_is_freed_at_once(
    make_crowd: Callable[..., Crowd], make_frame: Any
) -> None:
    """Not when the next cycles are collected: nothing that stays refers to it."""
    crowd = make_crowd("--output-buffer-max-bytes", str(16 * MIB))
    for _ in range(60):
        client = crowd.join(window_bytes=4096)
        client.handshake(path=b"/burst/")
        client.send(make_frame(TEXT, b"1 4000000"))
        client.socket.recv(1, socket.MSG_PEEK)
        client.close()
    honest = crowd.join()
    honest.handshake()
    honest.send(make_frame(TEXT, b"hello"))
    assert honest.frame().payload == b"hello"
    assert crowd.grown_bytes() < SLACK_BYTES
