"""How many messages a worker takes at once, without IO: many while consumers are fast, one while they are not.

A batch saves round trips, but each message in it waits for those before, while another worker may idle. So a batch
holds a few milliseconds of expected work. The expectation rises at once with a slow run and sinks slowly, so that
channels with mixed work are not batched behind their slow part.
"""

from collections.abc import Iterable

#: Expected work in one batch, in seconds: the time that a message may wait for others.
BUDGET_SECONDS = 0.005
#: Most messages in one batch: beyond, saving round trips gains nothing.
MAX_MESSAGES = 32
#: Share of the last run when the expectation sinks.
SINKING = 0.1
#: Shortest measured run that is used, in seconds; clocks may report 0.
SHORTEST_SECONDS = 1e-6


class Batching:
    """Limits per channel from the time that recent runs took. `limits` are those of the next exchange."""

    __slots__ = ("_expected", "limits")

    def __init__(self, channels: Iterable[str]) -> None:
        self.limits = dict.fromkeys(channels, 1)
        self._expected: dict[str, float] = {}

    def observe(self, channel: str, run_seconds: float) -> None:
        """Take a run into account."""
        expected = self._expected.get(channel, 0.0)
        sunk = expected + SINKING * (run_seconds - expected)
        self._expected[channel] = run_seconds if run_seconds > sunk else sunk

    def adjust(self, channel: str) -> None:
        """Set the limit of a channel after a batch: at most twice the limit before."""
        expected = max(self._expected.get(channel, BUDGET_SECONDS), SHORTEST_SECONDS)
        fitting = int(BUDGET_SECONDS / expected)
        self.limits[channel] = max(1, min(MAX_MESSAGES, fitting, 2 * self.limits.get(channel, 1)))


def is_overdue(run_seconds: float, batch_seconds: float) -> bool:
    """Return whether the rest of a batch should be requeued: a run or the batch took longer than expected."""
    return run_seconds > BUDGET_SECONDS or batch_seconds > 2 * BUDGET_SECONDS
