"""Clients stop reading while groups send to them: they are closed with 1013, memory is bounded, others go on."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

CLIENTS = 1000 if os.environ.get("TOWPATH_LONG_FAULTS") == "1" else 200
OTHERS = 20
BUFFER_BYTES = 128 * 1024
#: The bytes that Twisted keeps for a transport before it reports it as full, and a message accepted before that.
TRANSPORT_BYTES = 128 * 1024
#: What else a process may grow, in MiB.
SLACK_MIB = 24
TEXT = "x" * 32_000
#: How long after it was sent a message may reach the last of those who read, in seconds, on a loaded machine.
DELIVERY_SECONDS = 10.0


async def _open(port: int, receive_bytes: int | None = None) -> ClientConnection:
    """Open a socket in the room; with a small window, so that the system does not keep much for it."""
    raw = socket.socket()
    if receive_bytes is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    uri = f"ws://127.0.0.1:{port}/room/"
    return await connect(
        uri, sock=raw, max_queue=None, ping_interval=None, open_timeout=60, close_timeout=1, compression=None
    )


def test_they_are_closed_with_1013_within_bounded_memory_and_others_notice_nothing(
    slow: Any,
    within_patience: Any,
    wait_until: Any,
    resident_mib: Callable[[Any], float],
    report: Any,
) -> None:
    interface, port = slow.interface("--output-buffer-max-bytes", str(BUFFER_BYTES))
    slow.hurry()
    slow.worker("--threads", "2")
    gone = slow.project.folder / "gone.txt"
    group_members = slow.layer.group_channels

    def codes() -> list[str]:
        return gone.read_text().split() if gone.exists() else []

    async def scene() -> tuple[list[float], float]:
        stuck: list[ClientConnection] = []
        for _ in range(0, CLIENTS, 50):
            stuck += await asyncio.gather(*(_open(port, 4096) for _ in range(50)))
        others = [await _open(port) for _ in range(OTHERS)]
        while len(await asyncio.to_thread(group_members, "room")) < CLIENTS + OTHERS:
            await asyncio.sleep(0.02)
        for client in stuck:
            client.transport.pause_reading()
        before, peak, delays, number = resident_mib(interface), 0.0, [], 0
        while len(await asyncio.to_thread(codes)) < CLIENTS:
            began = time.monotonic()
            await asyncio.to_thread(slow.layer.send_group, "room", {"text": f"{number:<10}{TEXT}"})
            heard = await asyncio.gather(*(client.recv() for client in others))
            delays.append(time.monotonic() - began)
            assert {int(text[:10]) for text in heard} == {number}
            peak = max(peak, resident_mib(interface))
            number += 1
        for client in stuck:
            client.transport.abort()
        for client in others:
            await client.close()
        return delays, peak - before

    delays, growth = within_patience(scene())
    cut_off = codes()[:CLIENTS]
    report(
        f"{CLIENTS} clients stopped reading: all closed with {set(cut_off)} after {len(delays)} messages of 32 kB; the "
        f"interface grew by {growth:.0f} MiB; {OTHERS} others got each within {max(delays):.2f} s"
    )
    assert set(cut_off) == {"1013"}
    assert growth < CLIENTS * (BUFFER_BYTES + TRANSPORT_BYTES) / 2**20 + SLACK_MIB
    assert max(delays) < DELIVERY_SECONDS
    assert interface.is_running
    wait_until(lambda: len(codes()) == CLIENTS + OTHERS)
