"""An interface server as a process: reactor, addresses, signals, exit code.

SIGTERM or SIGINT: stop within the grace period. A second one: stop without the grace period. A third one: end at once.
A process waits for a layer that is unavailable at the start: by exiting it would reach its supervisor's start limit.
"""

import asyncio
import logging
import os
import signal
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from towpath.layers.backoff import Backoff
from towpath.layers.contract import ChannelLayer
from towpath.layers.errors import LayerUnavailable, TowpathError
from towpath.layers.survey import survey_of
from towpath.layers.tracing_extra import require_tracing

from ..accesslog import ActionLogger, no_log
from ..config import InterfaceConfig
from ..eventloop.reactor import install_reactor
from .oversight import Oversight

if TYPE_CHECKING:
    from ..server import InterfaceServer

log = logging.getLogger(__name__)

#: First and longest pause while the layer is unavailable at the start, as later; in seconds.
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.1, 1.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ExitCode(IntEnum):
    """How an interface server's process ended."""

    STOPPED = 0  #: on a signal, with all work finished
    FAILED = 1  #: by an error that is in the log
    USAGE = 2  #: on an invalid option, import path of the layer, or configuration
    CANNOT_LISTEN = 4  #: an address could not be used
    FORCED = 75  #: by a second signal, with connections aborted


def serve(layer: ChannelLayer, config: InterfaceConfig, log_action: ActionLogger = no_log) -> ExitCode:
    """Serve until a signal arrives, and return the exit code. To be called once, from the main thread of a process.

    Raises:
        ConfigurationError: an endpoint string is wrong, or another reactor is installed.
    """
    reactor = install_reactor()
    from ..server import InterfaceServer
    from .endpoints import addresses  # these import Twisted, which may come only after the reactor

    where = addresses(reactor, config)
    monitor, kinds = None, None
    if config.metrics is not None or config.health_path is not None:
        from ..monitoring import Monitor

        monitor = Monitor(reactor, layer, config, log_action)
        log_action, kinds = monitor.log_action, monitor.kinds
    if config.tracing:
        require_tracing()
        from ..kinds import Kinds
        from ..tracing import traced

        kinds = traced(kinds or Kinds())
    server = InterfaceServer(reactor, layer, config, where, log_action, kinds)
    if monitor is not None:
        monitor.attach(server)
    oversight = Oversight(server, monitor, survey_of(layer), config.drain_pause_seconds)
    service = Service(server, layer, ", ".join(address.label for address in where), oversight)
    reactor.callLater(0, service.begin, reactor)
    reactor.run(installSignalHandlers=False)
    return service.exit_code


class Service:
    """The life of one server in the event loop. Signal handlers only note the signal."""

    def __init__(
        self, server: "InterfaceServer", layer: object, label: str, oversight: Oversight | None = None
    ) -> None:
        self._server = server
        self._layer = layer
        self._label = label
        self._stop = asyncio.Event()
        self._oversight = Oversight(server) if oversight is None else oversight
        self._forced = asyncio.Event()
        self._signals = 0
        self._starting: asyncio.Task[None] | None = None
        self.exit_code = ExitCode.STOPPED
        server.on_drain = self.drain

    # `Any`: see `reactor`.
    def begin(self, reactor: Any) -> None:
        """Run `live` in the running event loop, and stop the reactor after it."""
        task = asyncio.get_running_loop().create_task(self.live())
        task.add_done_callback(lambda done: self._ended(done, reactor))

    async def live(self) -> None:
        """Start the server, wait for a signal, drain and stop the server."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.signalled)
        self._starting = loop.create_task(self._start())
        try:
            await self._starting
            self._oversight.serving()
            log.info("Listening on %s, for %s", self._label, self._layer)
            await self._stop.wait()
            log.info("Stopping")
            await self._oversight.drain(self._forced)
            await self._server.stop()
            log.info("Stopped")
        except asyncio.CancelledError:
            return  # a signal came before there was anything to stop
        finally:
            await self._oversight.stop()

    async def _start(self) -> None:
        await self._oversight.start()
        pauses, reported = Backoff(LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS), ""
        while True:
            try:
                await self._server.start()
                return
            except LayerUnavailable as error:
                if str(error) != reported:
                    reported = str(error)
                    log.warning(
                        "The channel layer is unavailable (%s): not listening yet, trying again at least every %g s",
                        *(reported, MOST_PAUSE_SECONDS),
                    )
            await asyncio.sleep(pauses.after_failure(asyncio.get_running_loop().time()))

    def drain(self) -> None:
        """Stop as on the first signal, by order of an operator; the next signal counts as the first one."""
        self._stop.set()

    def signalled(self) -> None:
        """Note a signal: stop, then force, then end."""
        self._signals += 1
        if self._signals == 1:
            self._stop.set()
            if self._starting is not None and not self._starting.done():
                self._starting.cancel()
        elif self._signals == 2:
            self.exit_code = ExitCode.FORCED
            self._forced.set()
            self._server.force()
        else:
            os._exit(ExitCode.FORCED)

    def _ended(self, task: "asyncio.Task[None]", reactor: Any) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.exit_code = explained(error)
        reactor.stop()


def explained(error: BaseException) -> ExitCode:
    """Log what ended a server, and return the exit code for it; a traceback only where it was not foreseen."""
    from .endpoints import CannotListen

    if isinstance(error, CannotListen):
        log.error("%s", error)
        return ExitCode.CANNOT_LISTEN
    if isinstance(error, TowpathError):
        log.error("%s", error)
        return ExitCode.USAGE
    log.error("The interface server failed", exc_info=error)
    return ExitCode.FAILED
