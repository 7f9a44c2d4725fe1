"""Workers crash inside consumers: messages that they had taken are lost, counted and logged; all others are handled."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect

#: From a worker's death until its connections go on, in seconds: a lease, two beats, and a loaded machine.
GO_ON_SECONDS = 16
SOCKETS = 40
KILLS = 3


def test_a_message_that_kills_its_worker_is_lost_and_its_connection_goes_on_within_seconds(
    faulty: Any, within_patience: Any, status_of: Callable[[str], int]
) -> None:
    """Three workers are killed by three sockets' messages (SIGKILL, os._exit, a segfault), a fourth by a request."""
    _, port = faulty.interface()
    workers = [faulty.worker() for _ in range(4)]
    for worker in workers:
        worker.wait_for("Starting")
    statuses: list[int] = []
    client = threading.Thread(target=lambda: statuses.append(status_of(f"http://127.0.0.1:{port}/break/kill")))

    async def scene() -> None:
        uri = f"ws://127.0.0.1:{port}/"
        async with connect(uri) as a, connect(uri) as b, connect(uri) as c, connect(uri) as bystander:
            for socket, fault in ((a, "kill"), (b, "exit"), (c, "crash")):
                await socket.send(fault)
                await socket.send("still there?")
            client.start()
            codes = [await asyncio.to_thread(worker.wait) for worker in workers]
            assert sorted(codes) == [-signal.SIGSEGV, -signal.SIGKILL, -signal.SIGKILL, 3]
            died_at = time.monotonic()
            fresh = faulty.worker()
            await bystander.send("hello")
            assert await bystander.recv() == "hello"
            for socket in (a, b, c):
                assert await socket.recv() == "still there?"
            assert time.monotonic() - died_at < GO_ON_SECONDS
            await asyncio.to_thread(client.join)
            await asyncio.to_thread(fresh.wait_for, "lost 1 messages of channel websocket.receive", 3)
            await asyncio.to_thread(fresh.wait_for, "lost 1 messages of channel http.request")

    within_patience(scene())
    assert statuses == [503]
    assert (faulty.lost("websocket.receive"), faulty.lost("http.request")) == (3, 1)


async def _count(uri: str, stop: asyncio.Event) -> tuple[int, list[int]]:
    """Send numbers, up to three more than came back or were lost; return how many were sent, and what came back."""
    received: list[int] = []
    sent = presumed_lost = 0
    async with connect(uri, max_queue=None) as socket:
        while not stop.is_set():
            if sent < len(received) + presumed_lost + 3:
                await socket.send(str(sent))
                sent += 1
                continue
            try:
                received.append(int(await asyncio.wait_for(socket.recv(), 0.5)))
            except asyncio.TimeoutError:
                presumed_lost += 1
        await socket.send("-1")
        while not received or received[-1] != -1:
            received.append(int(await socket.recv()))
    return sent, received[:-1]


async def _kill(uri: str) -> None:
    """Let a message of a socket kill one worker, between the messages of others."""
    async with connect(uri) as socket:
        await socket.send("kill")
        await socket.send("done")
        assert await socket.recv() == "done"


def test_workers_killed_under_load_lose_what_was_in_their_hands_and_nothing_else(
    faulty: Any, within_patience: Any, report: Callable[[str], None]
) -> None:
    """Forty sockets send without a pause while three of four workers are killed, in whatever they do."""
    _, port = faulty.interface()
    uri = f"ws://127.0.0.1:{port}/"
    workers = [faulty.worker() for _ in range(KILLS + 1)]

    async def scene() -> list[tuple[int, list[int]]]:
        for worker in workers:
            await asyncio.to_thread(worker.wait_for, "Starting")
        stop = asyncio.Event()
        counts = [asyncio.create_task(_count(uri, stop)) for _ in range(SOCKETS)]
        await asyncio.gather(*(_kill(uri) for _ in range(KILLS)))
        stop.set()
        return await asyncio.gather(*counts)

    results = within_patience(scene())
    sent = KILLS + sum(count for count, _ in results)
    received = sum(len(numbers) for _, numbers in results)
    lost = faulty.lost("websocket.receive")
    report(f"{SOCKETS} sockets, {KILLS} kills: {sent} messages sent, {received} echoed, {lost} lost and counted")
    assert 1 <= [worker.is_running for worker in workers].count(True) <= KILLS
    for _, numbers in results:
        assert numbers == sorted(set(numbers))
    assert sent - received == lost >= KILLS


def test_a_worker_killed_while_it_waits_loses_nothing(faulty: Any, within_patience: Any) -> None:
    """An idle worker is killed after it has answered: its earlier batch was settled."""
    _, port = faulty.interface()
    idle = faulty.worker()
    idle.wait_for("Starting")

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/") as socket:
            for text in ("one", "two"):
                await socket.send(text)
                assert await socket.recv() == text
            idle.kill()
            await socket.send("exit")  # which is lost, and looked after not before the idle worker is
            await asyncio.to_thread(faulty.worker().wait)
            await asyncio.to_thread(faulty.worker().wait_for, "has expired: lost 1 messages")
            await socket.send("three")
            assert await socket.recv() == "three"

    within_patience(scene())
    assert faulty.lost("websocket.receive") == 1


def test_a_worker_stopped_before_it_has_started_ends_in_order(faulty: Any) -> None:
    """SIGTERM comes while the project is being loaded: no message was taken, as the exit code shows."""
    faulty.project.write("urls.py", "import signal\nprint('loading', flush=True)\nsignal.pause()\nurlpatterns = []\n")
    worker = faulty.worker()
    worker.wait_for("loading")
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait() == 0, worker.output
