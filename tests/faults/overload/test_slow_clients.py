"""Clients that send or read a few bytes now and then, against two worker threads: others notice nothing."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

CLIENTS = 200 if os.environ.get("TOWPATH_LONG_FAULTS") == "1" else 40
#: Seconds that two slow clients would have held both threads for, and more.
WATCH_SECONDS = 20.0 if os.environ.get("TOWPATH_LONG_FAULTS") == "1" else 4.0
#: How long a page may take on a loaded machine: each slow client would hold a thread for a minute or two.
PAGE_SECONDS = 20.0
MIB = 1024 * 1024

ROUTES = """
from towpath import route
from towpath.handler import ViewConsumer
channel_routing = [
    route("websocket.connect", "consumers.connect"),
    route("websocket.receive", "consumers.echo"),
    route("http.request", ViewConsumer(), path=r"^/live/", stream_uploads=True),
]
"""

CONSUMERS = """
def connect(message):
    message.reply_channel.send({"accept": True})

def echo(message):
    message.reply_channel.send({"text": message["text"]})
"""

URLS = """
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path

def upload(request):
    length = 0
    while piece := request.read(256 * 1024):
        length += len(piece)
    return HttpResponse(str(length))

def stream(request):
    return StreamingHttpResponse(b"x" * 65536 for _ in range(40))

def known(request):
    response = stream(request)
    response["Content-Length"] = str(40 * 65536)
    return response

urlpatterns = [
    path("hello/", lambda request: HttpResponse("hello")),
    path("upload/", upload),
    path("live/", upload),
    path("whole/", lambda request: HttpResponse(b"x" * (3 * 1024 * 1024))),
    path("stream/", stream),
    path("known/", known),
]
"""


class SlowClients:
    """Sockets that send and read little."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sockets: list[socket.socket] = []

    def open(self, sent: bytes) -> None:
        """Open one more, whose window is small, and send the beginning of a request."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self._port))
        client.sendall(sent)
        self.sockets.append(client)

    def send(self, data: bytes) -> None:
        """Let each send a little."""
        for client in self.sockets:
            client.sendall(data)

    def read(self, count: int) -> None:
        """Let each client read a few bytes."""
        for client in self.sockets:
            client.recv(count, socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Close them all."""
        for client in self.sockets:
            client.close()


@pytest.fixture
def slow(site: Any) -> Iterator[SlowClients]:
    """No slow client yet."""
    clients = SlowClients(site.port)
    yield clients
    clients.close()


@pytest.fixture
def site(stack: Any, status_of: Any) -> Any:
    """An interface server, and one worker process of two threads."""
    for name, text in {"routes.py": ROUTES, "consumers.py": CONSUMERS, "urls.py": URLS}.items():
        stack.project.write(name, text)
    stack.served, stack.port = stack.interface()
    stack.worker("--threads", "2")
    assert status_of(f"http://127.0.0.1:{stack.port}/hello/") == 200
    return stack


async def _ask(port: int) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /hello/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    return time.monotonic() - began


async def _watch(port: int, act: Any) -> float:
    """Request pages and echoes while slow clients act; return the longest duration."""
    longest, end = 0.0, time.monotonic() + WATCH_SECONDS
    async with connect(f"ws://127.0.0.1:{port}/", open_timeout=PAGE_SECONDS) as other:
        while time.monotonic() < end:
            act()
            longest = max(longest, await asyncio.wait_for(_ask(port), PAGE_SECONDS))
            began = time.monotonic()
            await other.send("?")
            assert await asyncio.wait_for(other.recv(), PAGE_SECONDS) == "?"
            longest = max(longest, time.monotonic() - began)
    return longest


@pytest.mark.parametrize("path", ["upload", "live"])
@pytest.mark.parametrize("sent_bytes", [0, 1_200_000])
def test_clients_that_send_slowly_stop_no_page_and_no_socket(
    site: Any, slow: SlowClients, within_patience: Any, report: Any, path: str, sent_bytes: int
) -> None:
    """A head that announces a body and nothing behind it, or more than a mebibyte of it, and a byte now and then."""
    count = CLIENTS if not sent_bytes else CLIENTS // 4
    for _ in range(count):
        slow.open(f"POST /{path}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n".encode() + b"a" * sent_bytes)
    longest = within_patience(_watch(site.port, lambda: slow.send(b"a")))
    report(f"{count} clients that send slowly to /{path}/: a page and an echo took at most {longest:.2f} s")
    assert longest < PAGE_SECONDS


@pytest.mark.parametrize("path", ["whole", "known", "stream"])
def test_clients_that_read_slowly_stop_no_page_and_no_socket(
    site: Any, slow: SlowClients, within_patience: Any, report: Any, path: str
) -> None:
    for _ in range(CLIENTS):
        slow.open(f"GET /{path}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    longest = within_patience(_watch(site.port, lambda: None))
    slow.read(512)
    report(f"{CLIENTS} clients that read /{path}/ slowly: a page and an echo took at most {longest:.2f} s")
    assert longest < PAGE_SECONDS
