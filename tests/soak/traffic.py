"""The traffic of the soak: sockets that connect, send requests and disconnect, and HTTP beside them.

Each socket is in a group. It requests an echo, a text to its group, or a text that is delayed by two seconds, waits for
the answer, pauses, and sends the next request. After some time it disconnects, with or without a close frame, and
another connects. At the end of stdin all disconnect, and one line of JSON has the counts of what was sent and lost.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from urllib.parse import urlsplit

from picows import WSCloseCode, WSFrame, WSInvalidStatusError, WSListener, WSMsgType, WSTransport, ws_connect

from bench.load.measuring import percentile_ms, run, say, stdin_lines

GROUPS = 20
#: Seconds after which an answer, a delivery or a delayed text counts as lost.
LOST_SECONDS = 30.0
LIFE_SECONDS = (20.0, 120.0)
#: The close code of a server that is replaced: the client connects again.
SENT_AWAY = 1012
KINDS = ("echo",) * 16 + ("later",) * 2 + ("group",)
HTTP_CLIENTS, HTTP_PAUSE = 8, 0.1


class Tally:
    """The results of all sockets."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.marks = count(1)
        self.latencies: list[float] = []
        self.members: dict[str, set[SoakClient]] = {f"g{number}": set() for number in range(GROUPS)}
        #: Group texts: the members that have not received them yet.
        self.owed: dict[str, set[SoakClient]] = {}


class SoakClient(WSListener):
    """One socket, from its handshake to its end."""

    def __init__(self, tally: Tally, group: str, pause: float) -> None:
        self._tally = tally
        self._group = group
        self._pause = pause
        self._asked = 0
        self._done = 0
        self._answered = asyncio.Event()
        self._later: set[str] = set()
        self._received: set[str] = set()
        self.closed = asyncio.Event()
        self._close_code = 0
        self._transport: WSTransport | None = None
        self._is_leaving = False

    @property
    def is_unconnected(self) -> bool:
        """Return whether the connection was never established."""
        return self._transport is None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Handle a text, a ping or a close frame."""
        if frame.msg_type == WSMsgType.TEXT:
            self._receive(frame.get_payload_as_ascii_text())
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self._close_code = int(frame.get_close_code())
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave the group, and wake the tasks that wait."""
        self._leave_group()
        self.closed.set()
        self._answered.set()

    async def live(self, seconds: float, manner: str) -> None:
        """Send one request after the other for `seconds`, then disconnect."""
        await self._ask("echo")
        if not self.closed.is_set():
            self._tally.members[self._group].add(self)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.closed.is_set():
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.closed.wait(), random.uniform(0.5, 1.5) * self._pause)
                break
            await self._ask(random.choice(KINDS))
        await self.leave(manner)

    async def _ask(self, kind: str) -> None:
        if self.closed.is_set():
            return
        self._asked += 1
        mark = str(next(self._tally.marks))
        self._tally.counts[f"{kind} asked"] += 1
        if kind == "group":
            self._tally.owed[mark] = set(self._tally.members[self._group])
        elif kind == "later":
            self._later.add(mark)
            asyncio.get_running_loop().call_later(LOST_SECONDS, self._count_lost_delayed, mark)
        self._answered.clear()
        began = time.perf_counter()
        self._transport.send(WSMsgType.TEXT, f"{kind} {mark}".encode())
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._answered.wait(), LOST_SECONDS)
        if self._done == self._asked:
            self._tally.latencies.append(time.perf_counter() - began)
            if kind == "group":
                asyncio.get_running_loop().call_later(LOST_SECONDS, self._count_lost_deliveries, mark)
            return
        self._tally.owed.pop(mark, None)  # it is unknown whether it was sent
        self._tally.counts["unanswered when sent away" if self.closed.is_set() else "answers lost"] += 1
        self._done = self._asked

    def _receive(self, text: str) -> None:
        kind, _, rest = text.partition(" ")
        counts = self._tally.counts
        if kind == "done":
            self._done += 1
            counts["answers"] += 1
            counts["answers out of order"] += int(rest) != self._done
            self._answered.set()
            return
        counts[f"{kind} texts"] += 1
        counts["texts doubled"] += rest in self._received
        self._received.add(rest)
        if kind == "later":
            self._later.discard(rest)
        else:
            self._tally.owed.get(rest, set()).discard(self)

    def _count_lost_delayed(self, mark: str) -> None:
        if mark in self._later and not self.closed.is_set():
            self._tally.counts["delayed texts lost"] += 1

    def _count_lost_deliveries(self, mark: str) -> None:
        self._tally.counts["deliveries lost"] += len(self._tally.owed.pop(mark, ()))

    def _leave_group(self) -> None:
        self._tally.members[self._group].discard(self)
        for owed in self._tally.owed.values():
            owed.discard(self)

    async def leave(self, manner: str) -> None:
        """Close the socket, or count how the server closed it; only the first call has an effect."""
        if self._is_leaving:
            return
        self._is_leaving = True
        if self.closed.is_set():
            sent_away = self._close_code == SENT_AWAY
            self._tally.counts["sent away with 1012" if sent_away else "sockets lost"] += 1
            if not sent_away:
                self._tally.counts[f"closed with {self._close_code}"] += 1  # 0: without a close frame
            return
        self._leave_group()
        self._tally.counts[f"left {manner}"] += 1
        if manner == "politely":
            self._transport.send_close(WSCloseCode.OK)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.closed.wait(), 2)
        self._transport.disconnect()


async def visitors(uri: str, tally: Tally, pause: float, stop: asyncio.Event, group: str) -> None:
    """Open one socket after the other until `stop`; the first ones differ in length, so that not all end at once."""
    lives = _lives()
    while not stop.is_set():
        client = SoakClient(tally, group, pause)
        try:
            await ws_connect(partial(_same, client), f"{uri}/soak/{group}/")
        except WSInvalidStatusError:  # a server that drains answers waiting handshakes with 503
            tally.counts["handshakes refused"] += 1
            await asyncio.sleep(1)
            continue
        except Exception as error:  # counted by kind
            tally.counts[f"handshakes failed ({type(error).__name__})"] += 1
            await asyncio.sleep(1)
            continue
        if client.is_unconnected:  # picows raises nothing if a connection ends before its handshake
            tally.counts["handshakes failed (no answer)"] += 1
            await asyncio.sleep(1)
            continue
        tally.counts["sockets"] += 1
        living = asyncio.ensure_future(client.live(next(lives), random.choice(["politely", "without a word"])))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not living.done():
            living.cancel()
            await client.leave("politely")
        elif not living.cancelled() and (error := living.exception()) is not None:
            raise error


def _same(client: SoakClient) -> SoakClient:
    return client


def _lives() -> Iterator[float]:
    yield random.uniform(1, LIFE_SECONDS[1])
    while True:
        yield random.uniform(*LIFE_SECONDS)


async def ask_pages(url: str, tally: Tally, stop: asyncio.Event) -> None:
    """Request a page again and again, on a new connection each time."""
    parts = urlsplit(url)
    head = f"GET /hello/ HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode()
    while not stop.is_set():
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(head)
            answer = await asyncio.wait_for(reader.read(), LOST_SECONDS)
            writer.close()
            tally.counts[f"pages {answer[9:12].decode('ascii', 'replace') or 'without an answer'}"] += 1
        except (OSError, asyncio.TimeoutError) as error:
            tally.counts[f"pages failed ({type(error).__name__})"] += 1
        await asyncio.sleep(HTTP_PAUSE)


async def measure(url: str, sockets: int, pause: float) -> None:
    """Run until stdin ends."""
    tally, stop = Tally(), asyncio.Event()
    stdin = await stdin_lines()
    uri = url.replace("http", "ws", 1)
    work = [asyncio.ensure_future(ask_pages(url, tally, stop)) for _ in range(HTTP_CLIENTS)]
    for number in range(sockets):
        work.append(asyncio.ensure_future(visitors(uri, tally, pause, stop, f"g{number % GROUPS}")))
        if number % 25 == 0:
            await asyncio.sleep(0.05)
    say({"begun": sockets})
    await stdin.read()
    stop.set()
    await asyncio.gather(*work)
    percentiles = {f"p{percent}_ms": percentile_ms(tally.latencies, percent) for percent in (50, 99)}
    say({"counts": dict(tally.counts), **percentiles, "longest_ms": max(tally.latencies) * 1000})


def main() -> None:
    """Read the command line, run, print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--pause", type=float, default=4, help="seconds between an answer and the next request")
    options = parser.parse_args()
    run(measure(options.url, options.sockets, options.pause))


if __name__ == "__main__":
    main()
