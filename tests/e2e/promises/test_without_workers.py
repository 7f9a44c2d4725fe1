"""Without workers HTTP is answered in time, sockets wait, memory is bounded, and nothing accepted is forgotten."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

#: How much an interface may grow while a client sends and no worker runs, in KiB.
ALLOWANCE_KIB = 32 * 1024


def _resident_kib(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found.group(1))


def _stop(worker: Any) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0, worker.output


async def _send_until_paused(socket: ClientConnection) -> int:
    """Send 1 KiB texts until the server's window is closed; return how many were sent."""
    for number in range(100_000):
        try:
            await asyncio.wait_for(socket.send(f"{number:<1024}"), 2)
        except asyncio.TimeoutError:
            return number
    raise AssertionError("100 MiB were taken from the client while no worker ran")


def test_http_is_answered_503_in_time(stack: Any, status_of: Any) -> None:
    _, port = stack.interface("--http-timeout", "2")
    assert status_of(f"http://127.0.0.1:{port}/hello/") == 503


def test_a_sender_is_paused_and_everything_is_handled_when_workers_return(stack: Any, within_patience: Any) -> None:
    interface, port = stack.interface()
    worker = stack.worker()

    async def scene() -> None:
        uri = f"ws://127.0.0.1:{port}/echo/"
        # Without pings: those of a client that is paused wait behind its texts.
        async with connect(uri, max_queue=None, open_timeout=None, write_limit=1, ping_interval=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
            await asyncio.to_thread(_stop, worker)
            resting = _resident_kib(interface.pid)
            sent = await _send_until_paused(socket)
            assert _resident_kib(interface.pid) - resting < ALLOWANCE_KIB
            stack.worker()
            for number in range(sent):
                assert int(await socket.recv()) == number

    within_patience(scene())


def test_what_is_too_old_is_dropped_counted_and_logged_and_its_connection_goes_on(
    stack: Any, within_patience: Any, wait_until: Any
) -> None:
    stack.configure(expiry=2)
    _, port = stack.interface()
    worker = stack.worker()
    worker.wait_for("Starting")

    def is_expired() -> bool:
        return bool(stack.layer.channel_statistics("websocket.receive")["messages_max_age"] > 2.2)

    async def scene() -> None:
        async with connect(f"ws://127.0.0.1:{port}/echo/", open_timeout=None) as socket:
            await socket.send("in time")
            assert await socket.recv() == "in time"
            await asyncio.to_thread(_stop, worker)
            await socket.send("too late")
            await asyncio.to_thread(wait_until, is_expired)
            fresh = stack.worker()
            await socket.send("again in time")
            assert await socket.recv() == "again in time"
            await asyncio.to_thread(fresh.wait_for, "Dropped 1 messages of channel websocket.receive")

    within_patience(scene())
    assert stack.layer.channel_statistics("websocket.receive")["messages_expired_count"] == 1


def test_a_handshake_that_waited_too_long_is_answered_with_retry_after(
    stack: Any, within_patience: Any, wait_until: Any
) -> None:
    """403 would tell the client not to try again."""
    stack.configure(expiry=1)
    _, port = stack.interface()

    def is_expired() -> bool:
        return bool(stack.layer.channel_statistics("websocket.connect")["messages_max_age"] > 1.2)

    async def scene() -> None:
        connecting = asyncio.ensure_future(connect(f"ws://127.0.0.1:{port}/echo/", open_timeout=None))
        await asyncio.to_thread(wait_until, is_expired)
        stack.worker()
        with pytest.raises(InvalidStatus) as refusal:
            await connecting
        assert refusal.value.response.status_code == 503
        assert "Retry-After" in refusal.value.response.headers

    within_patience(scene())
    assert stack.layer.channel_statistics("websocket.connect")["messages_expired_count"] == 1
