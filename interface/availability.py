"""Availability of the layer's store: logs one WARNING when an outage begins, and one when it ends."""

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


class Availability:
    """The availability of the layer, shared by the parts of one interface server."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._away_since: float | None = None
        self._back = asyncio.Event()
        self._back.set()
        #: The number of outages.
        self.outages = 0
        #: Called when the layer is available again.
        self.on_back: list[Callable[[], None]] = []

    @property
    def is_away(self) -> bool:
        """Return whether the latest call to the layer failed."""
        return self._away_since is not None

    def went_away(self, error: Exception) -> None:
        """Note that a call to the layer raised LayerUnavailable."""
        if self._away_since is None:
            self._away_since = self._seconds()
            self.outages += 1
            self._back.clear()
            log.warning("The channel layer is unavailable (%s): connections wait, trying again with backoff", error)

    def came_back(self) -> None:
        """Note that a call to the layer succeeded."""
        if self._away_since is None:
            return
        log.warning("The channel layer is available again after %.1f s", self._seconds() - self._away_since)
        self._away_since = None
        self._back.set()
        for call in self.on_back:
            call()

    async def wait_until_back(self) -> None:
        """Wait until the layer is available."""
        await self._back.wait()
