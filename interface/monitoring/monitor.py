"""The monitor of one interface server: its health, its metrics, and the address where both are served."""

import asyncio
from typing import TYPE_CHECKING, Any

from towpath.layers.monitoring import Family, parse_address
from towpath.layers.monitoring.pages import warn_without_library
from towpath.layers.survey import survey_of

from ..accesslog import ActionLogger
from ..config import InterfaceConfig
from ..eventloop.deferred import awaited
from ..http.exchange import Exchange
from ..kinds import Kinds
from .actions import ActionCounts
from .collect import families_of
from .events import EventCounts, counted_conversation, counted_websocket
from .exchanges import counted_exchange, exchange_with_health
from .readiness import Readiness
from .site import listen

if TYPE_CHECKING:
    from towpath.layers.contract import ChannelLayer

    from ..server import InterfaceServer

#: Seconds between two measurements of the event loop.
LOOK_SECONDS = 0.5


class Monitor:
    """Made before its server, since it counts the server's actions; `attach` it before the start."""

    # `Any`: see `reactor`.
    def __init__(self, reactor: Any, layer: "ChannelLayer", config: InterfaceConfig, log_action: ActionLogger) -> None:
        self._reactor = reactor
        self._layer = layer
        self._config = config
        #: The action logger for the server.
        self.log_action: ActionLogger = log_action
        self._actions: ActionCounts | None = None
        if config.metrics is not None:
            self.log_action = self._actions = ActionCounts(log_action)
        self._events = EventCounts()
        self._timing: asyncio.Task[None] | None = None
        self._port: Any = None
        self._watching: asyncio.Task[None] | None = None

    def attach(self, server: "InterfaceServer") -> None:
        """Name the server that is watched."""
        self._server = server
        self.readiness = Readiness(server, survey_of(self._layer), self._reactor)

    @property
    def kinds(self) -> Kinds:
        """The classes of the server's connections, which answer health checks and count."""
        exchange = Exchange if self._actions is None else counted_exchange(self._actions)
        path = self._config.health_path
        if path is not None:
            exchange = exchange_with_health(path, lambda: self.readiness.health(), exchange)
        if self._actions is None:
            return Kinds(exchange=exchange)
        return Kinds(exchange, counted_conversation(self._events), counted_websocket(self._events))

    async def start(self) -> None:
        """Listen, and begin to poll for workers.

        Raises:
            CannotListen: the address cannot be used.
        """
        if self._config.metrics is not None:
            warn_without_library()
            address = parse_address(self._config.metrics)
            self._port = await listen(self._reactor, address, self.readiness.health, self.families)
            self._timing = asyncio.get_running_loop().create_task(self._time_loop())
        self._watching = asyncio.get_running_loop().create_task(self.readiness.watch())

    async def stop(self) -> None:
        """Stop both."""
        if self._watching is not None:
            self._watching.cancel()
        if self._timing is not None:
            self._timing.cancel()
        if self._port is not None:
            await awaited(self._port.stopListening())

    async def _time_loop(self) -> None:
        """Measure how late the event loop is, which is how long clients and the inbox wait for it."""
        seconds = asyncio.get_running_loop().time
        while True:
            due = seconds() + LOOK_SECONDS
            await asyncio.sleep(LOOK_SECONDS)
            self._events.late.observe(max(0.0, seconds() - due))

    def families(self) -> list[Family]:
        """Return the metrics of the server."""
        families = [] if self._actions is None else [*self._actions.families(), *self._events.families()]
        if self._server.is_started:
            families += families_of(self._server.hub, self._server.http_connections)
        return families
