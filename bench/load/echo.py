"""Closed-loop echo: every socket sends a text, waits for it, sends the next. Prints one JSON object.

Uses picows on uvloop, so that the generator is not the bottleneck; `generator_busy` says how much of a core it used.
"""

import argparse
import asyncio
import json
import resource
import time

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect


class EchoClient(WSListener):
    """One socket: sends again as soon as its text is back, and records how long that took."""

    def __init__(self, text: bytes, latencies: list[float]) -> None:
        self._text = text
        self._latencies = latencies
        self._sent_at = 0.0
        self.is_running = True
        self.is_closed = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._latencies.append(time.perf_counter() - self._sent_at)
            if self.is_running:
                self.send()
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.is_closed = True

    def send(self) -> None:
        """Send the text once."""
        self._sent_at = time.perf_counter()
        self._transport.send(WSMsgType.TEXT, self._text)


async def measure(uri: str, sockets: int, seconds: float, size: int) -> dict[str, float]:
    """Run the scenario; the first tenth of the time is warm-up and does not count."""
    latencies: list[float] = []
    clients: list[EchoClient] = []
    for _ in range(sockets):
        _, client = await ws_connect(lambda: EchoClient(b"x" * size, latencies), uri)
        clients.append(client)
    for client in clients:
        client.send()
    await asyncio.sleep(seconds / 10)
    latencies.clear()
    busy, started = _busy(), time.perf_counter()
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - started
    ordered = sorted(latencies)
    lost = sum(client.is_closed for client in clients)
    for client in clients:
        client.is_running = False
    if not ordered:
        return {"rate": 0.0, "sockets_lost": lost}
    return {
        "rate": len(ordered) / elapsed,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1000,
        "sockets_lost": lost,
        "generator_busy": (_busy() - busy) / elapsed,
    }


def _busy() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--size", type=int, default=64, help="bytes of a text")
    options = parser.parse_args()
    print(json.dumps(uvloop.run(measure(options.uri, options.sockets, options.seconds, options.size))))


if __name__ == "__main__":
    main()
