"""The protocols between a worker process's pool and what watches it. No logic."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from towpath.channels.configured import AnyLayer
from towpath.layers.backoff import Outages

from .slow import SlowConsumers
from .worker import Worker

if TYPE_CHECKING:
    from .monitoring.runs import RunCounts


class Pool(Protocol):
    """The workers of one process, as its monitor and its record in the store see them."""

    @property
    def channel_layer(self) -> AnyLayer:
        """The layer that they take messages from."""

    @property
    def channels(self) -> Sequence[str]:
        """The channels that they take messages from."""

    @property
    def outage(self) -> Outages:
        """Whether the layer is available."""

    @property
    def slow(self) -> SlowConsumers:
        """Consumers that run for too long."""

    @property
    def thread_count(self) -> int:
        """The number of worker threads."""

    @property
    def is_stopping(self) -> bool:
        """Return whether the pool is stopping."""

    @property
    def paused(self) -> frozenset[str]:
        """The paused channels of this pool from which none of its workers takes any more."""

    def living(self) -> Sequence[Worker]:
        """Return the workers that run; from any thread."""


class Monitor(Protocol):
    """Health and metrics of a pool."""

    def attach(self, pool: Pool) -> None:
        """Name the pool that is watched."""

    def new_runs(self) -> "RunCounts":
        """Return what one more worker counts its runs in."""

    def start(self) -> None:
        """Serve health and metrics.

        Raises:
            ConfigurationError: the address cannot be used.
        """

    def stop(self) -> None:
        """Serve nothing any more."""
