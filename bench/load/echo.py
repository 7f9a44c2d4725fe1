"""Closed-loop echo: every socket sends numbered texts; each that comes back lets the next one go."""

import argparse
import asyncio
import time
from collections import deque

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .measuring import CONNECTING, Stopwatch, latencies_ms, run, say

#: How long to wait for the last echoes.
DRAIN_SECONDS = 5.0


class EchoClient(WSListener):
    """One socket with a window of texts under way. `wrong` counts echoes that are changed, doubled or out of order."""

    def __init__(self, options: argparse.Namespace, latencies: list[float]) -> None:
        self._size = options.size
        self._latencies = latencies
        #: Texts sent so far; each carries its number.
        self.sent = 0
        #: (text, when it was sent), oldest first.
        self._under_way: deque[tuple[bytes, float]] = deque()
        self._window = options.window
        self.is_running = True
        self.is_closed = False
        self.wrong = 0

    @property
    def waiting(self) -> int:
        """How many echoes have not come."""
        return len(self._under_way)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take an echo, send the next text."""
        if frame.msg_type == WSMsgType.TEXT:
            text, sent_at = self._under_way.popleft() if self._under_way else (b"", 0.0)
            self._latencies.append(time.perf_counter() - sent_at)
            self.wrong += frame.get_payload_as_bytes() != text
            if self.is_running:
                self.send()
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note the loss."""
        self.is_closed = True

    def start(self) -> None:
        """Fill the window."""
        for _ in range(self._window):
            self.send()

    def send(self) -> None:
        """Send one text."""
        self.sent += 1
        text = (b"%d" % self.sent).ljust(self._size, b"x")
        self._under_way.append((text, time.perf_counter()))
        self._transport.send(WSMsgType.TEXT, text)


async def measure(options: argparse.Namespace) -> None:
    """Run the scenario; the first tenth of the time is warm-up and does not count."""
    latencies: list[float] = []
    clients: list[EchoClient] = []
    for begin in range(0, options.sockets, CONNECTING):
        number = min(CONNECTING, options.sockets - begin)
        connecting = [ws_connect(lambda: EchoClient(options, latencies), options.uri) for _ in range(number)]
        clients += [client for _, client in await asyncio.gather(*connecting)]
    for client in clients:
        client.start()
    await asyncio.sleep(options.seconds / 10)
    latencies.clear()
    watch = Stopwatch()
    await asyncio.sleep(options.seconds)
    answer = {
        "rate": len(latencies) / watch.seconds,
        **latencies_ms(latencies),
        "generator_busy": watch.busy,
    }
    await _drain(clients)
    answer["messages"] = sum(client.sent for client in clients)
    answer["sockets_lost"] = sum(client.is_closed for client in clients)
    answer["texts_lost"] = sum(client.waiting for client in clients)
    answer["texts_wrong"] = sum(client.wrong for client in clients)
    say(answer)


async def _drain(clients: list[EchoClient]) -> None:
    for client in clients:
        client.is_running = False
    deadline = time.perf_counter() + DRAIN_SECONDS
    while any(client.waiting for client in clients) and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)


def main() -> None:
    """Read the command line, run, answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--size", type=int, default=64, help="bytes of a text")
    parser.add_argument("--window", type=int, default=1, help="texts of a socket that are under way at once")
    run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
