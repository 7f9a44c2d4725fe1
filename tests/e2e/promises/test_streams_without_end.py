"""Responses and views without an end: they end when their client leaves, and no worker is kept from stopping."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

URLS = """
import asyncio
import itertools
import time
from pathlib import Path
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

journal = Path(__file__).parent / "journal.txt"

def note(text):
    with journal.open("a") as lines:
        lines.write(text + "\\n")

async def ticks():
    try:
        for number in itertools.count():
            yield b"tick %d\\n" % number
            await asyncio.sleep(0.1)
    finally:
        note("ticks ended")

async def silence():
    try:
        await asyncio.Event().wait()
        yield b""
    finally:
        note("silence ended")

def old_ticks():
    try:
        for number in itertools.count():
            yield b"tick %d\\n" % number
            time.sleep(0.1)
    finally:
        note("old ticks ended")

async def view(request):
    note("view began")
    try:
        await asyncio.Event().wait()
    finally:
        note("view ended")

urlpatterns = [
    path("hello/", lambda request: HttpResponse("hello")),
    path("ticks/", lambda request: StreamingHttpResponse(ticks())),
    path("silence/", lambda request: StreamingHttpResponse(silence())),
    path("old-ticks/", lambda request: StreamingHttpResponse(old_ticks())),
    path("view/", view),
]
"""


@contextmanager
def requested(port: int, name: str) -> Iterator[socket.socket]:
    """Send a request, and leave at the end."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=90)) as client:
        client.sendall(f"GET /{name}/ HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        yield client


def read_until(client: socket.socket, text: bytes) -> bytes:
    """Return the received content once it has `text`."""
    data = b""
    while text not in data:
        piece = client.recv(65536)
        assert piece, f"the connection ended after {data!r}"
        data += piece
    return data


def rest_of(client: socket.socket) -> bytes:
    """Return the content up to the abort of the connection."""
    data = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            data += piece
    return data


@pytest.fixture
def journal(stack: Any) -> Callable[[], list[str]]:
    """The notes of the views."""
    stack.project.write("urls.py", URLS)
    path = stack.project.folder / "journal.txt"
    return lambda: path.read_text().splitlines() if path.exists() else []


BEGUN = {"ticks": b"tick 3\n", "silence": b"200 OK\r\n", "old-ticks": b"tick 3\n"}


def test_what_has_no_end_ends_when_its_client_leaves(stack: Any, journal: Any, wait_until: Any, status_of: Any) -> None:
    _, port = stack.interface()
    stack.worker("--threads", "1")
    for name, begun in BEGUN.items():
        with requested(port, name) as client:
            read_until(client, begun)
        wait_until(lambda name=name: f"{name.replace('-', ' ')} ended" in journal())
    with requested(port, "view"):
        wait_until(lambda: "view began" in journal())
    wait_until(lambda: "view ended" in journal())
    assert status_of(f"http://127.0.0.1:{port}/hello/") == 200


def test_a_worker_with_streams_without_an_end_stops(stack: Any, journal: Any, wait_until: Any) -> None:
    _, port = stack.interface()
    worker = stack.worker("--threads", str(len(BEGUN)))
    with requested(port, "ticks") as one, requested(port, "silence") as two, requested(port, "old-ticks") as three:
        for client, begun in zip((one, two, three), BEGUN.values(), strict=True):
            read_until(client, begun)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
        assert sorted(journal()) == ["old ticks ended", "silence ended", "ticks ended"]
        assert not any(b"\r\n0\r\n\r\n" in rest_of(client) for client in (one, two, three))
