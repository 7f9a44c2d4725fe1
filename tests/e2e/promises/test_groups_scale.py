"""A group send costs one write per interface server, and reaches every member."""

import asyncio
import resource
import signal
from typing import Any

import pytest
from redis import Redis
from websockets.asyncio.client import ClientConnection, connect

MEMBERS = 2000
SENDS = 20


async def _connect_all(ports: list[int], count: int) -> list[ClientConnection]:
    """Open `count` sockets, spread over the interfaces, a few hundred at a time."""
    sockets: list[ClientConnection] = []
    for start in range(0, count, 200):
        uris = [f"ws://127.0.0.1:{ports[n % len(ports)]}/room/" for n in range(start, min(start + 200, count))]
        sockets += await asyncio.gather(*(connect(uri, open_timeout=60, compression=None) for uri in uris))
    return sockets


async def _receive_all(sockets: list[ClientConnection]) -> list[list[str]]:
    async def receive(socket: ClientConnection) -> list[str]:
        return [str(await socket.recv()) for _ in range(SENDS)]

    return await asyncio.gather(*(receive(socket) for socket in sockets))


def _writes(redis: Redis) -> dict[str, int]:
    """Return how often the commands that a group send consists of were called."""
    statistics: Any = redis.info("commandstats")
    return {name: statistics.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("rpush", "zrangebyscore")}


async def _send_to_room(
    stack: Any, ports: list[int], members: int, redis: Redis
) -> tuple[list[list[str]], dict[str, int]]:
    workers = [stack.worker(), stack.worker()]
    for worker in workers:  # before that, SIGTERM ends a Python that has not read a line of ours
        await asyncio.to_thread(worker.wait_for, "Starting")
    sockets = await _connect_all(ports, members)
    while len(await asyncio.to_thread(stack.layer.group_channels, "room")) != members:
        await asyncio.sleep(0)
    for worker in workers:  # they look for the dead every other second, with the same commands
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait) == 0
    before = _writes(redis)
    for number in range(SENDS):
        await asyncio.to_thread(stack.layer.send_group, "room", {"text": str(number)})
    after = _writes(redis)
    received = await _receive_all(sockets)
    for socket in sockets:
        await socket.close()
    return received, {name: after[name] - before[name] for name in after}


def test_twenty_sends_reach_two_thousand_members_in_order_at_the_cost_of_twenty(
    stack: Any, redis_url: str, within_patience: Any
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < MEMBERS + 200:
        pytest.skip(f"needs {MEMBERS + 200} open files; see ulimit -n")
    ports = [stack.interface()[1], stack.interface()[1]]
    redis = Redis.from_url(redis_url)
    few_received, few_writes = within_patience(_send_to_room(stack, ports, 20, redis))
    many_received, many_writes = within_patience(_send_to_room(stack, ports, MEMBERS, redis))
    redis.close()
    expected = [str(number) for number in range(SENDS)]
    assert len(few_received) == 20
    assert len(many_received) == MEMBERS
    assert all(received == expected for received in few_received + many_received)
    assert few_writes["rpush"] == many_writes["rpush"] == SENDS * len(ports)
    assert few_writes["zrangebyscore"] == many_writes["zrangebyscore"] == SENDS, "one look-up a send"
