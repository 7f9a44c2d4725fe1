"""The readiness of an interface server: Redis answers, workers take the messages of its clients, it is not draining.

Workers are polled every two seconds; a health check only reads the latest result.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from towpath.layers.errors import LayerUnavailable
from towpath.layers.monitoring import Check, Health
from towpath.layers.protocol import CONNECT, HTTP_REQUEST
from towpath.layers.survey import ProcessRecord, Survey

from ..eventloop.clock import Clock, pause

if TYPE_CHECKING:
    from ..server import InterfaceServer

log = logging.getLogger(__name__)

#: Channels that workers have to read: the first events of requests and of WebSockets.
NEEDED_CHANNELS = (HTTP_REQUEST, CONNECT)
#: Seconds between two polls for workers.
LOOK_SECONDS = 2.0


class Readiness:
    """The health of one server; `is_draining` is set when it begins to stop."""

    def __init__(self, server: "InterfaceServer", survey: Survey | None, clock: Clock) -> None:
        self._server = server
        self._survey = survey
        self._clock = clock
        self._unread: Sequence[str] | None = None
        self._paused: Sequence[str] = ()
        self.is_draining = False

    def health(self) -> Health:
        """Return the health as of the latest poll."""
        draining = "the server is told to stop" if self.is_draining else None
        checks = [Check("redis", self._redis()), Check("workers", self._workers()), Check("draining", draining)]
        return Health(checks, self._paused)

    async def watch(self) -> None:
        """Poll for workers until cancelled."""
        while True:
            await self.look()
            await pause(self._clock, LOOK_SECONDS)

    async def look(self) -> None:
        """Poll once; while Redis is unavailable the last result stays."""
        survey = self._survey
        if survey is None:
            self._unread = ()
            return
        try:
            self._unread, self._paused = await asyncio.to_thread(_looked_at, survey)
        except LayerUnavailable as error:
            log.debug("Workers are not looked for: %s", error)
        except Exception:
            log.exception("Looking for workers failed; trying again")

    def _redis(self) -> str | None:
        if not self._server.is_started:
            return "the channel layer has not been reached yet"
        return "the channel layer does not answer" if self._server.hub.availability.is_away else None

    def _workers(self) -> str | None:
        if self._unread is None:
            return "it is not known yet whether there are workers"
        if self._unread:
            return f"no worker takes messages from {', '.join(self._unread)}"
        return None


def _looked_at(survey: Survey) -> tuple[Sequence[str], Sequence[str]]:
    """Return the needed channels that no worker reads, and those that an operator has paused."""
    return unread_channels(survey), sorted(set(survey.paused()).intersection(NEEDED_CHANNELS))


def unread_channels(survey: Survey) -> Sequence[str]:
    """Return the needed channels that no worker with a lease reads.

    A reader without a record belongs to a release that wrote none: it is taken to read all of them.
    """
    readers = {owner for owner, _ in survey.leases() if not owner.endswith("!")}
    workers = [record for record in survey.processes() if record.kind == "worker"]
    if readers and not workers:
        return ()
    return [channel for channel in NEEDED_CHANNELS if not any(_reads(record, channel, readers) for record in workers)]


def _reads(record: ProcessRecord, channel: str, readers: set[str]) -> bool:
    return channel in record.channels and not readers.isdisjoint(record.owners)
