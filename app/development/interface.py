"""An interface server in a thread of its own, on a socket that is open already.

Signals are the main thread's, so the reactor handles none. A process has one reactor, and so one such thread.
"""

import asyncio
import logging
import socket
from dataclasses import replace
from threading import Event, Thread
from typing import Any

from towpath.interface.accesslog import ActionLogger
from towpath.interface.config import InterfaceConfig
from towpath.interface.eventloop.reactor import install_reactor, new_loop
from towpath.layers.contract import ChannelLayer

log = logging.getLogger(__name__)


class InterfaceThread:
    """Serves `listener`, which it takes over, from `start` to `stop`."""

    def __init__(
        self, layer: ChannelLayer, config: InterfaceConfig, listener: socket.socket, log_action: ActionLogger
    ) -> None:
        self._layer = layer
        self._config = config
        self._listener = listener
        self._log_action = log_action
        self._thread = Thread(target=self._run, name="towpath-interface", daemon=True)
        self._decided = Event()
        self._error: BaseException | None = None
        self._reactor: Any = None
        self._stop_asked: asyncio.Event | None = None

    @property
    def is_alive(self) -> bool:
        """Return whether the thread has begun and not ended."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread and wait until it serves.

        Raises:
            LayerUnavailable: the layer's store cannot be reached.
            ConfigurationError: the project runs a reactor of its own.
        """
        self._thread.start()
        self._decided.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Finish within the grace period of the configuration; return when the thread has ended."""
        if self._stop_asked is not None and self.is_alive:
            self._reactor.callFromThread(self._stop_asked.set)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            loop = new_loop()
            self._reactor = install_reactor(loop)
            serving = loop.create_task(self._serve())
            self._reactor.run(installSignalHandlers=False)
            serving.result()
        except BaseException as error:
            self._error = error
            if self._decided.is_set():  # no caller waits for it any more
                log.critical("The interface server failed", exc_info=True)
        finally:
            self._decided.set()

    async def _serve(self) -> None:
        from towpath.interface.process.endpoints import addresses  # these import Twisted's reactor
        from towpath.interface.server import InterfaceServer

        config = replace(self._config, fd=self._listener.fileno())
        where = addresses(self._reactor, config)
        server = InterfaceServer(self._reactor, self._layer, config, where, self._log_action)
        self._stop_asked = asyncio.Event()
        try:
            await server.start()
            self._listener.close()  # the server has a descriptor of its own
            self._decided.set()
            await self._stop_asked.wait()
            await server.stop()
        finally:
            self._reactor.stop()
