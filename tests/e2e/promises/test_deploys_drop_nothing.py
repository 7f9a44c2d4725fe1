"""Workers are restarted under load: no socket closes, each number is echoed once, in order, each request gets 200."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect

SOCKETS = 200
#: CI restarts them ten times on one Python, and less often on the others.
RESTARTS = 3 if os.environ.get("TOWPATH_SHORT") == "1" else 10
#: HTTP clients.
CLIENTS = 2


async def _count(uri: str, opened: asyncio.Semaphore, stop: asyncio.Event) -> tuple[int, list[int]]:
    """Send numbers, up to five ahead of their echoes, until told to stop; return how many, and what came back."""
    received: list[int] = []
    async with connect(uri, max_queue=None, open_timeout=None) as socket:
        opened.release()
        sent = 0
        while not stop.is_set() or len(received) < sent:
            if sent < len(received) + 5 and not stop.is_set():
                await socket.send(str(sent))
                sent += 1
            else:
                received.append(int(await socket.recv()))
    return sent, received


async def _request(address: str, status_of: Callable[[str], int], stop: asyncio.Event) -> Counter[int]:
    """Request a page repeatedly until `stop` is set; return the number of answers by status."""
    statuses: Counter[int] = Counter()
    while not stop.is_set():
        statuses[await asyncio.to_thread(status_of, address)] += 1
    return statuses


async def _restart(stack: Any, workers: list[Any]) -> None:
    """Tell all workers to stop, and start another for each that has."""
    for worker in workers:
        await asyncio.to_thread(worker.wait_for, "Starting")
        worker.send_signal(signal.SIGTERM)
    for position, worker in enumerate(workers):
        assert await asyncio.to_thread(worker.wait) == 0, worker.output
        workers[position] = stack.worker()


def test_restarting_all_workers_again_and_again_under_load_loses_and_doubles_nothing(
    stack: Any, within_patience: Any, status_of: Callable[[str], int], record_property: Callable[[str, object], None]
) -> None:
    """Two hundred sockets count, two clients request pages; each restart leaves no worker for a moment."""
    _, port = stack.interface()
    workers = [stack.worker(), stack.worker()]

    async def scene() -> tuple[list[tuple[int, list[int]]], Counter[int]]:
        opened, stop = asyncio.Semaphore(0), asyncio.Event()
        counts = [asyncio.create_task(_count(f"ws://127.0.0.1:{port}/echo/", opened, stop)) for _ in range(SOCKETS)]
        page = f"http://127.0.0.1:{port}/hello/"
        requests = [asyncio.create_task(_request(page, status_of, stop)) for _ in range(CLIENTS)]
        for _ in range(SOCKETS):
            await opened.acquire()
        for _ in range(RESTARTS):
            await _restart(stack, workers)
        stop.set()
        return await asyncio.gather(*counts), sum(await asyncio.gather(*requests), Counter())

    results, statuses = within_patience(scene())
    total = sum(sent for sent, _ in results)
    record_property("measured", f"{SOCKETS} sockets, {RESTARTS} restarts: {total} messages, {statuses}, nothing lost")
    assert len(results) == SOCKETS
    for sent, received in results:
        assert sent > 0
        assert received == list(range(sent))
    assert set(statuses) == {200}
