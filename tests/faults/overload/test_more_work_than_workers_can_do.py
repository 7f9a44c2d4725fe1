"""Ten times more work than workers can do: it is slowed or refused at once, and accepted work is done."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from towpath.layers.contract import Envelope

SOCKETS = 10
CLIENTS = 20
#: Requests that may wait: a worker needs 20 ms for one.
CAPACITY = 5
MESSAGE = "x" * 16_000
#: The growth that a process may have under load, in MiB: ten sockets' queues of 1 MiB at most, and what Python keeps.
GROWTH_MIB = 64
#: "At once", on a machine that is loaded with other tests: long before the minute in which a message expires.
REFUSAL_SECONDS = 30.0


@dataclass
class Pages:
    """The statuses of the responses, with the longest time for each."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: dict[int, float] = field(default_factory=dict)
    have_retry_after: bool = True

    async def ask_until(self, stop: asyncio.Event, port: int) -> None:
        """Request a page repeatedly."""
        while not stop.is_set():
            began = time.monotonic()
            status, head = await _get(port, "/slow/")
            self.statuses[status] += 1
            self.slowest[status] = max(self.slowest.get(status, 0.0), time.monotonic() - began)
            self.have_retry_after &= status == 200 or b"retry-after:" in head.lower()


async def _get(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    head = answer.partition(b"\r\n\r\n")[0]
    return int(head.split(b" ", 2)[1]), head


async def _send_until(stop: asyncio.Event, socket: ClientConnection, sent: Counter[int], client: int) -> None:
    """Send as fast as the server takes it; count in `sent` how many messages it has taken from this client."""
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        sending = asyncio.create_task(socket.send(f"{sent[client]:<10}{MESSAGE}"))
        await asyncio.wait([sending, stopping], return_when=asyncio.FIRST_COMPLETED)
        sent[client] += 1
        if not sending.done():
            await sending  # when workers hurry
    await stopping


async def _receive(socket: ClientConnection, received: list[int]) -> None:
    async for text in socket:
        received.append(int(text))


def test_sockets_are_slowed_requests_refused_at_once_and_what_was_accepted_is_done(
    slow: Any, within_patience: Any, resident_mib: Callable[[Any], float], load_seconds: float, report: Any
) -> None:
    """Ten sockets and twenty clients want all they can get of a worker that does fifty things a second."""
    slow.configure(channel_capacity={"http.request": CAPACITY})
    interface, port = slow.interface()
    worker = slow.worker()
    worker.wait_for("Starting")
    pages = Pages()
    received: list[list[int]] = [[] for _ in range(SOCKETS)]
    before = [resident_mib(process) for process in (interface, worker)]

    sent: Counter[int] = Counter()

    def is_overloaded() -> bool:
        """Return whether ten times more was offered than was done."""
        done = sum(map(len, received)) + pages.statuses[200]
        return pages.statuses[503] + pages.statuses[200] + sent.total() > 10 * done

    async def scene() -> tuple[int, list[float]]:
        uri = f"ws://127.0.0.1:{port}/"
        sockets = [
            await connect(uri, max_queue=None, write_limit=1, ping_interval=None, open_timeout=None)
            for _ in range(SOCKETS)
        ]
        stop = asyncio.Event()
        readers = [asyncio.create_task(_receive(*pair)) for pair in zip(sockets, received, strict=True)]
        senders = [asyncio.create_task(_send_until(stop, socket, sent, n)) for n, socket in enumerate(sockets)]
        clients = [asyncio.create_task(pages.ask_until(stop, port)) for _ in range(CLIENTS)]
        await asyncio.wait([*senders, *clients], timeout=load_seconds)
        while not is_overloaded():  # a machine that is busy with other tests needs longer
            await asyncio.sleep(0.02)
        handled = sum(map(len, received))
        after = [resident_mib(process) for process in (interface, worker)]
        stop.set()
        slow.hurry()
        await asyncio.gather(*senders, *clients)
        while sum(map(len, received)) != sent.total():
            await asyncio.sleep(0.02)
        for socket in sockets:
            await socket.close()
        await asyncio.gather(*readers)
        return handled, after

    handled, after = within_patience(scene())
    growth = [now - then for then, now in zip(before, after, strict=True)]
    report(
        f"{load_seconds:.0f} s: {SOCKETS} sockets sent {sent.total()} messages of 16 kB, {handled} of them handled "
        f"under load, all in the end; {CLIENTS} clients got {dict(pages.statuses)}, the slowest 503 in "
        f"{pages.slowest[503]:.2f} s; the interface grew by {growth[0]:.0f} MiB, the worker by {growth[1]:.0f} MiB"
    )
    assert received == [list(range(sent[number])) for number in range(SOCKETS)]
    assert set(pages.statuses) == {200, 503}
    assert pages.slowest[503] < REFUSAL_SECONDS
    assert pages.have_retry_after
    assert max(growth) < GROWTH_MIB


def test_a_full_channel_of_slow_work_does_not_slow_requests(
    slow: Any, within_patience: Any, status_of: Callable[[str], int], report: Any, wait_until: Any
) -> None:
    """One worker, one thread: a hundred thumbnails of 50 ms wait, and requests go between them."""
    _, port = slow.interface()
    slow.worker().wait_for("Starting")
    page = f"http://127.0.0.1:{port}/hello/"
    assert status_of(page) == 200
    sends = [Envelope("thumbnails", {"number": number}) for number in range(200)]
    refused = slow.layer.send_many(sends)
    done = slow.project.folder / "thumbnails.txt"
    seconds, overtaken = [], []
    for _ in range(20):
        began, before = time.monotonic(), handled(done)
        assert status_of(page) == 200
        seconds.append(time.monotonic() - began)
        overtaken.append(handled(done) - before)
    left = slow.layer.channel_statistics("thumbnails")["messages_pending"]
    report(
        f"{len(refused)} of 200 thumbnails refused; 20 requests while {left} others waited: {sorted(seconds)[10]:.3f} s"
        f" in the middle, {max(seconds):.3f} s the slowest"
    )
    assert left > 50
    assert sorted(overtaken)[10] <= 2, "that in the worker's hand, and one that ends beside the answer"
    slow.hurry()
    wait_until(lambda: handled(done) == 200 - len(refused))


def handled(done: Path) -> int:
    """Return how many thumbnails are made."""
    return len(done.read_text().splitlines()) if done.exists() else 0


def test_a_client_that_sends_as_fast_as_it_can_gets_its_share(
    slow: Any, within_patience: Any, load_seconds: float, report: Any
) -> None:
    """One socket floods, ten others wait for each answer; a worker does fifty things a second."""
    _, port = slow.interface()
    slow.worker().wait_for("Starting")
    uri = f"ws://127.0.0.1:{port}/"

    async def ask(socket: ClientConnection, counts: Counter[int], number: int) -> None:
        while True:
            await socket.send("?")
            await socket.recv()
            counts[number] += 1

    async def scene() -> Counter[int]:
        counts: Counter[int] = Counter()
        sockets = [
            await connect(uri, max_queue=None, write_limit=1, ping_interval=None, open_timeout=None) for _ in range(11)
        ]
        received: list[int] = []
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(_send_until(stop, sockets[0], Counter(), 0)),
            asyncio.create_task(_receive(sockets[0], received)),
        ]
        tasks += [asyncio.create_task(ask(socket, counts, number)) for number, socket in enumerate(sockets[1:], 1)]
        await asyncio.wait(tasks, timeout=load_seconds)
        counts[0] = len(received)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        slow.hurry()
        for socket in sockets:
            await socket.close()
        return counts

    counts = within_patience(scene())
    fair = sum(counts.values()) / 11
    report(f"one of 11 clients floods: {counts[0]} messages handled, {fair:.1f} for each on average")
    assert counts[0] <= 1.5 * fair
    assert min(counts.values()) >= fair / 2
