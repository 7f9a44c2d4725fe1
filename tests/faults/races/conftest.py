"""An interface server and workers in this process, on a real Redis, with pauses of random length in between.

All of it in one process, so that a test can look at objects, threads, descriptors and database connections afterwards.
"""

import asyncio
import gc
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(
        SECRET_KEY="races", DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    )

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from towpath import Group, channel_layers
from towpath.channels import Message
from towpath.interface.config import InterfaceConfig
from towpath.interface.server import InterfaceServer
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.redis import RedisChannelLayer
from towpath.routing import Router, route
from towpath.sessions import channel_session
from towpath.worker import WorkerPool

from ...wirefaults import invariants

THREADS = 4
#: The share of calls that are delayed (one in this number), and the longest delay in seconds.
HELD_UP, LONGEST_PAUSE = 4, 0.004
DATABASE = "races"


class Pauses:
    """Pauses of random length; each thread draws from its own numbers, which the seed decides."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._local = threading.local()

    def draw(self) -> float:
        """Return how long to wait, in seconds; mostly not at all."""
        if not hasattr(self._local, "numbers"):
            self._local.numbers = random.Random(f"{self._seed} {threading.current_thread().name}")
        numbers: random.Random = self._local.numbers
        return numbers.uniform(0, LONGEST_PAUSE) if numbers.randrange(HELD_UP) == 0 else 0.0


class HeldUpLayer(RedisChannelLayer):
    """A layer that is slow now and then: before an operation, after it, and on the interface's side."""

    pauses: Pauses

    def _execute(self, operations: Sequence[AnyOperation]) -> Sequence[object]:
        time.sleep(self.pauses.draw())
        try:
            return super()._execute(operations)
        finally:
            time.sleep(self.pauses.draw())

    def edge(self) -> Any:
        """Return an edge whose sends and receipts are held up."""
        edge: Any = super().edge()
        edge.send, edge.receive = self._held_up(edge.send), self._held_up(edge.receive)
        return edge

    def reader(self, channels: Sequence[str]) -> Any:
        """Return a reader whose exchanges are held up."""
        reader: Any = super().reader(channels)
        exchange = reader.exchange

        def held_up(*arguments: Any, **options: Any) -> Any:
            time.sleep(self.pauses.draw())
            return exchange(*arguments, **options)

        reader.exchange = held_up
        return reader

    def _held_up(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def held_up(*arguments: Any) -> Any:
            result = await method(*arguments)
            await asyncio.sleep(self.pauses.draw())
            return result

        return held_up


class Journal:
    """The observations of consumers, by reply channel, and the violations among them."""

    def __init__(self, pauses: Pauses) -> None:
        self.seen: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.wrong: list[str] = []
        #: When consumers began and ended, for the rules that hold for all events.
        self.events = invariants.Journal()
        self._running: set[str] = set()
        self._pauses = pauses

    @property
    def open(self) -> list[str]:
        """Reply channels that have connected and not disconnected, or whose consumer has not ended."""
        alive = [name for name, events in list(self.seen.items()) if not events or events[-1][0] != "disconnect"]
        return [*alive, *list(self._running)]

    def enter(self, message: Message, kind: str) -> None:
        """Note that a consumer begins."""
        name = message.reply_channel.name
        self.events.note("begin", name, message.turn or 0, kind)
        self._running.add(name)
        self.seen[name].append((kind, message.get("text", message["path"])))
        time.sleep(self._pauses.draw())
        connections[DATABASE].ensure_connection()

    def leave(self, message: Message, kind: str) -> None:
        """Note that it ends."""
        time.sleep(self._pauses.draw())
        self.events.note("end", message.reply_channel.name, message.turn or 0, kind)
        self._running.discard(message.reply_channel.name)

    @channel_session
    def connect(self, message: Message) -> None:
        """Accept, and begin to count."""
        self.enter(message, "connect")
        message.channel_session["count"] = 0
        message.reply_channel.send({"accept": True})
        self.leave(message, "connect")

    @channel_session
    def receive(self, message: Message) -> None:
        """Execute the request of a text: `join`, `leave` or `send` with a group, or nothing; answer with the count."""
        self.enter(message, "receive")
        message.channel_session["count"] += 1
        text = message["text"]
        match text.split():
            case [_, "join", group]:
                Group(group).add(message.reply_channel)
            case [_, "leave", group]:
                Group(group).discard(message.reply_channel)
            case [_, "send", group, mark]:
                Group(group).send({"text": f"said {group} {mark}"})
        message.reply_channel.send({"text": f"done {message.channel_session['count']} {text}"})
        self.leave(message, "receive")

    @channel_session
    def disconnect(self, message: Message) -> None:
        """Compare the count with the received messages."""
        self.enter(message, "disconnect")
        events = [kind for kind, _ in self.seen[message.reply_channel.name]]
        if message.channel_session.get("count") != events.count("receive"):
            self.wrong.append(f"{events}, but counted {message.channel_session.get('count')}")
        self.leave(message, "disconnect")


class Races:
    """The parts of one run, and its results."""

    def __init__(self, layer: HeldUpLayer, seed: int, folder: Path) -> None:
        self.layer = layer
        self.seed = seed
        self.threads = THREADS
        #: The layer's pool opens a descriptor for each thread that needs one at once, and keeps it until it is closed.
        self.pooled = THREADS + 1
        self.journal = Journal(layer.pauses)
        self._database = str(folder / "db.sqlite3")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[InterfaceServer]:
        """Serve on a free port of the loop that runs, with workers; both have stopped afterwards."""
        reactor = AsyncioSelectorReactor(asyncio.get_running_loop())
        reactor.startRunning(installSignalHandlers=False)
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        server = InterfaceServer(reactor, self.layer, InterfaceConfig(), [endpoint])
        kinds = ("connect", "receive", "disconnect")
        routes = [route(f"websocket.{kind}", getattr(self.journal, kind)) for kind in kinds]
        pool = WorkerPool(self.layer, THREADS, Router(routes))
        await server.start()
        pool.start()
        try:
            yield server
        finally:
            await server.stop()
            assert await asyncio.to_thread(pool.stop)
            for reader in {*reactor.removeAll(), *reactor._internalReaders}:
                reader.connectionLost(Failure(ConnectionDone()))

    def objects(self) -> Counter[str]:
        """Count the objects of connections that live: of the interface's classes, and of Twisted's and Autobahn's."""
        gc.collect()
        ours = ("towpath.interface.", "twisted.internet.", "twisted.web.", "autobahn.")
        kinds = (type(thing) for thing in gc.get_objects())
        return Counter(
            f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if str(kind.__module__).startswith(ours)
        )

    def descriptors(self) -> list[str]:
        """Return the targets of the open descriptors of this process, without the consumers' database."""
        return [target for target in self._targets() if target != self._database]

    def database_connections(self) -> int:
        """Count the open connections to the database of the consumers: threads open theirs when they first need it."""
        return self._targets().count(self._database)

    def _targets(self) -> list[str]:
        found = []
        for name in os.listdir("/proc/self/fd"):
            try:
                found.append(os.readlink(f"/proc/self/fd/{name}"))
            except FileNotFoundError:
                continue  # the one of the listing itself
        return sorted(found)


@pytest.fixture
def races(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Races]:
    """A run of its own, with a seed of its own or that of TOWPATH_SEED, which is printed."""
    seed = int(os.environ.get("TOWPATH_SEED") or int.from_bytes(os.urandom(4), "big"))
    options = {**connections["default"].settings_dict, "NAME": tmp_path / "db.sqlite3", "CONN_MAX_AGE": None}
    monkeypatch.setitem(connections.settings, DATABASE, options)
    with closing(HeldUpLayer(hosts=[redis_url], capacity=10_000)) as layer:
        layer.pauses = Pauses(seed)
        before = channel_layers.set("default", layer)
        yield Races(layer, seed, tmp_path)
        channel_layers.set("default", before)
