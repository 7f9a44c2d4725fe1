"""A real server on a loopback port, and a client that sends whatever it is told to: frames of its own, or any bytes."""

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

PATIENCE_SECONDS = 30
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
#: Not zeros: a server that forgets to unmask is found out.
MASK = b"\x37\xfa\x21\x3d"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


class Frame(NamedTuple):
    """A frame as it came from the server."""

    opcode: int
    payload: bytes
    is_last: bool = True
    reserved: int = 0


def frame(
    opcode: int, payload: bytes = b"", *, is_last: bool = True, reserved: int = 0, mask: bytes | None = MASK
) -> bytes:
    """Return a client's frame; without a mask it is not one that a client may send."""
    first = (128 if is_last else 0) | reserved << 4 | opcode
    marked = 0 if mask is None else 128
    if len(payload) < 126:
        head = bytes([first, marked | len(payload)])
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, marked | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, marked | 127, len(payload))
    return head + (payload if mask is None else mask + masked(payload, mask))


def masked(payload: bytes, mask: bytes) -> bytes:
    """Mask, or unmask, a payload."""
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


class Client:
    """One TCP connection to the server."""

    def __init__(self, port: int, window_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_SECONDS)
        if window_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, *parts: bytes) -> None:
        """Send bytes, each part in a packet of its own if the system likes."""
        for part in parts:
            self.socket.sendall(part)

    def handshake(self, *headers: bytes, path: bytes = b"/", host: bytes = b"example.com", key: bytes = KEY) -> bytes:
        """Ask for a WebSocket; return the answer's head."""
        lines = [b"GET " + path + b" HTTP/1.1", b"Host: " + host, b"Connection: Upgrade", b"Upgrade: websocket"]
        lines += [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + key, *headers, b"", b""]
        self.send(b"\r\n".join(lines))
        return self.head()

    def head(self) -> bytes:
        """Return the head of the next answer."""
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head

    def frame(self) -> Frame | None:
        """Return the next frame; None if the server has closed the connection instead."""
        try:
            first, second = self._take(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack("!H", self._take(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._take(8))
            assert not second & 128, "a server must not mask"
            return Frame(first & 15, self._take(length), bool(first & 128), first >> 4 & 7)
        except (EOFError, ConnectionError):
            return None

    def frames(self) -> list[Frame]:
        """Return all frames up to the end of the connection."""
        found = []
        while (next_frame := self.frame()) is not None:
            found.append(next_frame)
        return found

    def rest(self) -> bytes:
        """Return everything up to the end of the connection."""
        try:
            while True:
                self._more()
        except (EOFError, ConnectionError):
            rest, self._received = self._received, b""
            return rest

    def close(self) -> None:
        """Drop the connection."""
        self.socket.close()

    def _take(self, length: int) -> bytes:
        while len(self._received) < length:
            self._more()
        taken, self._received = self._received[:length], self._received[length:]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError
        self._received += data


class Server:
    """One process of `echo_server.py`; its socket is there before it is, so that nobody waits for it."""

    def __init__(self, log: Path, *options: str) -> None:
        self._log = log
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        fd = self._listener.fileno()
        command = [sys.executable, str(Path(__file__).parent / "echo_server.py"), "--fd", str(fd), *options]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[fd],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def connect(self, window_bytes: int | None = None) -> Client:
        """Connect without saying anything; `window_bytes`: how much the client's system takes of what is not read."""
        return Client(self.port, window_bytes)

    def stop(self) -> None:
        """End the process, in order; a failure of it is one of the test."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._listener.close()
        assert code == 0, self.log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything that it has written."""
        return self._log.read_text(errors="replace")


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start a server with these options; it ends with the run."""
    servers: list[Server] = []

    def start(*options: str) -> Server:
        servers.append(Server(tmp_path_factory.mktemp("server") / "log", *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
        assert "Traceback" not in server.log


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server]) -> Server:
    """The server with default options that most tests share."""
    return start_server("--grace", "2")


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client that has not said anything yet."""
    with closing(server.connect()) as connected:
        yield connected


@pytest.fixture
def open_client(client: Client) -> Client:
    """A client with an open WebSocket."""
    assert client.handshake().startswith(b"HTTP/1.1 101 ")
    return client


@pytest.fixture(scope="session")
def make_frame() -> Callable[..., bytes]:
    """Make a client's frame."""
    return frame
