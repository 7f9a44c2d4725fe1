"""Bodies through the shipped nginx file: complete before a worker has them, and kept for slow clients."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ...fakes.nginx import Nginx, find_nginx

URLS = """
import json
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path

def echo(request):
    length = request.META.get("CONTENT_LENGTH")
    body = request.read(int(length or 0))
    return HttpResponse(json.dumps([length, len(body)]))

def events(request):
    def parts():
        yield b"first"
        while not (marker := __import__("pathlib").Path(__file__).parent / "go").exists():
            __import__("time").sleep(0.02)
        yield b"second"
    return StreamingHttpResponse(parts(), headers={"X-Accel-Buffering": "no"})

urlpatterns = [
    path("hello/", lambda request: HttpResponse("hello")),
    path("echo/", echo),
    path("events/", events),
    path("download/", lambda request: StreamingHttpResponse(b"x" * 65536 for _ in range(80))),
]
"""


@pytest.fixture
def behind_nginx(stack: Any, tmp_path: Path) -> Iterator[tuple[Nginx, Any]]:
    """nginx, in front of an interface server and a worker of two threads; and the project."""
    find_nginx()
    stack.project.write("urls.py", URLS)
    _, behind = stack.interface("--trusted-proxies", "127.0.0.1")
    stack.worker("--threads", "2").wait_for("Starting")
    with Nginx(tmp_path, behind) as nginx:
        yield nginx, stack.project


def ask(nginx: Nginx, *parts: bytes) -> bytes:
    """Send a request, whose connection is to be closed; return the content of the response."""
    with closing(nginx.connect()) as client:
        for part in parts:
            client.sendall(part)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:300]
    return answer.partition(b"\r\n\r\n")[2]


def head(method: str, path: str, *more: str) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: example.com", "Connection: close", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_chunked_body_arrives_whole_and_with_its_length(behind_nginx: tuple[Nginx, Any]) -> None:
    nginx, _ = behind_nginx
    text = json.dumps({"text": "a" * 300_000}).encode()
    chunk = b"%x\r\n%b\r\n" % (len(text), text)
    answer = ask(nginx, head("POST", "/echo/", "Transfer-Encoding: chunked", "Expect:"), chunk, b"0\r\n\r\n")
    assert str([str(len(text)), len(text)]).replace("'", '"').encode() in answer


@pytest.mark.parametrize("request_head", ["upload", "download"])
def test_slow_clients_stop_no_page(behind_nginx: tuple[Nginx, Any], request_head: str) -> None:
    nginx, _ = behind_nginx
    sent = head("POST", "/echo/", "Content-Length: 300000") if request_head == "upload" else head("GET", "/download/")
    slow = []
    for _ in range(20):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", nginx.https_port))
        secured = nginx.secure(client)
        secured.sendall(sent)
        slow.append(secured)
    try:
        for _ in range(5):
            assert b"hello" in ask(nginx, head("GET", "/hello/"))
            if request_head == "upload":
                for client in slow:
                    client.sendall(b"a")
    finally:
        for client in slow:
            client.close()


def test_a_stream_that_asks_for_it_is_not_buffered(behind_nginx: tuple[Nginx, Any]) -> None:
    nginx, project = behind_nginx
    with closing(nginx.connect()) as client:
        client.sendall(head("GET", "/events/"))
        answer = b""
        while b"first" not in answer:
            piece = client.recv(65536)
            assert piece, answer
            answer += piece
        assert b"second" not in answer
        (project.folder / "go").touch()
        while piece := client.recv(65536):
            answer += piece
    assert b"second" in answer
    assert b"x-accel" not in answer.lower()
