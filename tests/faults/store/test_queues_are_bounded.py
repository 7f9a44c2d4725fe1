"""Sockets that send while Redis is unavailable: the server takes a bounded number of messages, and stops reading."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection

SOCKETS = 4
MESSAGE = "x" * 16_000
#: Four queues of at most 1 MiB, and what Python keeps of them.
GROWTH_MIB = 24
#: Seconds without progress after which a sender counts as paused.
PAUSED_SECONDS = 1.0


def _resident_mib(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found.group(1)) / 1024


async def _send_until_paused(socket: ClientConnection) -> tuple[int, "asyncio.Task[None]"]:
    """Send until the server takes no more; return how many messages that was, with the last, which is under way."""
    for number in range(10_000):
        sending = asyncio.create_task(socket.send(f"{number:<10}{MESSAGE}"))
        if not (await asyncio.wait([sending], timeout=PAUSED_SECONDS))[0]:
            return number + 1, sending
    raise AssertionError("160 MB were taken from one client while Redis was unavailable")


def test_senders_are_paused_and_what_they_sent_is_handled_when_redis_is_back(
    node: Any, site: Any, within_patience: Any, report: Any
) -> None:
    """Four sockets send 16 kB messages until they are paused; Redis was killed, and restarts with its data."""

    async def scene() -> tuple[list[int], list[list[int]], float]:
        sockets = await site.sockets("/", SOCKETS)
        before = _resident_mib(site.interface.pid)
        node.end(signal.SIGKILL)
        paused = await asyncio.gather(*(_send_until_paused(socket) for socket in sockets))
        growth = _resident_mib(site.interface.pid) - before
        await asyncio.to_thread(node.start)
        received: list[list[int]] = [[] for _ in sockets]

        async def receive(socket: ClientConnection, numbers: list[int], count: int) -> None:
            while not numbers or numbers[-1] < count - 1:
                numbers.append(int(str(await socket.recv())[:10]))

        counts = [count for count, _ in paused]
        await asyncio.gather(*(receive(*each) for each in zip(sockets, received, counts, strict=True)))
        await asyncio.gather(*(sending for _, sending in paused))
        for socket in sockets:
            await socket.close()
        return counts, received, growth

    counts, received, growth = within_patience(scene())
    lost = sum(counts) - sum(map(len, received))
    report(
        f"{SOCKETS} sockets sent {sum(counts)} messages of 16 kB without Redis, until they were paused; {lost} "
        f"lost; the interface grew by {growth:.0f} MiB"
    )
    for numbers in received:
        assert numbers == sorted(set(numbers))
    assert lost <= SOCKETS
    assert growth < GROWTH_MIB
