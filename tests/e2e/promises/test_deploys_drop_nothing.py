"""Workers are restarted under load: no socket closes, every number comes back, in order, once."""

import asyncio
import signal
from typing import Any

from websockets.asyncio.client import connect

SOCKETS = 50
RESTARTS = 5


async def _count(uri: str, stop: asyncio.Event) -> tuple[int, list[int]]:
    """Send numbers, up to five ahead of their echoes, until told to stop; return how many, and what came back."""
    received: list[int] = []
    async with connect(uri, max_queue=None) as socket:
        sent = 0
        while not stop.is_set() or len(received) < sent:
            if sent < len(received) + 5 and not stop.is_set():
                await socket.send(str(sent))
                sent += 1
            else:
                received.append(int(await socket.recv()))
    return sent, received


async def _restart_under_load(stack: Any, uri: str, workers: list[Any]) -> list[tuple[int, list[int]]]:
    stop = asyncio.Event()
    counts = [asyncio.create_task(_count(uri, stop)) for _ in range(SOCKETS)]
    for _ in range(RESTARTS):
        for position, worker in enumerate(workers):
            await asyncio.to_thread(worker.wait_for, "Starting")
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait) == 0, worker.output
            workers[position] = stack.worker()
    stop.set()
    return await asyncio.gather(*counts)


def test_restarting_all_workers_five_times_under_load_loses_and_doubles_nothing(
    stack: Any, within_patience: Any
) -> None:
    _, port = stack.interface()
    workers = [stack.worker(), stack.worker()]
    results = within_patience(_restart_under_load(stack, f"ws://127.0.0.1:{port}/echo/", workers))
    assert len(results) == SOCKETS
    for sent, received in results:
        assert sent > 0
        assert received == list(range(sent))
