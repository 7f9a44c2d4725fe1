"""A small site in this process whose every connection to Redis is a line of a wire: an interface server without ports,
worker processes as pools, and clients in memory. All parts are the real ones.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})

from towpath.channels import Message
from towpath.interface.config import InterfaceConfig
from towpath.interface.counters import Count
from towpath.interface.server import InterfaceServer
from towpath.interface.websocket.begin import begin
from towpath.interface.websocket.sockets import SocketFactory
from towpath.layers.contract import Edge, Reader, Renewal
from towpath.layers.errors import LayerUnavailable
from towpath.layers.log_fields import fields_of
from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.operations.leases import LeaseTimes
from towpath.layers.redis import RedisChannelLayer
from towpath.layers.redis import layer as redis_layer
from towpath.layers.redis.client import Client
from towpath.routing import Router, route
from towpath.worker import WorkerPool
from towpath.worker.batching import MAX_MESSAGES

from ..fakes.handshake import FakeRequest, FakeTransport, request_head
from ..fakes.world import Client as SocketClient
from .invariants import Journal
from .pace import TIMEOUT_SECONDS
from .wire import Wire

PREFIX = "wire:"
CONFIG = InterfaceConfig(
    websocket_handshake_timeout_seconds=30, allowed_origins="*", ping_interval_seconds=None, grace_seconds=2
)
#: Between two looks whether something has happened, in seconds.
LOOK_SECONDS = 0.002


class WiredLayer(RedisChannelLayer):
    """The layer of one process: each of its connections has a line of its own.

    `name.out`, `name.in`: of an interface server. `name.exchange`, `name.clock`: of readers. `name.heartbeat`,
    `name.reaper`, `name.calls` (everything else): of a worker process.
    """

    def __init__(self, wire: Wire, name: str, timeout_seconds: float, **options: Any) -> None:
        super().__init__(hosts=[wire.line(f"{name}.calls").url], prefix=PREFIX, **options)
        shortened(self, timeout_seconds)
        self._roles: dict[str, RedisChannelLayer] = {}
        self._make: Callable[[str], RedisChannelLayer] = lambda role: shortened(
            RedisChannelLayer(hosts=[wire.line(f"{name}.{role}").url], prefix=PREFIX, **options), timeout_seconds
        )

    def role(self, role: str) -> RedisChannelLayer:
        """Return the layer on the line of a role."""
        if role not in self._roles:
            self._roles[role] = self._make(role)
            self._roles[role].lease_times = self.lease_times
        return self._roles[role]

    def reader(self, channels: Sequence[str]) -> Reader:
        """Return a reader on its own line."""
        return self.role("clock" if DELAY_CHANNEL in channels else "exchange").reader(channels)

    def edge(self) -> Edge:
        """Return an edge on two lines."""
        edge: Any = self.role("out").edge()
        receiving: Any = self.role("in").edge()
        edge._into = receiving._into
        return edge

    def renew_leases(self, readers: Sequence[str]) -> Renewal:
        """Renew leases over the heartbeat's line."""
        return self.role("heartbeat").renew_leases(readers)

    def keep_turns(self, turns: Sequence[tuple[str, int]]) -> None:
        """Keep turns over the heartbeat's line."""
        self.role("heartbeat").keep_turns(turns)

    def reap(self) -> None:
        """Look after expired leases over the reaper's line."""
        self.role("reaper").reap()

    def close(self) -> None:
        """Close the connections of all roles."""
        super().close()
        for layer in self._roles.values():
            layer.close()


def shortened(layer: RedisChannelLayer, timeout_seconds: float) -> RedisChannelLayer:
    """Let a layer that has not connected yet wait for answers for a shorter time than a site may configure."""
    parts: Any = layer
    parts._host.options["socket_timeout"] = timeout_seconds
    parts._client = Client(parts._host, parts._commands)
    parts._lease_client = Client(parts._host, parts._commands, redis_layer.LEASE_TIMEOUT_SECONDS)
    return layer


class LoopClock:
    """A Twisted clock on the running event loop; `jump` moves it forward for its users."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ahead = 0.0
        self._timers: set[LoopTimer] = set()
        self._is_stopped = False

    def seconds(self) -> float:
        """Return the time."""
        return time.monotonic() + self._ahead

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> "LoopTimer":
        """Call after `delay` seconds."""
        timer = LoopTimer(self._timers, self.seconds() + delay, lambda: callable(*args, **kwargs))
        if not self._is_stopped:
            timer.schedule(self._loop, delay)
        return timer

    def stop(self) -> None:
        """Make no more calls."""
        self._is_stopped = True
        for timer in list(self._timers):
            timer.cancel()

    def jump(self, seconds: float) -> None:
        """Advance the clock by `seconds`: timers that are due are called now, in their order."""
        self._ahead += seconds
        for timer in sorted(self._timers, key=LoopTimer.getTime):
            if timer.active():
                timer.schedule(self._loop, max(0.0, timer.getTime() - self.seconds()))


class LoopTimer:
    """A call that has not been made yet."""

    def __init__(self, timers: "set[LoopTimer]", due: float, call: Callable[[], Any]) -> None:
        self._timers = timers
        self._due = due
        self._call = call
        self._handle: asyncio.TimerHandle | None = None
        timers.add(self)

    def schedule(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        """Make the call after `delay` seconds, and cancel an earlier plan."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = loop.call_later(delay, self._run)

    def cancel(self) -> None:
        """Do not make the call."""
        self._timers.discard(self)
        if self._handle is not None:
            self._handle.cancel()

    def active(self) -> bool:
        """Return whether the call is still to come."""
        return self in self._timers

    def getTime(self) -> float:
        """Return when it is due."""
        return self._due

    def _run(self) -> None:
        self._timers.discard(self)
        self._call()


class Transport(FakeTransport):
    """The TCP transport of a client in memory, which learns of each write."""

    def __init__(self, written: Callable[[], None]) -> None:
        super().__init__()
        self._on_write = written

    def write(self, data: bytes) -> None:
        """Let the client know."""
        super().write(data)
        self._on_write()


class Talker:
    """A client with one WebSocket. Its texts are `done TURN ...`, `group SENDER NUMBER`, or the consumer's own."""

    def __init__(self, hub: Any, path: str, journal: Journal) -> None:
        self._journal = journal
        self._request = FakeRequest(request_head(path=path))
        self._request.transport = Transport(self._written)
        self._client: SocketClient | None = None
        #: Its reply channel, which the consumer of its connect says.
        self.name = ""
        #: The turns of which it has had the reply.
        self.done: list[int] = []
        self.texts: list[str] = []
        self.said: list[str] = []
        self.is_closed = False
        begin(hub, SocketFactory(hub.config, hub.clock, hub.memory), self._request)

    @property
    def is_open(self) -> bool:
        """Whether its consumer has accepted it."""
        return bool(self.name) and not self.is_closed

    @property
    def is_refused(self) -> bool:
        """Whether its handshake was answered with an error."""
        return self._request.answer is not None

    @property
    def has_ended(self) -> bool:
        """Whether the server has ended the connection."""
        return self._request.transport.end is not None

    def say(self, text: str) -> None:
        """Send a text; its turn is one more than how many were sent, since the connect has the first."""
        assert self._client is not None
        self.said.append(text)
        self._client.text(text)

    @property
    def sent(self) -> int:
        """How many texts it has sent."""
        return len(self.said)

    def lose(self) -> None:
        """Note that the server has ended without a word."""
        self.is_closed = True
        if self.name:
            self._journal.note("closed", self.name, 0)

    def close(self) -> None:
        """Close the TCP connection."""
        if not self.is_closed:
            self.lose()
            if self._request.is_taken:
                self._request.transport.lose("client", ConnectionResetError())
            elif self._request.answer is None:
                self._request.leave()

    def _written(self) -> None:
        if self._client is None:
            self._client = SocketClient(self._request)
            self._client.head()
        for opcode, payload in self._client.frames():
            if opcode == 1:
                self._heard(payload.decode())

    def _heard(self, text: str) -> None:
        self.texts.append(text)
        match text.split():
            case ["hello", name]:
                self.name = name
                self._journal.note("heard", name, 1)
            case ["done", turn, *_]:
                self.done.append(int(turn))
                self._journal.note("heard", self.name, int(turn))
            case ["group", sender, number]:
                self._journal.groups[self.name].append((sender, int(number)))


class LostTurns(logging.Handler):
    """Notes in a journal which turns the interface has called lost; its log says so, and its counter how many."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0
        self._journal = journal
        self._logger = logging.getLogger("towpath.interface.conversation")
        self._logger.addHandler(self)
        self._logger.setLevel(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        """Note a turn."""
        if record.getMessage().endswith("is lost"):
            turn, _ = record.args
            self.count += 1
            self._journal.note("lost", fields_of(record)["connection"], int(str(turn)))

    def close(self) -> None:
        """Take no more."""
        self._logger.removeHandler(self)
        super().close()


class Drops(logging.Handler):
    """Counts the messages that the log of layers and workers reports as dropped, and the largest number where one line
    reports a whole batch: a worker that stops while Redis is unavailable loses what its consumers have sent.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        self._logger = logging.getLogger("towpath")
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        text = record.getMessage().lower()
        if "lost settlements" in text:
            self.count += MAX_MESSAGES
        elif "the store refused" in text and isinstance(record.args, tuple):
            self.count += int(str(record.args[0]))
        else:
            self.count += "dropped" in text

    def close(self) -> None:
        """Take no more."""
        self._logger.removeHandler(self)
        super().close()


#: How long the test itself waits for Redis, in seconds: a loaded machine must not fail it.
PATIENT_SECONDS = 15.0
#: How often a read of statistics is repeated that a fault has hit.
READS = 10


class Site:
    """One interface server, and worker processes by name, on one wire. Used inside a running event loop."""

    def __init__(
        self,
        wire: Wire,
        routes: Mapping[str, Callable[[Message], object]],
        times: LeaseTimes | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        config: InterfaceConfig | None = None,
        **options: Any,
    ) -> None:
        self.wire = wire
        self.journal = Journal()
        self.lost_turns = LostTurns(self.journal)
        self.drops = Drops()
        self.talkers: list[Talker] = []
        self._routes = [route(channel, consumer) for channel, consumer in routes.items()]
        self._times = times or LeaseTimes()
        self._timeout_seconds = timeout_seconds
        self._options = {"capacity": 10_000, **options}
        self._config = config or CONFIG
        self._layers: list[WiredLayer] = []
        self._pools: dict[str, WorkerPool] = {}
        #: Readers that end without a word.
        self.unclosed: list[Any] = []
        self.server: InterfaceServer | None = None
        self.clock = LoopClock()
        #: A way to Redis that nothing breaks, and that waits for as long as in production.
        self.direct = self.layer("direct", PATIENT_SECONDS)

    @property
    def hub(self) -> Any:
        """The parts that the interface's connections share."""
        assert self.server is not None
        return self.server.hub

    def layer(self, name: str, timeout_seconds: float | None = None) -> WiredLayer:
        """Return a layer on the lines of a process."""
        layer = WiredLayer(self.wire, name, timeout_seconds or self._timeout_seconds, **self._options)
        layer.lease_times = self._times
        self._layers.append(layer)
        return layer

    async def start_interface(self, name: str = "interface") -> None:
        """Start the interface server, again and again until Redis answers it."""
        layer = self.layer(name)
        while True:
            self.server = InterfaceServer(self.clock, layer, self._config, [])
            try:
                await self.server.start()
            except LayerUnavailable:
                continue
            return

    async def stop_interface(self) -> None:
        """Stop it, cleanly."""
        assert self.server is not None
        await self.server.stop()

    def start_worker(self, name: str, threads: int = 1) -> WorkerPool:
        """Start a worker process."""
        pool = WorkerPool(self.layer(name), threads, Router(self._routes))
        self._pools[name] = pool
        pool.start()
        return pool

    async def stop_worker(self, name: str) -> None:
        """Stop it, cleanly, as SIGTERM does."""
        pool = self._pools.pop(name)
        assert await asyncio.to_thread(pool.stop)

    def connect(self, path: str = "/") -> Talker:
        """Begin the handshake of a new client."""
        talker = Talker(self.hub, path, self.journal)
        self.talkers.append(talker)
        return talker

    async def opened(self, path: str = "/", seconds: float = 10) -> Talker:
        """Return a client whose socket is open; one that is refused comes again."""
        while True:
            talker = self.connect(path)
            await until(lambda: talker.is_open or talker.is_refused, seconds, f"the socket on {path} opens")  # noqa: B023
            if talker.is_open:
                return talker

    def turns_lost(self) -> int:
        """Return how many turns the interface has counted as lost."""
        return int(self.hub.counters.totals[Count.TURNS_LOST])

    def lost_of(self, name: str) -> set[int]:
        """Return the turns of a connection that were called lost."""
        return {entry.turn for entry in self.journal.of("lost") if entry.name == name}

    async def close(self) -> None:
        """Stop everything that runs, and leave no connection."""
        for name in list(self._pools):
            await self.stop_worker(name)
        if self.server is not None:
            await self.server.stop()
        self.wire.close()
        for thread in threading.enumerate():  # one that waits for an answer ends now
            if thread.name.startswith("towpath-"):
                await asyncio.to_thread(thread.join)
        for reader in self.unclosed:
            reader._connection.disconnect()
        for layer in self._layers:
            layer.close()
        self.lost_turns.close()
        self.drops.close()

    def pending(self, channel: str) -> int:
        """Return how many messages wait on a channel."""
        return int(self.counts(channel)["messages_pending"])

    def counts(self, channel: str) -> dict[str, int | float]:
        """Return a channel's statistics. A fault of the store can hit these reads as well: then they are repeated."""
        for _ in range(READS):
            with suppress(LayerUnavailable):
                return self.direct.channel_statistics(channel)
        return self.direct.channel_statistics(channel)


class Overdue(AssertionError):
    """Raised when something that must happen has not happened in time."""


async def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds.

    Raises:
        Overdue: it does not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Overdue(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(LOOK_SECONDS)
