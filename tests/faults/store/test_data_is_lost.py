"""Redis crashes with messages: lost turns end soon, not when the message would have expired."""

import asyncio
import signal
import time
from typing import Any

SOCKETS = 10
#: A loss is known at the latest when the message has expired, after 60 s and a margin; it must be known much sooner.
SOON_SECONDS = 30.0


def test_connections_whose_messages_are_lost_go_on_soon(
    node: Any, site: Any, within_patience: Any, wait_until: Any, report: Any
) -> None:
    """A message of each socket waits without a worker; Redis is killed, and restarts without its data."""

    def waiting() -> bool:
        return bool(site.layer.channel_statistics("websocket.receive")["messages_pending"] == SOCKETS)

    async def scene() -> float:
        sockets = await site.sockets("/", SOCKETS)
        await asyncio.to_thread(site.end_worker)
        for socket in sockets:
            await socket.send("lost")
        await asyncio.to_thread(wait_until, waiting)
        node.end(signal.SIGKILL)
        node.forget()
        await asyncio.to_thread(node.start)
        began = time.monotonic()
        await asyncio.to_thread(site.start_worker)
        for socket in sockets:
            await socket.send("next")
        assert [await socket.recv() for socket in sockets] == ["next"] * SOCKETS
        seconds = time.monotonic() - began
        for socket in sockets:
            await socket.close()
        return seconds

    seconds = within_patience(scene())
    report(f"a message of each of {SOCKETS} sockets was lost with Redis's data; all went on after {seconds:.1f} s")
    assert seconds < SOON_SECONDS
    wait_until(lambda: not site.open_connections(), site.open_connections)
    assert site.broken_rules() == []
