"""Interface servers that stop, or are stopped: no client is refused, and every client is notified."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

SOCKETS = 100
GRACE_SECONDS = 4.0


async def _close_code(client: ClientConnection) -> tuple[float, int | None]:
    """Wait for a socket's end; return when, and the code."""
    try:
        await client.recv()
    except ConnectionClosed as closed:
        return time.monotonic(), closed.rcvd.code if closed.rcvd is not None else None
    raise AssertionError("a message came instead of the end")


def _can_connect(port: int) -> bool:
    with closing(socket.socket()) as client:
        client.settimeout(5)
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_an_interface_told_to_stop_finishes_and_sends_its_sockets_away_one_after_the_other(
    faulty: Any, within_patience: Any, wait_until: Any, lines_of: Callable[[str], list[str]], report: Any
) -> None:
    """A hundred sockets and a request that is being handled, when SIGTERM comes."""
    interface, port = faulty.interface("--grace", str(GRACE_SECONDS))
    faulty.worker("--threads", "4")

    async def scene() -> list[tuple[float, int | None]]:
        uri = f"ws://127.0.0.1:{port}/"
        clients = [await connect(uri, open_timeout=None) for _ in range(SOCKETS)]
        ends = [asyncio.create_task(_close_code(client)) for client in clients]
        request = asyncio.create_task(asyncio.to_thread(_get, f"http://127.0.0.1:{port}/break/hang"))
        await asyncio.to_thread(wait_until, lambda: lines_of("requests.txt"))
        os.kill(interface.pid, signal.SIGTERM)
        await asyncio.to_thread(wait_until, lambda: not _can_connect(port))
        (faulty.project.folder / "let-go").touch()
        assert await request == b"done"
        found = await asyncio.gather(*ends)
        for client in clients:
            await client.close()
        return found

    found = within_patience(scene())
    assert interface.wait() == 0, interface.output
    times = sorted(when for when, _ in found)
    assert {code for _, code in found} == {1012}
    assert max(times.count(when) for when in times) <= SOCKETS // 2
    spread = times[-1] - times[0]
    report(f"{SOCKETS} sockets were sent away within {spread:.2f} s of a grace period of {GRACE_SECONDS} s")
    assert 0.1 < spread < GRACE_SECONDS
    wait_until(lambda: len(lines_of("gone.txt")) == SOCKETS)
    assert {line.split(" ")[2] for line in lines_of("gone.txt")} == {"1012"}


def _get(address: str) -> bytes:
    with urlopen(address, timeout=60) as response:
        return bytes(response.read())


def test_two_interfaces_on_one_socket_restarted_one_after_the_other_refuse_no_client(
    faulty: Any, within_patience: Any, report: Any
) -> None:
    """Requests, each on a connection of its own, and sockets that reconnect after a drain."""
    faulty.worker("--threads", "2")
    with closing(socket.create_server(("127.0.0.1", 0), backlog=256)) as listener, ExitStack() as started:
        port = int(listener.getsockname()[1])

        def start() -> subprocess.Popen[bytes]:
            """Start an interface server as supervisor does; it listens once it has logged that."""
            process = subprocess.Popen(
                [Path(sys.executable).parent / "towpath-interface", "asgi:channel_layer", "--fd", "0"],
                cwd=faulty.project.folder,
                stdin=listener,
                stderr=subprocess.PIPE,
            )
            started.callback(_end, process)
            assert process.stderr is not None
            assert any(b"Listening" in line for line in process.stderr)
            return process

        interfaces = [start(), start()]

        async def scene() -> tuple[int, int]:
            stop = asyncio.Event()
            requests = asyncio.create_task(_request_until(stop, f"http://127.0.0.1:{port}/hello/"))
            sockets = [asyncio.create_task(_stay_until(stop, f"ws://127.0.0.1:{port}/")) for _ in range(20)]
            for position in (0, 1):
                interfaces[position].terminate()
                assert await asyncio.to_thread(interfaces[position].wait) == 0
                interfaces[position] = await asyncio.to_thread(start)
            stop.set()
            return await requests, sum(await asyncio.gather(*sockets))

        answered, came_back = within_patience(scene())
    report(f"two restarts: {answered} requests answered and none refused, 20 sockets came back {came_back} times")
    assert answered > 20
    assert came_back >= 20


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


async def _request_until(stop: asyncio.Event, address: str) -> int:
    answered = 0
    while not stop.is_set():
        assert await asyncio.to_thread(_get, address) == b"hello"
        answered += 1
    return answered


async def _stay_until(stop: asyncio.Event, uri: str) -> int:
    """Keep a socket open, and open the next when the server sends it away; return how often that was."""
    came_back = 0
    while not stop.is_set():
        async with connect(uri) as client:
            end = asyncio.create_task(client.wait_closed())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([end, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            came_back += end.done()
            if not end.done():
                await client.send("bye")
                assert await client.recv() == "bye"
                await client.close()
            await end
    return came_back


def test_an_interface_that_stood_still_begins_again(
    faulty: Any, within_patience: Any, wait_until: Any, lines_of: Callable[[str], list[str]]
) -> None:
    """SIGSTOP until workers have disconnected its five sockets, then SIGCONT."""
    interface, port = faulty.interface()
    faulty.worker()

    async def scene() -> None:
        uri = f"ws://127.0.0.1:{port}/"
        clients = [await connect(uri, open_timeout=None) for _ in range(5)]
        os.kill(interface.pid, signal.SIGSTOP)
        await asyncio.to_thread(wait_until, lambda: len(lines_of("gone.txt")) == 5)
        os.kill(interface.pid, signal.SIGCONT)
        for client in clients:
            await client.wait_closed()
        async with connect(uri, open_timeout=None) as fresh:
            await fresh.send("hello")
            assert await fresh.recv() == "hello"

    within_patience(scene())
    wait_until(lambda: len(lines_of("gone.txt")) == 6)
    assert "has expired: its connections are closed" in interface.output
