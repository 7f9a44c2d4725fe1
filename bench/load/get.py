"""Closed-loop GET: every connection asks, waits for the whole response, asks again; it connects anew if it must.

Understands responses with a Content-Length, in chunks, and those that end with their connection.
"""

import argparse
import asyncio
import re
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from .measuring import Stopwatch, latencies_ms, run, say

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
        """Open a connection and ask."""
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
        """Look whether the response is complete, and ask again."""
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


async def measure(url: str, connections: int, seconds: float) -> None:
    """Run the scenario; the first tenth of the time is warm-up and does not count."""
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


def main() -> None:
    """Read the command line, run, answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    run(measure(options.url, options.connections, options.seconds))


if __name__ == "__main__":
    main()
