"""One interface server process: its start, its background tasks, and its end.

`start` and `stop` are coroutines of the asyncio loop that Twisted's reactor runs on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from towpath.layers.backoff import Backoff
from towpath.layers.contract import ChannelLayer
from towpath.layers.errors import LayerUnavailable

from .accesslog import ActionLogger, no_log
from .config import InterfaceConfig
from .control import Control
from .eventloop.clock import Clock, pause
from .eventloop.deferred import awaited
from .eventloop.eager import TurnEnd, make_eager
from .http.factory import HttpFactory
from .hub import Hub, abandon_all
from .interfaces import Owner
from .kinds import Kinds
from .websocket.begin import begin
from .websocket.draining import drain
from .websocket.sockets import SocketFactory

log = logging.getLogger(__name__)

#: How often the lease is renewed and the counters are reported.
RENEW_SECONDS = 1.0
#: First and longest pause while the layer is unavailable; a retry costs only a refused connection.
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.1, 0.5
#: Seconds between two checks, at the end, whether all connections have closed.
LOOK_SECONDS = 0.02
#: Shares of the grace period: when all sockets have been sent 1012, and when those that did not answer are aborted.
SPREAD_SHARE, ABORT_SHARE = 0.5, 0.8
#: Seconds for removing the inbox from the store.
CLOSE_EDGE_SECONDS = 2.0


class Port(Protocol):
    """Twisted's IListeningPort, as far as it is used here; type checkers cannot read zope's interfaces."""

    def getHost(self) -> Any:
        """Return the address."""

    def stopListening(self) -> "Deferred[None] | None":
        """Stop accepting connections."""


class Endpoint(Protocol):
    """Twisted's IStreamServerEndpoint."""

    def listen(self, factory: HttpFactory) -> "Deferred[Any]":
        """Accept connections; the result is a `Port`."""


class InterfaceServer:
    """Serves HTTP and WebSockets for one channel layer."""

    def __init__(
        self,
        reactor: Clock,
        layer: ChannelLayer,
        config: InterfaceConfig,
        endpoints: Sequence[Endpoint],
        log_action: ActionLogger = no_log,
        kinds: Kinds | None = None,
    ) -> None:
        """`kinds` are the classes of its connections."""
        self._clock = reactor
        self._layer = layer
        self._config = config
        self._endpoints = endpoints
        self._log_action = log_action
        self._kinds = Kinds() if kinds is None else kinds
        self._ports: list[Port] = []
        self._hub: Hub | None = None
        self._http: HttpFactory | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._is_forced = False
        #: Stops the process that this server is all of, when an operator asks for it; None: it is a part of another.
        self.on_drain: Callable[[], None] | None = None

    def _drain(self) -> bool:
        if self.on_drain is not None:
            self.on_drain()
        return self.on_drain is not None

    @property
    def ports(self) -> Sequence[Port]:
        """The addresses at which the server listens."""
        return self._ports

    @property
    def is_started(self) -> bool:
        """Return whether the layer has been reached."""
        return self._hub is not None

    @property
    def http_connections(self) -> int:
        """The number of HTTP connections."""
        return 0 if self._http is None else len(self._http)

    @property
    def hub(self) -> Hub:
        """The state that its connections share.

        Raises:
            RuntimeError: the server has not been started.
        """
        if self._hub is None:
            raise RuntimeError("the interface server has not been started")
        return self._hub

    async def start(self) -> None:
        """Reach the layer, then listen, then serve.

        Raises:
            LayerUnavailable: the layer's store cannot be reached.
            OSError, twisted.internet.error.CannotListenError: an address cannot be used.
        """
        edge = self._layer.edge()
        await edge.open()
        hub = self._hub = Hub(
            self._config, edge, self._clock, self._layer.expiry, self._log_action, layer_label=str(self._layer)
        )
        hub.tasks.start(self._renew(hub), "renew the lease")
        inbox = self._kinds.inbox(hub, Control(hub, self._drain).take)
        hub.tasks.start(inbox.read(), "read the inbox")
        hub.tasks.start(inbox.fill(), "read histories of groups")
        sockets = SocketFactory(self._config, self._clock, hub.memory)
        kinds = self._kinds
        self._http = HttpFactory(
            hub, partial(kinds.conversation, hub), partial(begin, hub, sockets, owner=kinds.socket_owner)
        )
        self._http.exchange = kinds.exchange
        turn_end = TurnEnd(asyncio.get_running_loop())
        try:
            for endpoint in self._endpoints:
                port: Port = await awaited(endpoint.listen(self._http))
                make_eager(port, turn_end)
                self._ports.append(port)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop serving, within the grace period, in this order:

        1. no new connections: the ports are closed; clients that had just connected are served;
        2. HTTP finishes the responses that were begun, and closes idle connections;
        3. sockets are closed with 1012 and the seconds after which to reconnect, spread over time; those in their
           handshake when it is over;
        4. waiting events of the clients, and their `websocket.disconnect`, are sent to the layer;
        5. the inbox is removed from the store.

        Called again, it waits for the same end; `force` shortens it.
        """
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop())
        await asyncio.shield(self._stopping)

    def force(self) -> None:
        """Stop without the grace period."""
        self._is_forced = True

    async def _stop(self) -> None:
        # No new connections.
        ports, self._ports = self._ports, []
        for port in ports:
            await awaited(port.stopListening())
        hub, http = self._hub, self._http
        if hub is None:
            return
        # HTTP ends with the responses that were begun, and sockets are closed, spread over time.
        hub.is_stopping = True
        hub.reconnect_seconds = len(_sockets(hub)) / self._config.drain_reconnects
        if http is not None:
            http.go_away()
        grace, began = self._config.grace_seconds, self._clock.seconds()
        leaving = hub.tasks.start(drain(_sockets(hub), self._clock, grace * SPREAD_SHARE), "drain sockets")
        # Connections that are still open near the end of the grace period are aborted.
        if not await self._wait_until_gone(began + grace * ABORT_SHARE):
            leaving.cancel()
            for socket in _sockets(hub):
                socket.abort()
            await self._wait_until_gone(began + grace)
        await self._close(hub)

    async def _wait_until_gone(self, until: float) -> bool:
        """Wait until all connections have ended and the layer has their last events; False if it took too long."""
        hub = self.hub
        while len(hub.connections) or self.http_connections or not hub.outbound.is_idle():
            if self._is_forced or self._clock.seconds() >= until:
                return False
            await pause(self._clock, LOOK_SECONDS)
        return True

    async def _close(self, hub: Hub) -> None:
        if len(hub.connections):
            log.warning("%d connections were still open, or had something to say, at the end", len(hub.connections))
        await hub.tasks.cancel_all()
        hub.spools.disk.close()
        hub.counters.report()
        try:
            await asyncio.wait_for(hub.edge.close(), CLOSE_EDGE_SECONDS)
        except (LayerUnavailable, asyncio.TimeoutError) as error:
            log.warning("The inbox could not be taken out of the store, it expires by itself: %r", error)

    async def _look_for_turns(self, hub: Hub) -> None:
        try:
            await hub.recovery.look()
            await hub.workers.look()
        except LayerUnavailable as error:
            hub.availability.went_away(error)
        except Exception:
            log.exception("Looking for turns that take long, or for workers, failed; trying again")

    async def _renew(self, hub: Hub) -> None:
        """Renew the lease every second, and with growing pauses while the layer is unavailable."""
        pauses = Backoff(LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS)
        while True:
            wait = RENEW_SECONDS
            try:
                if not await hub.edge.renew():
                    abandon_all(hub)
            except LayerUnavailable as error:
                hub.availability.went_away(error)
                wait = pauses.after_failure(self._clock.seconds())
            except Exception:
                log.exception("Renewing the lease failed; trying again")
            else:
                hub.availability.came_back()
                await self._look_for_turns(hub)
            hub.counters.report()
            await pause(self._clock, wait)


def _sockets(hub: Hub) -> list[Owner]:
    owners = [conversation.owner for conversation in hub.connections if not conversation.is_closed]
    return [owner for owner in owners if owner.is_socket]
