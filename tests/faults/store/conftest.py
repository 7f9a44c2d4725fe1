"""A site on a Redis of its own, which tests break: one interface server, one worker, sockets that count."""

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect

from towpath.layers.errors import LayerUnavailable

from ... import redis_server as _servers
from ...e2e import conftest as _processes
from ...e2e.promises import conftest as _stacks
from ...ports import free_port
from ...wirefaults.invariants import violations
from .. import journals

START_SECONDS = 20
#: The same for a socket whose message is lost.
DOUBT_SECONDS = 10.0
#: The lines that a process may log about one fault.
MOST_LINES = 12
COUNTING = MEMBERS = 20
#: From the end of a fault until everything works again, in seconds: pages, the group, and sockets.
RESUME_SECONDS = 2.0

CONSUMERS = """
from noted import running
from towpath import Group

def connect(message):
    with running(message, "connect"):
        message.reply_channel.send({"accept": True})
        if message["path"] == "/room/":
            Group("room").add(message.reply_channel)

def receive(message):
    with running(message, "receive"):
        message.reply_channel.send({"text": message["text"]})

def disconnect(message):
    with running(message, "disconnect"):
        pass
"""


class Node:
    """A Redis, or a Sentinel, that keeps its data in a folder: stopped, killed, paused, started again on its port."""

    def __init__(self, folder: Path, *options: str, config: str = "") -> None:
        self._folder = folder
        self._options = options
        if config:
            (folder / "config").write_text(config)
            self._options = str(folder / "config"), *options
        self._process: subprocess.Popen[bytes] | None = None
        self.port: int = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        binary = _servers.find_redis()
        assert binary is not None, _servers.NO_SERVER
        command = [binary, *self._options, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.01)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal that ends it, and wait for the end."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS)
            self._process = None

    def forget(self) -> None:
        """Delete its files, except its log, while it does not run."""
        for path in self._folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "log":
                path.unlink()

    def ask(self, *command: str | int) -> Any:
        """Execute a command over a connection of its own."""
        with closing(redis.Redis(port=self.port, socket_timeout=START_SECONDS, protocol=2)) as client:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except (redis.ConnectionError, redis.TimeoutError):
            return False


class Site:
    """One interface server and one worker with two threads; every test checks the lines that they log while it runs."""

    def __init__(self, stack: Any) -> None:
        self.layer = stack.layer
        self._stack = stack
        self.interface, self.port = stack.interface()
        self.start_worker()
        self._marks: dict[Any, int] = {}
        #: The connections of earlier tests, one of which may have brought events back.
        self._earlier: set[str] = set()

    def start_worker(self) -> None:
        """Start the worker, and wait until it has begun."""
        self.worker = self._stack.worker("--threads", "2")
        self.worker.wait_for("Starting")

    def end_worker(self) -> None:
        """Stop the worker cleanly."""
        self.worker.send_signal(signal.SIGTERM)
        assert self.worker.wait() == 0, self.worker.output

    @property
    def processes(self) -> tuple[Any, Any]:
        """The interface server and the worker."""
        return self.interface, self.worker

    def leave_out_earlier(self) -> None:
        """Leave the connections so far out of what `broken_rules` looks at."""
        self._earlier = {entry.name for entry in journals.entries(self._stack.project.folder)}

    def mark(self) -> None:
        """Begin to look at the logs here."""
        self._marks = {process: len(process.output) for process in self.processes}

    def begin(self, process: Any) -> int:
        """Return where the mark is in the output of a process."""
        return self._marks[process]

    def logged(self) -> list[list[str]]:
        """Return the lines that each process has written since the mark, without those about single turns."""
        found = [process.output[mark:].splitlines() for process, mark in self._marks.items()]
        return [[line for line in lines if " DEBUG " not in line] for lines in found]

    def open_connections(self) -> set[str]:
        """Return the connections whose `websocket.disconnect` has not been handled."""
        return journals.open_connections(journals.entries(self._stack.project.folder))

    def broken_rules(self) -> list[str]:
        """Return the rules that the events of connections have broken; none of these is open any more."""
        written = [*journals.entries(self._stack.project.folder), *journals.lost([self.interface])]
        return violations([entry for entry in written if entry.name not in self._earlier])

    async def sockets(self, path: str, count: int) -> list[ClientConnection]:
        """Open sockets."""
        uri = f"ws://127.0.0.1:{self.port}{path}"
        patient: Any = {"max_queue": None, "open_timeout": 30, "ping_interval": None}
        return list(await asyncio.gather(*(connect(uri, **patient) for _ in range(count))))

    async def group_works(self, members: list[ClientConnection]) -> int:
        """Send to the group, again and again, until one message has reached all members; return how many were sent."""
        last = [asyncio.create_task(_until_text(member, "last")) for member in members]
        sends = 0
        while not all(task.done() for task in last):
            try:
                await asyncio.to_thread(self.layer.send_group, "room", {"text": "last"})
            except LayerUnavailable:
                continue
            sends += 1
            await asyncio.wait(last, timeout=0.1)
        await asyncio.gather(*last)
        return sends

    async def page_works(self) -> None:
        """Request a page repeatedly, until it is answered."""
        while await asyncio.to_thread(_stacks.status_of, f"http://127.0.0.1:{self.port}/hello/") != 200:
            await asyncio.sleep(0.02)


async def _until_text(socket: ClientConnection, text: str) -> None:
    while await socket.recv() != text:
        pass


@pytest.fixture(scope="session")
def new_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Node]]:
    """Make a Redis that is not started yet; those that run end with the tests."""
    nodes: list[Node] = []

    def make(*options: str, config: str = "") -> Node:
        nodes.append(Node(tmp_path_factory.mktemp("node"), *options, config=config))
        return nodes[-1]

    yield make
    for node in nodes:
        node.end()


@pytest.fixture(scope="module")
def new_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Start a site on the Redis that options of its layer name; its processes end with the module's tests."""
    stacks: list[Any] = []

    def make(**config: object) -> Site:
        project = _processes.Project(tmp_path_factory.mktemp("site"))
        stack = _stacks.Stack(project, "redis://127.0.0.1:1/0")
        stacks.append(stack)
        stack.configure(**config)
        journals.write_project(project, CONSUMERS)
        return Site(stack)

    yield make
    for stack in stacks:
        stack.project.kill_all()
        stack.layer.close()


@pytest.fixture(scope="module")
def node(new_node: Callable[..., Node]) -> Node:
    """A Redis that writes its data to disk, and has it after a restart."""
    node = new_node("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
    node.start()
    return node


@pytest.fixture(scope="module")
def site(node: Node, new_site: Callable[..., Site]) -> Site:
    """A site on that Redis."""
    return new_site(hosts=[node.url])


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
        """Send until `stop` is set, and then until the last number, and so all before it, is echoed."""
        while not stop.is_set():
            if self.sent < len(self.received) + self._given_up + 3:
                await self.socket.send(str(self.sent))
                self.sent += 1
                continue
            try:
                self.received.append(int(await asyncio.wait_for(self.socket.recv(), 0.5)))
            except asyncio.TimeoutError:
                self._given_up += 1
        await self.socket.send("-1")
        while (number := int(await self.socket.recv())) != -1:
            self.received.append(number)


@dataclass(frozen=True)
class Outcome:
    """The effects of a fault."""

    sent: int
    echoed: int
    #: Until pages, the group, and all sockets worked.
    parts: tuple[float, float, float]


async def _timed(began: float, work: Any) -> float:
    await work
    return time.monotonic() - began


async def _suffer(site: Any, fault: Callable[[], None]) -> Outcome:
    """Count, break, mend (which is when `fault` returns), and wait until everything works."""
    site.leave_out_earlier()
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
def suffer(site: Any, within_patience: Any, wait_until: Any, report: Any) -> Callable[..., None]:
    """Cause a fault, check the promises that hold for all faults, and print the losses.

    Each process says once that Redis is unavailable and once that it is back, for each of at most `outages` outages.
    `is_older`: Redis may have older data afterwards, or none, so that events may run again.
    """

    def check(
        what: str, fault: Callable[[], None], most_lost: int = COUNTING, outages: int = 1, is_older: bool = False
    ) -> None:
        outcome: Outcome = within_patience(_suffer(site, fault))
        page, group, sockets = outcome.parts
        report(
            f"{what}: {COUNTING} sockets sent {outcome.sent} messages, {outcome.sent - outcome.echoed} lost; back after"
            f" {page:.1f} s (pages), {group:.1f} s (a group of {MEMBERS}), {sockets:.1f} s (all sockets)"
        )
        assert all(process.is_running for process in site.processes)
        for lines in site.logged():
            assert len(lines) <= MOST_LINES * outages, lines
            assert sum("is unavailable" in line for line in lines) == sum(
                "is available again" in line for line in lines
            ), lines
            assert sum("is unavailable" in line for line in lines) <= outages, lines
        assert outcome.sent - outcome.echoed <= most_lost, "a socket has one message on its way"
        assert max(page, group) < RESUME_SECONDS
        assert sockets < (DOUBT_SECONDS if outcome.sent > outcome.echoed else RESUME_SECONDS)
        if not is_older:
            wait_until(lambda: not site.open_connections(), site.open_connections)
            assert site.broken_rules() == []

    return check


@pytest.fixture
def wait_until_away(site: Any) -> Callable[[], None]:
    """Wait until the interface server has logged that Redis is unavailable; a worker that waits may not notice."""

    def wait() -> None:
        said_before = site.interface.output[: site.begin(site.interface)].count("layer is unavailable")
        site.interface.wait_for("layer is unavailable", said_before + 1)

    return wait
