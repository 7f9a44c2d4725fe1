"""A real server on a loopback port, and clients of it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from ...fakes.frames import frame
from ...fakes.tcp_client import PATIENCE_SECONDS, Client

#: Not zeros: a server that forgets to unmask is found out.
MASK = b"\x37\xfa\x21\x3d"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


class Server:
    """One process of `echo_server.py`; its socket is there before it is, so that no test waits for it."""

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
        """Connect without saying anything; `window_bytes`: the unread bytes that the client's system keeps."""
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
    """A client that has not sent any bytes yet."""
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
    return partial(frame, mask=MASK)
