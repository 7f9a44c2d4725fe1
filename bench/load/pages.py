"""Generators of HTTP requests: closed-loop GET, a fixed number of sleeping requests, and slow clients.

Responses have a Content-Length, come in chunks, or end with their connection.
"""

import asyncio
import random
import re
import socket
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from .measuring import Stopwatch, latencies_ms, say, stdin_lines

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)


class Tally:
    """The results of all clients since the warm-up."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        #: Responses, the warm-up's among them.
        self.total = 0

    def clear(self) -> None:
        """Forget the warm-up."""
        self.latencies.clear()
        self.statuses.clear()


class GetClient(asyncio.Protocol):
    """One connection after the other."""

    # `Any`: uvloop's transports are no subclass of asyncio's.
    _transport: Any = None

    def __init__(self, host: str, port: int, request: bytes, tally: Tally) -> None:
        self._address = host, port
        self._request = request
        self._tally = tally
        self._data = b""
        self._sent_at = 0.0
        self.is_running = True

    async def connect(self) -> None:
        """Open a connection and send the first request."""
        self._sent_at = time.perf_counter()
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, *self._address)
        except OSError as error:
            self._tally.statuses[type(error).__name__] += 1

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self._transport = transport
        self._data = b""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Send the next request if the response is complete."""
        self._data = data = self._data + data if self._data else data
        head, mark, body = data.partition(b"\r\n\r\n")
        if not mark or not _is_complete(head + b"\r\n", body):
            return
        self._data = b""
        self._note(head)
        if self.is_running and not _CLOSE.search(head + b"\r\n"):
            self._sent_at = time.perf_counter()
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Connect anew; data that is left was a response that ends with its connection, or a broken one."""
        if self._data:
            self._note(self._data.partition(b"\r\n\r\n")[0])
        if self.is_running:
            self._connecting = asyncio.get_running_loop().create_task(self.connect())

    def _note(self, head: bytes) -> None:
        self._tally.total += 1
        self._tally.latencies.append(time.perf_counter() - self._sent_at)
        self._tally.statuses[head[9:12].decode("ascii", "replace")] += 1


def _is_complete(head: bytes, body: bytes) -> bool:
    length = _LENGTH.search(head)
    if length is not None:
        return len(body) >= int(length.group(1))
    return _CHUNKED.search(head) is not None and body.endswith(b"0\r\n\r\n")


async def get(url: str, connections: int, seconds: float) -> None:
    """Send GET requests over connections that each wait for the whole response before the next request.

    The first tenth of the time is warm-up and does not count.
    """
    parts = urlsplit(url)
    request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n\r\n".encode()
    tally = Tally()
    clients = [GetClient(parts.hostname or "", parts.port or 80, request, tally) for _ in range(connections)]
    await asyncio.gather(*(client.connect() for client in clients))
    await asyncio.sleep(seconds / 10)
    tally.clear()
    watch = Stopwatch()
    await asyncio.sleep(seconds)
    for client in clients:
        client.is_running = False
    say(
        {
            "rate": tally.statuses["200"] / watch.seconds,
            **latencies_ms(tally.latencies),
            "generator_busy": watch.busy,
            "messages": tally.total,
            "errors": sum(number for status, number in tally.statuses.items() if status != "200"),
        }
    )


async def _ask(host: str, port: int, waiting: list[float], errors: list[str]) -> None:
    while waiting:
        seconds = waiting.pop()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /sleep/{seconds:.4f}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.read())[9:12].decode("ascii", "replace")
        writer.close()
        if status != "200":
            errors.append(status)


async def sleeps(url: str, requests: int, in_flight: int, threads: int) -> None:
    """Request a view that sleeps random()² seconds a number of times; measure the time until all are answered.

    `ideal` is the time that `threads` threads need which are always busy.
    """
    parts = urlsplit(url)
    numbers = random.Random(1582)
    waiting = [numbers.random() ** 2 for _ in range(requests)]
    ideal, errors = sum(waiting) / threads, list[str]()
    watch = Stopwatch()
    workers = [_ask(parts.hostname or "", parts.port or 80, waiting, errors) for _ in range(in_flight)]
    await asyncio.gather(*workers)
    say({"seconds": watch.seconds, "ideal": ideal, "errors": len(errors), "generator_busy": watch.busy})


UPLOAD_BYTES = 300_000
SEND_SECONDS, READ_SECONDS, READ_BYTES = 1.0, 3.0, 512
#: So small that the system keeps little of a response that is not read.
WINDOW_BYTES = 4096


async def connect(address: tuple[str, int], request: str) -> socket.socket:
    """Open a connection and send the head of a request."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, address)
    await loop.sock_sendall(client, request.encode())
    return client


async def send_slowly(clients: list[socket.socket]) -> None:
    """Send a byte on each connection, again and again; one that the server has ended is left alone."""
    while True:
        await asyncio.sleep(SEND_SECONDS)
        for client in clients:
            try:
                client.send(b"x")
            except OSError:
                continue


async def read_slowly(clients: list[socket.socket]) -> None:
    """Read a little from each connection, again and again."""
    while True:
        await asyncio.sleep(READ_SECONDS)
        for client in clients:
            try:
                client.recv(READ_BYTES)
            except OSError:
                continue


async def slow(url: str, posters: int, readers: int) -> None:
    """Hold clients that send or read a few bytes now and then, until stdin ends; report when all are connected.

    Posters begin an upload of 300,000 bytes and send a byte a second; readers request a long page and read 512 bytes
    every three seconds, through a small window.
    """
    parts = urlsplit(url)
    address, host = (parts.hostname or "", parts.port or 80), parts.netloc
    upload = f"POST /upload/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n"
    download = f"GET /download/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
    stdin = await stdin_lines()
    posting = [await connect(address, upload) for _ in range(posters)]
    reading = [await connect(address, download) for _ in range(readers)]
    tasks = [asyncio.create_task(send_slowly(posting)), asyncio.create_task(read_slowly(reading))]
    say({"connected": len(posting) + len(reading)})
    await stdin.read()
    for task in tasks:
        task.cancel()
    say({"ended": len(posting) + len(reading)})
