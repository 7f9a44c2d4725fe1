"""Generators of WebSocket traffic: closed-loop echoes, idle sockets, and the members of groups."""

import argparse
import asyncio
import time
from collections import deque

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .measuring import CONNECTING, Stopwatch, latencies_ms, percentile_ms, say, stdin_lines

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
        """The number of echoes that have not arrived."""
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


async def echo(options: argparse.Namespace) -> None:
    """Send numbered texts on every socket; each that comes back lets the next one go.

    The first tenth of the time is warm-up and does not count.
    """
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


class HeldClient(WSListener):
    """One socket; answers pings."""

    is_closed = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a ping."""
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note the loss."""
        self.is_closed = True


async def _open(uri: str, numbers: list[int], clients: list[HeldClient]) -> None:
    while numbers:
        numbers.pop()
        _, client = await ws_connect(HeldClient, uri)
        clients.append(client)


async def hold(uri: str, sockets: int) -> None:
    """Open sockets as fast as possible, report the rate, and hold them, silent, until stdin ends."""
    numbers, clients = list(range(sockets)), list[HeldClient]()
    stdin = await stdin_lines()
    watch = Stopwatch()
    await asyncio.gather(*(_open(uri, numbers, clients) for _ in range(CONNECTING)))
    say({"rate": len(clients) / watch.seconds, "generator_busy": watch.busy})
    await stdin.read()
    say({"sockets_lost": sum(client.is_closed for client in clients)})


#: How long to wait for missing deliveries after the last one that came.
PATIENCE_SECONDS = 5.0


class Tally:
    """Deliveries by text; a text is the time of its sending, and one of its kind."""

    def __init__(self, members: int) -> None:
        self._members = members
        self.restart()

    def restart(self) -> None:
        """Forget what was before."""
        self._counts: dict[str, int] = {}
        #: Deliveries of a text to a member that had it already.
        self.doubled = 0
        self.latencies: list[float] = []
        #: From the sending to the last delivery of each text that reached all.
        self.lasts: list[float] = []
        self.heard_at = time.monotonic()
        self.watch = Stopwatch()

    def add(self, text: str) -> None:
        """Count a delivery."""
        now = self.heard_at = time.monotonic()
        self.latencies.append(now - float(text))
        count = self._counts[text] = self._counts.get(text, 0) + 1
        if count == self._members:
            self.lasts.append(now - float(text))
            say({"delivered": len(self.lasts)})


class Member(WSListener):
    """One socket."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last = ""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count a text."""
        if frame.msg_type == WSMsgType.TEXT:
            self._hear(frame.get_payload_as_ascii_text())
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def _hear(self, text: str) -> None:
        if text == self._last:
            self._tally.doubled += 1
        else:
            self._last = text
            self._tally.add(text)


async def members(uri: str, groups: int, members: int) -> None:
    """Join groups g0, g1, ...; count the texts that reach their members, and measure the time from their sending.

    Answers {"joined": n}, then {"delivered": n} each time a text has reached all members of its group. The line
    "measure" on stdin discards earlier counts, and is answered with {"measuring": true}. "end N" waits until the N
    texts sent since then have reached all members, or no text arrives any more, and answers with the sums. Without
    texts there are no times.
    """
    tally = Tally(members)
    stdin = await stdin_lines()
    uris = [f"{uri}/group/g{number % groups}/" for number in range(groups * members)]
    transports: list[WSTransport] = []
    for begin in range(0, len(uris), CONNECTING):
        joining = [ws_connect(lambda: Member(tally), uri) for uri in uris[begin : begin + CONNECTING]]
        transports += [transport for transport, _ in await asyncio.gather(*joining)]
    say({"joined": len(transports)})
    while (words := (await stdin.readline()).split()) and words[0] == b"measure":
        tally.restart()
        say({"measuring": True})
    if words:
        await _sum_up(tally, int(words[1]), members)


async def _sum_up(tally: Tally, sends: int, members: int) -> None:
    busy = tally.watch.busy
    expected = sends * members
    while len(tally.latencies) < expected and time.monotonic() - tally.heard_at < PATIENCE_SECONDS:
        await asyncio.sleep(0.02)
    say(
        {
            "missed": max(0, expected - len(tally.latencies)),
            "too_many": tally.doubled,
            **latencies_ms(tally.latencies),
            **({"last_ms": percentile_ms(tally.lasts, 50)} if tally.lasts else {}),
            "generator_busy": busy,
        }
    )
