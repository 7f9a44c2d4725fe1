"""Consumers that run for too long: one WARNING with the stack when a run passes the bound, and at each doubling.

The main thread of a worker process checks once a second; nothing is added to a run.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towpath.channels import Message
from towpath.layers.contract import Envelope
from towpath.layers.errors import ConfigurationError
from towpath.layers.log_fields import about
from towpath.routing import name_of

if TYPE_CHECKING:
    from .worker import Worker

logger = logging.getLogger(__name__)

#: The bound, unless an option says otherwise, in seconds.
DEFAULT_SECONDS = 10.0


@dataclass(slots=True)
class _Run:
    """A run above the bound: the batch and the position in it, and the age at which it is logged again."""

    number: tuple[str, int, int]
    next_seconds: float


class SlowConsumers:
    """The runs above `seconds`, by worker; None: nothing is checked.

    Raises:
        ConfigurationError: `seconds` is not above 0.
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not seconds > 0:
            raise ConfigurationError(f"a consumer is slow after a number of seconds above 0, not {seconds!r}")
        self._seconds = seconds
        self._runs: dict[int, _Run] = {}
        #: How many have been seen since the start.
        self.total = 0
        #: A line for each run that is above the bound now.
        self.lines: Sequence[str] = ()

    @property
    def count(self) -> int:
        """The number of runs that are above the bound now."""
        return len(self.lines)

    def look(self, workers: Sequence["Worker"]) -> None:
        """Check the running consumers, and log those that have passed the bound."""
        if self._seconds is None:
            return
        found, lines = {}, []
        for worker in workers:
            age, running = worker.in_flight.age_seconds, worker.in_flight.split()[0]
            if age < self._seconds or not running:
                continue
            run = self._run(worker)
            found[id(worker)] = run
            described = f"{_consumer(worker, running[0].envelope)} on {running[0].envelope.channel} for {age:.0f} s"
            lines.append(described)
            if age >= run.next_seconds:
                while run.next_seconds <= age:
                    run.next_seconds *= 2
                about_it = about(Message.from_envelope(running[0].envelope, worker.channel_layer))
                logger.warning("A consumer is slow: %s. It is at:\n%s", described, worker.whereabouts(), extra=about_it)
        self._runs, self.lines = found, lines

    def _run(self, worker: "Worker") -> _Run:
        batch = worker.in_flight
        number = batch.name, batch.number, batch.begun
        run = self._runs.get(id(worker))
        if run is None or run.number != number:
            self.total += 1
            run = _Run(number, self._seconds or 0)
        return run


def _consumer(worker: "Worker", envelope: Envelope) -> str:
    """Return the name of the consumer that a message is routed to."""
    try:
        match = worker.router.match(Message.from_envelope(envelope, worker.channel_layer))
    except Exception as error:  # a converter of the project's raised; the consumer has its own traceback
        return f"a consumer ({type(error).__name__} in its route)"
    return "a consumer" if match is None else str(name_of(match.consumer))
