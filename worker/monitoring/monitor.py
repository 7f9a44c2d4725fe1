"""The monitor of one worker process: its health, its metrics, and those of the store."""

from collections.abc import Sequence
from threading import Lock

from towpath.channels.configured import raw_layer
from towpath.layers.errors import ConfigurationError
from towpath.layers.monitoring import Check, Family, Health, parse_address
from towpath.layers.monitoring.measures import single
from towpath.layers.monitoring.pages import warn_without_library
from towpath.layers.survey import survey_of

from ..interfaces import Pool
from ..registration import busy_count
from .runs import RunCounts, families_of
from .server import MonitoringServer
from .store import store_families

PREFIX = "towpath_worker"


class PoolMonitor:
    """Made before its pool; `attach` it before the start.

    Raises:
        ConfigurationError: `address` is not one (see `layers.monitoring.address`).
    """

    def __init__(self, address: str) -> None:
        self._address = parse_address(address)
        self._runs: list[RunCounts] = []
        self._lock = Lock()

    def attach(self, pool: Pool) -> None:
        """Name the pool that is watched."""
        self._pool = pool
        self._survey = survey_of(raw_layer(pool.channel_layer))

    def new_runs(self) -> RunCounts:
        """Return what one more worker counts its runs in."""
        runs = RunCounts(self._pool.channels)
        with self._lock:
            self._runs.append(runs)
        return runs

    def start(self) -> None:
        """Serve health and metrics.

        Raises:
            ConfigurationError: the address cannot be used.
        """
        warn_without_library()
        metrics = {"/metrics": self.families, "/metrics/layer": self.layer_families}
        try:
            self._server = MonitoringServer(self._address, self.health, metrics)
        except OSError as error:
            raise ConfigurationError(f"cannot listen on {self._address} for metrics: {error.strerror}") from error
        self._server.start()

    def stop(self) -> None:
        """Serve nothing any more."""
        self._server.stop()

    def health(self) -> Health:
        """Return the health of the process."""
        pool = self._pool
        workers = pool.living()
        is_leased = any(worker.in_flight.lease is not None and worker.in_flight.lease.is_held for worker in workers)
        is_hung = pool.slow.count >= pool.thread_count
        return Health(
            [
                Check("redis", "the channel layer does not answer" if pool.outage.is_away else None),
                Check("lease", None if is_leased else "no worker of this process holds a lease"),
                Check("threads", f"all {pool.thread_count} threads run slow consumers" if is_hung else None),
                Check("draining", "the process is told to stop" if pool.is_stopping else None),
            ],
            sorted(pool.paused),
        )

    def families(self) -> Sequence[Family]:
        """Return the metrics of this process."""
        pool = self._pool
        threads = [(("busy",), busy_count(pool.living())), (("all",), pool.thread_count)]
        with self._lock:
            runs = list(self._runs)
        return [
            *families_of(runs, pool.channels),
            Family(f"{PREFIX}_threads", "gauge", "Worker threads", ("state",), threads),
            single(f"{PREFIX}_slow_consumers", "gauge", "Consumers above the bound of time", pool.slow.count),
            single(f"{PREFIX}_slow_consumers_seen", "counter", "Consumers that passed the bound", pool.slow.total),
            single(f"{PREFIX}_layer_up", "gauge", "Whether the channel layer answers", float(not pool.outage.is_away)),
            single(f"{PREFIX}_layer_outages", "counter", "Times that the layer became unavailable", pool.outage.count),
        ]

    def layer_families(self) -> Sequence[Family]:
        """Return the metrics of the store, which are the same in each process.

        Raises:
            LayerUnavailable: the store does not answer.
        """
        survey = self._survey
        return () if survey is None else store_families(survey, self._pool.channels)
