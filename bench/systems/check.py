"""Checks that systems do what they are measured with: `python -m bench.systems.check [KEY ...]`.

A page, an echo and a group send each reach a client, and no process is left afterwards.
"""

import argparse
import asyncio
import os
import sys
from urllib.request import urlopen

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from . import SYSTEMS
from .base import Running, Shape, System

WAIT_SECONDS = 10


class Listener(WSListener):
    """Keeps the first text."""

    def __init__(self) -> None:
        self.text: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Keep the text."""
        if frame.msg_type == WSMsgType.TEXT and not self.text.done():
            self.text.set_result(frame.get_payload_as_ascii_text())


async def echoed(running: Running) -> str:
    """Return the echo of "hello"."""
    transport, listener = await ws_connect(Listener, running.websocket_uri + "/echo/")
    transport.send(WSMsgType.TEXT, b"hello")
    return await asyncio.wait_for(listener.text, WAIT_SECONDS)


async def heard_in_group(running: Running) -> str:
    """Return the message that a member of a group receives."""
    _, listener = await ws_connect(Listener, running.websocket_uri + "/group/g0/")
    with running.sender() as sender:
        assert sender.answer() == {"ready": True}
        await asyncio.sleep(0.5)  # Pushpin and nchan subscribe after the handshake
        sender.tell({"groups": ["g0"], "count": 1, "rate": 1, "bytes": 64})
        text = await asyncio.wait_for(listener.text, WAIT_SECONDS)
        assert sender.answer() == {"sent": 1}
    return text


def check(system: System) -> None:
    """Check one system.

    Raises:
        AssertionError: an answer or a delivery is wrong or missing.
    """
    with system.start(Shape()) as running:
        if "http" in system.serves:
            with urlopen(running.http_url + "/hello/", timeout=WAIT_SECONDS) as response:
                assert response.read() == b"hello"
        if "websocket" in system.serves:
            assert asyncio.run(echoed(running)) == "hello"
        if "group" in system.serves:
            text = asyncio.run(heard_in_group(running))
            assert len(text) == 64 and float(text) > 0
    for pids in running.processes.values():
        assert not any(os.path.exists(f"/proc/{pid}") for pid in pids), "a process is left"


def main() -> int:
    """Check the systems that are named, or all; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.systems.check", description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="of a system (default: all)")
    keys = parser.parse_args().keys
    for system in SYSTEMS:
        if keys and system.key not in keys:
            continue
        lack = system.unavailable()
        if lack is None:
            print(system.key, system.prepare())
            check(system)
        print(f"{system.key}: {lack or 'passed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
