"""A site on a Redis of its own, which tests break: one interface server, one worker, sockets that count."""

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect

from towpath.layers.errors import LayerUnavailable

TESTS = Path(__file__).parents[2]


def _load(path: str) -> ModuleType:
    spec = spec_from_file_location(f"towpath_tests_{path or 'all'}", TESTS / path / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_faults, _servers = _load("faults"), _load("")
START_SECONDS = 20

ROUTES = """
from towpath import route
channel_routing = [
    route("websocket.connect", "consumers.connect"),
    route("websocket.receive", "consumers.receive"),
]
"""

CONSUMERS = """
from towpath import Group

def connect(message):
    message.reply_channel.send({"accept": True})
    if message["path"] == "/room/":
        Group("room").add(message.reply_channel)

def receive(message):
    message.reply_channel.send({"text": message["text"]})
"""


class Node:
    """A Redis, or a Sentinel, that keeps its data in a folder: stopped, killed, paused, started again on its port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port: int = _servers.free_port()
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
        """Delete what it has on disk, its log apart; it does not run."""
        for path in self._folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "log":
                path.unlink()

    def ask(self, *command: str | int) -> Any:
        """Execute a command over a connection of its own."""
        with closing(redis.Redis(port=self.port, socket_timeout=START_SECONDS)) as client:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except (redis.ConnectionError, redis.TimeoutError):
            return False


class Site:
    """One interface server and one worker with two threads; every test looks at what they log while it runs."""

    def __init__(self, stack: Any) -> None:
        self.layer = stack.layer
        self.interface, self.port = stack.interface()
        self.worker = stack.worker("--threads", "2")
        self.worker.wait_for("Starting")
        self._marks: dict[Any, int] = {}

    @property
    def processes(self) -> tuple[Any, Any]:
        """The interface server and the worker."""
        return self.interface, self.worker

    def mark(self) -> None:
        """Begin to look at the logs here."""
        self._marks = {process: len(process.output) for process in self.processes}

    def begin(self, process: Any) -> int:
        """Return where the mark is in the output of a process."""
        return self._marks[process]

    def logged(self) -> list[list[str]]:
        """Return the lines that each process has written since the mark."""
        return [process.output[mark:].splitlines() for process, mark in self._marks.items()]

    async def sockets(self, path: str, count: int) -> list[ClientConnection]:
        """Open sockets."""
        uri = f"ws://127.0.0.1:{self.port}{path}"
        return list(await asyncio.gather(*(connect(uri, max_queue=None, open_timeout=30) for _ in range(count))))

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
        """Ask for a page, again and again, until it is there."""
        while await asyncio.to_thread(_faults._stacks.status_of, f"http://127.0.0.1:{self.port}/hello/") != 200:
            await asyncio.sleep(0.02)


async def _until_text(socket: ClientConnection, text: str) -> None:
    while await socket.recv() != text:
        pass


@pytest.fixture(scope="session")
def new_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Node]]:
    """Make a Redis that is not started yet; those that run end with the tests."""
    nodes: list[Node] = []

    def make(*options: str) -> Node:
        nodes.append(Node(tmp_path_factory.mktemp("node"), *options))
        return nodes[-1]

    yield make
    for node in nodes:
        node.end()


@pytest.fixture(scope="module")
def new_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Start a site on the Redis that options of its layer name; its processes end with the module's tests."""
    stacks: list[Any] = []

    def make(**config: object) -> Site:
        project = _faults._processes.Project(tmp_path_factory.mktemp("site"))
        stack = _faults._stacks.Stack(project, "redis://127.0.0.1:1/0")
        stacks.append(stack)
        stack.configure(**config)
        project.write("routes.py", ROUTES)
        project.write("consumers.py", CONSUMERS)
        return Site(stack)

    yield make
    for stack in stacks:
        stack.project.kill_all()
        stack.layer.close()


@pytest.fixture(scope="module")
def node(new_node: Callable[..., Node]) -> Node:
    """A Redis that writes what it gets to its disk, and has it again after a restart."""
    node = new_node("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
    node.start()
    return node


@pytest.fixture(scope="module")
def site(node: Node, new_site: Callable[..., Site]) -> Site:
    """A site on that Redis."""
    return new_site(hosts=[node.url])
