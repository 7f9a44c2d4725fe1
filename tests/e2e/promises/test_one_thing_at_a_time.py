"""The events of one connection are handled in order and never two at a time; other connections are not blocked."""

import asyncio
from typing import Any

from websockets.asyncio.client import connect

FRAMES = 1000


async def _flood_beside_an_echo(port: int) -> tuple[list[str], int]:
    """Send all frames at once; count the echoes that another socket gets before the last one is answered."""
    echoes = 0
    async with connect(f"ws://127.0.0.1:{port}/numbers/", max_queue=None, open_timeout=None) as flood:
        async with connect(f"ws://127.0.0.1:{port}/echo/", open_timeout=None) as other:

            async def answers() -> list[str]:
                return [str(await flood.recv()) for _ in range(FRAMES)]

            reading = asyncio.create_task(answers())
            for number in range(1, FRAMES + 1):
                await flood.send(str(number))
            while not reading.done():
                await other.send("still there?")
                assert await other.recv() == "still there?"
                echoes += 1
            return await reading, echoes


def test_a_flood_on_one_socket_is_handled_in_order_one_by_one(stack: Any, within_patience: Any) -> None:
    _, port = stack.interface()
    stack.worker("--threads", "2")
    stack.worker("--threads", "2")
    answers, echoes = within_patience(_flood_beside_an_echo(port))
    numbers = [str(number) for number in range(1, FRAMES + 1)]
    assert answers == numbers
    journal = (stack.project.folder / "journal.txt").read_text().splitlines()
    assert journal == [line for number in numbers for line in (f"begin {number}", f"end {number}")]
    assert echoes > 10
