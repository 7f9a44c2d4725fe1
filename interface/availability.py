"""Availability of the layer's store, for the coroutines of one interface server."""

import asyncio
from collections.abc import Callable

from towpath.layers.backoff import Outages


class Availability:
    """The availability of the layer, shared by the parts of one interface server."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._outages = Outages(seconds)
        self._back = asyncio.Event()
        self._back.set()
        #: Called when the layer is available again.
        self.on_back: list[Callable[[], None]] = []

    @property
    def is_away(self) -> bool:
        """Return whether the latest call to the layer failed."""
        return self._outages.is_away

    @property
    def outages(self) -> int:
        """The number of outages."""
        return self._outages.count

    def went_away(self, error: Exception) -> None:
        """Note that a call to the layer raised LayerUnavailable."""
        if self._outages.began(error):
            self._back.clear()

    def came_back(self) -> None:
        """Note that a call to the layer succeeded."""
        if self._outages.ended():
            self._back.set()
            for call in self.on_back:
                call()

    async def wait_until_back(self) -> None:
        """Wait until the layer is available."""
        await self._back.wait()
