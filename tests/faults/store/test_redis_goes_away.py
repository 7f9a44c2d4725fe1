"""Redis fails in every way it knows: processes and sockets stay, service is back within seconds, the log says it once.

Each test breaks a Redis while twenty sockets count and twenty others are in a group, and looks at all of them after.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

COUNTING = MEMBERS = 20
#: From the end of a fault until everything works again, in seconds: pages, the group, and all sockets.
RESUME_SECONDS = 2.0
RESETS = 5
#: A Redis that stands still does so for a second, unless more is asked for.
IS_LONG = os.environ.get("TOWPATH_LONG_FAULTS") == "1"
#: What a process may log about one fault.
MOST_LINES = 12


@dataclass
class Counter:
    """A socket that sends numbers, up to three ahead of their echoes."""

    socket: ClientConnection
    sent: int = 0

    def __post_init__(self) -> None:
        self.received: list[int] = []
        self._changed = asyncio.Event()
        self._given_up = 0

    async def count(self, stop: asyncio.Event) -> None:
        """Send until told to stop; then until the last number has come back, and with it everything before it."""
        while not stop.is_set():
            if self.sent < len(self.received) + self._given_up + 3:
                await self.socket.send(str(self.sent))
                self.sent += 1
                continue
            try:
                self.received.append(int(await asyncio.wait_for(self.socket.recv(), 0.5)))
            except TimeoutError:
                self._given_up += 1
        await self.socket.send("-1")
        while (number := int(await self.socket.recv())) != -1:
            self.received.append(number)


@dataclass(frozen=True)
class Outcome:
    """What a fault did."""

    sent: int
    echoed: int
    #: Until pages, the group, and all sockets worked.
    parts: tuple[float, float, float]


async def _timed(began: float, work: Any) -> float:
    await work
    return time.monotonic() - began


async def _suffer(site: Any, fault: Callable[[], None]) -> Outcome:
    """Count, break, mend (which is when `fault` returns), and wait until everything works."""
    members = await site.sockets("/room/", MEMBERS)
    counters = [Counter(socket) for socket in await site.sockets("/", COUNTING)]
    await site.group_works(members)
    stop = asyncio.Event()
    counts = [asyncio.create_task(counter.count(stop)) for counter in counters]
    while min(len(counter.received) for counter in counters) < 5:
        await asyncio.sleep(0)
    site.mark()
    await asyncio.to_thread(fault)
    began = time.monotonic()
    stop.set()
    works = (site.page_works(), site.group_works(members), asyncio.gather(*counts))
    parts = await asyncio.gather(*(_timed(began, work) for work in works))
    for socket in [*members, *(counter.socket for counter in counters)]:
        await socket.close()
    for counter in counters:
        assert counter.received == sorted(set(counter.received))
    sent = sum(counter.sent for counter in counters)
    echoed = sum(len(counter.received) for counter in counters)
    return Outcome(sent, echoed, (parts[0], parts[1], parts[2]))


@pytest.fixture
def suffer(site: Any, within_patience: Any, report: Any) -> Callable[[str, Callable[[], None]], None]:
    """Let the site suffer a fault, check what holds for all of them, and say what was lost."""

    def check(what: str, fault: Callable[[], None]) -> None:
        outcome: Outcome = within_patience(_suffer(site, fault))
        page, group, sockets = outcome.parts
        report(
            f"{what}: {COUNTING} sockets sent {outcome.sent} messages, {outcome.sent - outcome.echoed} lost; back after"
            f" {page:.1f} s (pages), {group:.1f} s (a group of {MEMBERS}), {sockets:.1f} s (all sockets)"
        )
        assert all(process.is_running for process in site.processes)
        for lines in site.logged():
            assert len(lines) <= MOST_LINES, lines
            assert sum("is away" in line for line in lines) == sum("is back" in line for line in lines) <= 1, lines
        assert outcome.sent - outcome.echoed <= COUNTING, "a socket has one message on its way"
        assert max(outcome.parts) < RESUME_SECONDS

    return check


@pytest.fixture
def wait_until_away(site: Any) -> Callable[[], None]:
    """Wait until the interface server has said that Redis is away; a worker that waits may not notice."""

    def wait() -> None:
        said_before = site.interface.output[: site.begin(site.interface)].count("layer is away")
        site.interface.wait_for("layer is away", said_before + 1)

    return wait


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
@pytest.mark.parametrize("keeps_data", [True, False], ids=["with its data", "without its data"])
def test_restarted(number: signal.Signals, keeps_data: bool, node: Any, suffer: Any) -> None:
    def fault() -> None:
        node.end(number)
        if not keeps_data:
            node.forget()
        node.start()

    suffer(f"{number.name} and restarted {'with' if keeps_data else 'without'} its data", fault)


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

    suffer(f"{pause} for {seconds} s", fault)


def test_out_of_memory(node: Any, suffer: Any, wait_until_away: Any) -> None:
    def fault() -> None:
        node.ask("CONFIG", "SET", "maxmemory", 1)
        wait_until_away()
        node.ask("CONFIG", "SET", "maxmemory", 0)

    suffer("out of memory", fault)


def test_a_replica(node: Any, suffer: Any, wait_until_away: Any) -> None:
    """It reads, but does not write, until it is the master again."""

    def fault() -> None:
        node.ask("REPLICAOF", "127.0.0.1", 1)
        wait_until_away()
        node.ask("REPLICAOF", "NO", "ONE")

    suffer("a read-only replica", fault)


def test_all_connections_are_reset(node: Any, site: Any, suffer: Any) -> None:
    def fault() -> None:
        for _ in range(RESETS):
            node.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    suffer(f"all connections reset {RESETS} times", fault)
