"""Bad input is answered, not fatal."""

import socket
from contextlib import closing
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def worker(shared_stack: Any) -> Any:
    """The worker that all of them meet, one after the other."""
    return shared_stack.worker()


@pytest.fixture(scope="module")
def port(shared_stack: Any, worker: Any) -> int:
    """The port of the interface server before it."""
    return int(shared_stack.interface()[1])


def _raw(port: int, request: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), 30)) as client:
        client.sendall(request)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x0bb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_malformed_http_is_answered_400_and_the_server_goes_on(port: int, request_bytes: bytes, status_of: Any) -> None:
    assert _raw(port, request_bytes).startswith(b"HTTP/1.1 400"), request_bytes
    assert status_of(f"http://127.0.0.1:{port}/hello/") == 200


def _close_code_after(port: int, frame: Frame) -> int:
    """Send a frame as it is; return the code with which the server closes."""
    with connect(f"ws://127.0.0.1:{port}/echo/", max_size=None) as client:
        client.socket.sendall(frame.serialize(mask=True))
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(30)
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code


def test_an_oversized_message_is_closed_with_1009(port: int) -> None:
    assert _close_code_after(port, Frame(Opcode.TEXT, b"x" * (1024 * 1024 + 1))) == 1009


def test_bad_utf8_is_closed_with_1007(port: int) -> None:
    assert _close_code_after(port, Frame(Opcode.TEXT, b"\xff\xfe")) == 1007


def test_a_reserved_opcode_is_closed_with_1002(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/echo/") as client:
        client.socket.sendall(b"\x83\x80\x00\x00\x00\x00")
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1002


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_foreign_origin_is_refused_with_403(port: int, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port}/echo/", origin=origin)  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


def test_the_own_origin_is_let_in(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/echo/", origin=f"http://127.0.0.1:{port}") as client:  # type: ignore[arg-type]
        client.send("hello")
        assert client.recv(30) == "hello"


def test_an_unmatched_path_is_refused_with_403(port: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port}/nobody/")
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("raise", "the consumer failed on purpose"),
        ("unserialisable", "the unknown key 'when'"),
        ("bad name", "channel name 'not a name' is not valid"),
        ("exit", "SystemExit"),
    ],
)
def test_a_consumer_that_fails_is_logged_with_its_traceback_and_the_connection_goes_on(
    worker: Any, port: int, wait_until: Any, text: str, logged: str
) -> None:
    before = len(worker.output)
    with connect(f"ws://127.0.0.1:{port}/faulty/") as client:
        client.send(text)
        client.send("still there")
        assert client.recv(30) == "still there"
    for part in (logged, "Traceback"):
        wait_until(lambda part=part: part in worker.output[before:], lambda: worker.output)


def test_a_connect_consumer_that_fails_after_its_accept_ends_the_handshake(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/named/lobby/"):
        """A name that groups may have."""
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port}/named/m%C3%BCnchen/")
    assert refused.value.response.status_code == 500
    with connect(f"ws://127.0.0.1:{port}/named/m%C3%BCnchen!/") as client:  # whose accept does not wait
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(30)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
