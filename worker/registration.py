"""The record of a worker process in the store, renewed every few seconds by a thread of its own."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from towpath.channels.configured import raw_layer
from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import RENEW_SECONDS, ProcessRecord, survey_of

from .interfaces import Pool
from .repeating import Repeating
from .worker import Worker

logger = logging.getLogger(__name__)


class Registration:
    """Renews the record of a pool's process; on a layer of one process it does nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._survey = survey_of(raw_layer(pool.channel_layer))
        self._base = ProcessRecord("worker")
        self._renewing = Repeating(self._renew, RENEW_SECONDS, "write the record of this process")

    def start(self) -> None:
        """Renew the record from now on."""
        if self._survey is not None:
            self._renewing.start()

    def now(self) -> None:
        """Write the record now; raises nothing."""
        self._renewing.now()

    def stop(self) -> None:
        """Remove the record."""
        self._renewing.stop()
        try:
            if self._survey is not None:
                self._survey.unregister(self._base)
        except LayerUnavailable as error:
            logger.debug("The record of this process is not removed, and is stale soon: %s", error)

    def _renew(self) -> None:
        if self._survey is not None:
            self._survey.register(self._record())

    def _record(self) -> ProcessRecord:
        pool = self._pool
        workers = pool.living()
        return replace(
            self._base,
            owners=[worker.in_flight.name for worker in workers],
            channels=pool.channels,
            numbers={"threads": pool.thread_count, "busy": busy_count(workers)},
            state="draining" if pool.is_stopping else "serving",
            slow=pool.slow.lines,
            paused=sorted(pool.paused),
        )


def busy_count(workers: Iterable[Worker]) -> int:
    """Return the number of workers that have taken messages and not settled them."""
    return sum(worker.in_flight.age_seconds > 0 for worker in workers)
