"""The observers of one worker, metrics and traces: of the messages it takes, its runs, and its settlements.

A worker without observers has none of this: its runner is the plain one.
"""

from collections.abc import Sequence
from typing import Protocol

from towpath.layers.contract import Received

from .run import Runner


class Observer(Protocol):
    """Used by the thread of one worker."""

    def runner(self, base: type[Runner]) -> type[Runner]:
        """Return the class of its runner."""

    def taken(self, received: Received) -> None:
        """Note a batch that was taken; its messages run next."""

    def ran(self, channel: str, seconds: float, now: float) -> None:
        """Note that a run has ended: its duration, and `time.perf_counter()` at its end."""

    def written(self) -> None:
        """Note that the settlements of all runs that have ended are written."""


def observed_runner(observers: Sequence[Observer]) -> type[Runner]:
    """Return the class of the runner that all observers watch."""
    kind = Runner
    for observer in observers:
        kind = observer.runner(kind)
    return kind
