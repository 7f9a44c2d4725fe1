"""The companions of an interface server from before its start to its end: its monitor, its record in the store."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from towpath.layers.survey import ProcessRecord, Survey

from ..connections import unfinished
from .registration import Registration

if TYPE_CHECKING:
    from ..monitoring import Monitor
    from ..server import InterfaceServer


class Oversight:
    """Without a monitor and a survey it does nothing; `drain_pause_seconds` pass before a server that drains stops."""

    def __init__(
        self,
        server: "InterfaceServer",
        monitor: "Monitor | None" = None,
        survey: Survey | None = None,
        drain_pause_seconds: float = 0,
    ) -> None:
        self._server = server
        self._monitor = monitor
        self._survey = survey
        self._drain_pause_seconds = drain_pause_seconds
        self._is_draining = False
        self._registering: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve health checks and metrics, before the server is ready.

        Raises:
            CannotListen: their address cannot be used.
        """
        if self._monitor is not None:
            await self._monitor.start()

    def serving(self) -> None:
        """Register the server, which has started."""
        if self._survey is not None:
            registration = Registration(self._survey, self._record)
            self._registering = asyncio.get_running_loop().create_task(registration.renew())

    async def drain(self, forced: asyncio.Event) -> None:
        """Make the health checks fail, and wait until load balancers have noticed it, or `forced` is set."""
        self._is_draining = True
        if self._monitor is not None:
            self._monitor.readiness.is_draining = True
        if self._drain_pause_seconds:
            try:
                await asyncio.wait_for(forced.wait(), self._drain_pause_seconds)
            except asyncio.TimeoutError:
                return

    async def stop(self) -> None:
        """Remove the record, and close the monitoring address."""
        if self._registering is not None:
            self._registering.cancel()
            await asyncio.wait([self._registering])
        if self._monitor is not None:
            await self._monitor.stop()

    def _record(self, record: ProcessRecord) -> ProcessRecord:
        hub = self._server.hub
        sockets, waiting, out = unfinished(hub.connections)
        numbers = {"sockets": sockets, "requests": hub.requests.used_amount, "waiting": waiting, "sent": out}
        state = "draining" if self._is_draining else "serving"
        return replace(record, owners=(hub.edge.inbox,), numbers=numbers, state=state)
