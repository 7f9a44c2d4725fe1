"""Closed-loop GET: every keep-alive connection asks, waits for the whole response, asks again. Prints one JSON object.

Reads responses with a Content-Length only, which is what the views measured here answer.
"""

import argparse
import asyncio
import json
import re
import resource
import time
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class GetClient(asyncio.Protocol):
    """One connection: asks again as soon as a response is complete."""

    def __init__(self, request: bytes, latencies: list[float], statuses: dict[bytes, int]) -> None:
        self._request = request
        self._latencies = latencies
        self._statuses = statuses
        self._data = b""
        self._sent_at = 0.0
        self.is_running = True

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        head, mark, body = self._data.partition(b"\r\n\r\n")
        found = _LENGTH.search(head + b"\r\n") if mark else None
        if found is None or len(body) < int(found.group(1)):
            return
        self._data = b""
        self._latencies.append(time.perf_counter() - self._sent_at)
        status = head[9:12]
        self._statuses[status] = self._statuses.get(status, 0) + 1
        if self.is_running:
            self.send()

    def send(self) -> None:
        """Ask once."""
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


async def measure(url: str, connections: int, seconds: float) -> dict[str, object]:
    """Run the scenario; the first tenth of the time is warm-up and does not count."""
    parts = urlsplit(url)
    request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n\r\n".encode()
    latencies: list[float] = []
    statuses: dict[bytes, int] = {}
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: GetClient(request, latencies, statuses), parts.hostname, parts.port
        )
        clients.append(client)
    for client in clients:
        client.send()
    await asyncio.sleep(seconds / 10)
    latencies.clear()
    statuses.clear()
    busy, started = _busy(), time.perf_counter()
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - started
    for client in clients:
        client.is_running = False
    ordered = sorted(latencies) or [0.0]
    return {
        "rate": len(latencies) / elapsed,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1000,
        "statuses": {status.decode(): count for status, count in statuses.items()},
        "generator_busy": (_busy() - busy) / elapsed,
    }


def _busy() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    print(json.dumps(uvloop.run(measure(options.url, options.connections, options.seconds))))


if __name__ == "__main__":
    main()
