"""An interface server crashes: workers disconnect its sockets, and nothing of it is left in Redis."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import redis
from websockets.asyncio.client import connect

SOCKETS = 30
#: From the death of an interface server until its sockets' `websocket.disconnect` have been handled, in seconds.
FAREWELL_SECONDS = 30
#: And until nothing of it is in Redis any more; in the short form but its marks in groups, which take most of it.
GONE_SECONDS = 60


def left_of(client: "redis.Redis[bytes]", parts: list[str]) -> list[str]:
    """Return the keys that hold one of the parts, but for the fence of an inbox, which stays for a day."""
    names = [key.decode() for key in client.scan_iter()]
    return [name for name in names if any(part in name for part in parts) and not name.endswith(":pushes")]


def test_the_sockets_of_a_killed_interface_are_disconnected_once_and_nothing_of_it_is_left(
    faulty: Any, within_patience: Any, wait_until: Any, lines_of: Callable[[str], list[str]], report: Any, is_long: bool
) -> None:
    """Thirty sockets in a group; half of them changed their state, five have just sent something that takes long."""
    interface, port = faulty.interface()
    faulty.worker("--threads", "4")
    uri = f"ws://127.0.0.1:{port}/room/"

    async def scene() -> None:
        sockets = [await connect(uri, open_timeout=None) for _ in range(SOCKETS)]
        for number, socket in enumerate(sockets[: SOCKETS // 2]):
            await socket.send(f"remember {number}")
            assert await socket.recv() == f"remember {number}"
        for number in range(5):
            await sockets[number].send(f"slow {number}")
        await asyncio.to_thread(wait_until, lambda: lines_of("handled.txt"))
        interface.kill()
        for socket in sockets:
            await socket.wait_closed()

    within_patience(scene())
    died_at = time.monotonic()
    wait_until(lambda: len(lines_of("gone.txt")) >= SOCKETS)
    seconds = time.monotonic() - died_at
    report(f"{SOCKETS} sockets of a killed interface: {len(lines_of('gone.txt'))} disconnects within {seconds:.1f} s")
    gone = [line.split(" ", 3) for line in lines_of("gone.txt")]
    assert seconds < FAREWELL_SECONDS
    assert len({name for name, *_ in gone}) == SOCKETS
    assert sorted(said for *_, said in gone if said) == sorted(f"remember {number}" for number in range(SOCKETS // 2))
    assert {(path, code) for _, path, code, _ in gone} == {("/room/", "1006")}
    # What had been sent was handled before.
    assert {line.split(" ")[0] for line in lines_of("handled.txt")} <= {name for name, *_ in gone}
    assert len(lines_of("handled.txt")) == 5

    parts = [gone[0][0].partition("!")[0] + "!}", *(["{room}"] if is_long else [])]
    with redis.Redis.from_url(faulty.redis_url) as client:
        wait_until(lambda: not left_of(client, parts))
    assert time.monotonic() - died_at < GONE_SECONDS
    assert len(lines_of("gone.txt")) == SOCKETS
