"""Consumers that hang or leak: their process makes way for a fresh one, and nothing else suffers."""

import asyncio
from typing import Any

from websockets.asyncio.client import connect

from towpath.worker import EXIT_HUNG, EXIT_STOPPED


async def _ask(socket: Any, text: str) -> str:
    await socket.send(text)
    return str(await socket.recv())


def test_a_consumer_that_hangs_is_lost_alone(faulty: Any, within_patience: Any) -> None:
    """One of two threads hangs: the other finishes its messages, the process ends, the next one serves all sockets."""
    _, port = faulty.interface()
    worker = faulty.worker("--threads", "2", "--message-timeout", "3")

    async def scene() -> None:
        uri = f"ws://127.0.0.1:{port}/"
        async with connect(uri) as hanging, connect(uri) as other:
            assert await _ask(hanging, "before") == "before"
            await hanging.send("hang")
            await hanging.send("after")
            assert await _ask(other, "slow") == "slow"
            assert await asyncio.to_thread(worker.wait) == EXIT_HUNG
            faulty.worker()
            assert await hanging.recv() == "after"
            assert await _ask(other, "still here") == "still here"

    within_patience(scene())
    assert "in hang\n" in worker.output
    assert "given up: lost 1 messages of channel websocket.receive" in worker.output
    assert faulty.lost("websocket.receive") == 1


def test_a_worker_that_leaks_retires_in_order_and_loses_nothing(faulty: Any, within_patience: Any) -> None:
    """Each message leaks 40 MiB; twenty of them are handled by several processes, one after the other."""
    _, port = faulty.interface()
    workers = [faulty.worker("--max-memory", "250")]

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/", max_queue=None) as socket:
            for _ in range(20):
                await socket.send("leak")
                answer = asyncio.create_task(socket.recv())
                while not answer.done():
                    if not workers[-1].is_running:
                        workers.append(faulty.worker("--max-memory", "250"))
                    await asyncio.wait([answer], timeout=0.05)
                assert await answer == "leak"

    within_patience(scene())
    *retired, _ = workers
    assert retired
    assert [worker.wait() for worker in retired] == [EXIT_STOPPED] * len(retired)
    assert all("Retiring:" in worker.output for worker in retired)
    assert faulty.lost("websocket.receive") == 0


def test_a_worker_retires_after_a_number_of_messages_and_loses_nothing(faulty: Any, within_patience: Any) -> None:
    """A socket sends numbers, five ahead of their echoes, from a process that handles 100 of them into the next."""
    _, port = faulty.interface()
    first = faulty.worker("--max-messages", "100")
    first.wait_for("Starting")
    received: list[int] = []

    async def scene() -> int:
        sent = 0
        async with connect(f"ws://127.0.0.1:{port}/", max_queue=None) as socket:
            while first.is_running:
                await socket.send(str(sent))
                sent += 1
                if sent > 5:
                    receiving = asyncio.create_task(socket.recv())
                    await asyncio.wait([receiving], timeout=0.5)
                    if not receiving.done():
                        faulty.worker()
                    received.append(int(await receiving))
            received.extend([int(await socket.recv()) for _ in range(5)])
        return sent

    sent = within_patience(scene())
    assert received == list(range(sent))
    assert first.wait() == EXIT_STOPPED
    assert "messages were handled" in first.output
