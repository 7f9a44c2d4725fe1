"""Three Sentinels make a replica the master: all processes find it, and go on."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
import redis

MASTER = "mymaster"
#: Until a Sentinel takes the master for dead, in milliseconds. A Sentinel that had to wait for its disk for two seconds
#: looks away for thirty (TILT), and promotes no replica that had lost its master ten times this before it looked again.
DOWN_MS = 4000
CONFIG = f"""
sentinel monitor {MASTER} 127.0.0.1 %d 2
sentinel down-after-milliseconds {MASTER} {DOWN_MS}
sentinel failover-timeout {MASTER} 4000
"""


@pytest.fixture(scope="module")
def nodes(new_node: Callable[..., Any]) -> tuple[Any, Any]:
    """A master and its replica."""
    options = "--save", "", "--repl-diskless-sync-delay", "0"
    first = new_node(*options)
    first.start()
    second = new_node(*options, "--replicaof", "127.0.0.1", str(first.port))
    second.start()
    return first, second


@pytest.fixture(scope="module")
def sentinels(new_node: Callable[..., Any], nodes: tuple[Any, Any]) -> list[Any]:
    """Three Sentinels that know each other and the replica."""
    sentinels = [new_node("--sentinel", config=CONFIG % nodes[0].port) for _ in range(3)]
    for sentinel in sentinels:
        sentinel.start()
    return sentinels


@pytest.fixture(scope="module")
def site(sentinels: list[Any], new_site: Callable[..., Any]) -> Any:
    """A site with the addresses of the Sentinels, the first of which is not there."""
    addresses = [("127.0.0.1", 1), *(("127.0.0.1", sentinel.port) for sentinel in sentinels)]
    return new_site(hosts=[{"sentinels": addresses, "master_name": MASTER}])


@pytest.fixture
def master(nodes: tuple[Any, Any], sentinels: list[Any], wait_until: Callable[..., None]) -> Callable[[], int]:
    """Return the port of the master, as soon as all Sentinels know it, each other, and a replica that has its data."""

    def states() -> list[dict[bytes, bytes]]:
        answers = [sentinel.ask("SENTINEL", "MASTER", MASTER) for sentinel in sentinels]
        return [dict(zip(answer[::2], answer[1::2], strict=True)) for answer in answers]

    def is_whole(state: dict[bytes, bytes]) -> bool:
        return (state[b"num-other-sentinels"], state[b"num-slaves"], state[b"flags"]) == (b"2", b"1", b"master")

    def is_copied() -> bool:
        return any(node.ask("INFO", "replication").get("master_link_status") == "up" for node in nodes)

    def find() -> int:
        wait_until(lambda: is_copied() and all(is_whole(state) for state in states()), lambda: str(states()))
        return int(states()[0][b"port"])

    return find


def _wait_for_another(sentinels: list[Any], wait_until: Any, port: int) -> None:
    def ports() -> set[int]:
        return {int(sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)[1]) for sentinel in sentinels}

    wait_until(lambda: port not in ports())


def _begins(sentinel: Any) -> bool:
    """Request another master; there may be none for the moment."""
    try:
        sentinel.ask("SENTINEL", "FAILOVER", MASTER)
    except redis.ResponseError as error:
        if "NOGOODSLAVE" not in str(error):
            raise
        return False
    return True


#: A killed master restarts as a replica; it may take ten seconds until the Sentinels treat it as one.
HOWS = ["killed", "changed in order"] if os.environ.get("TOWPATH_LONG_FAULTS") == "1" else ["killed"]


@pytest.mark.parametrize("how", HOWS)
def test_the_master_is(how: str, nodes: Any, sentinels: Any, master: Any, suffer: Any, wait_until: Any) -> None:
    port = master()
    (old,) = [node for node in nodes if node.port == port]

    def fault() -> None:
        if how == "killed":
            old.end(signal.SIGKILL)
        else:
            wait_until(lambda: _begins(sentinels[0]))
        _wait_for_another(sentinels, wait_until, port)

    suffer(f"the master {how}", fault, is_older=True)
    if how == "killed":
        old.start()
