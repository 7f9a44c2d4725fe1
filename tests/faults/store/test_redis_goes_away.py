"""Redis fails in every way: processes and sockets stay, service resumes in seconds, the outage is logged once.

Each test breaks a Redis while twenty sockets count and twenty others are in a group, and looks at all of them after.
"""

import os
import signal
import threading
from typing import Any

import pytest

RESETS = 5
COUNTING = 20
#: How long Redis has for an answer.
TIMEOUT_SECONDS = 15
#: A Redis is suspended for a second, unless a test requests more.
IS_LONG = os.environ.get("TOWPATH_LONG_FAULTS") == "1"
#: The lines that a process may log about one fault.
MOST_LINES = 12


#: A Redis without its data costs the seconds that its lost messages do: once, unless a test requests more.
RESTARTS = [(signal.SIGTERM, True), (signal.SIGKILL, True), (signal.SIGKILL, False)]
RESTARTS += [(signal.SIGTERM, False)] if IS_LONG else []


@pytest.mark.parametrize(("number", "keeps_data"), RESTARTS)
def test_restarted(number: signal.Signals, keeps_data: bool, node: Any, suffer: Any) -> None:
    def fault() -> None:
        node.end(number)
        if not keeps_data:
            node.forget()
        node.start()

    what = f"{number.name} and restarted {'with' if keeps_data else 'without'} its data"
    suffer(what, fault, is_older=not keeps_data)  # without it, an event whose push was not answered may run again


@pytest.mark.parametrize("seconds", [1, 10, 60] if IS_LONG else [1])
@pytest.mark.parametrize("pause", ["SIGSTOP", "CLIENT PAUSE"])
def test_stands_still(pause: str, seconds: int, node: Any, site: Any, suffer: Any) -> None:
    def fault() -> None:
        if pause == "SIGSTOP":
            node.send_signal(signal.SIGSTOP)
        else:
            node.ask("CLIENT", "PAUSE", seconds * 1000)
        assert not threading.Event().wait(seconds)
        node.send_signal(signal.SIGCONT)

    suffer(f"{pause} for {seconds} s", fault, 0 if seconds < TIMEOUT_SECONDS else COUNTING)


def test_out_of_memory(node: Any, suffer: Any, wait_until_away: Any) -> None:
    def fault() -> None:
        node.ask("CONFIG", "SET", "maxmemory", 1)
        wait_until_away()
        node.ask("CONFIG", "SET", "maxmemory", 0)

    suffer("out of memory", fault, 0)


def test_a_replica(node: Any, suffer: Any, wait_until_away: Any) -> None:
    """It reads, but does not write, until it is the master again."""

    def fault() -> None:
        node.ask("REPLICAOF", "127.0.0.1", 1)
        wait_until_away()
        node.ask("REPLICAOF", "NO", "ONE")

    suffer("a read-only replica", fault, 0)


def test_all_connections_are_reset(node: Any, site: Any, suffer: Any) -> None:
    def fault() -> None:
        for _ in range(RESETS):
            node.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    suffer(f"all connections reset {RESETS} times", fault, outages=RESETS)
