"""A scenario: the connections with their events, the workers, and the faults."""

from dataclasses import dataclass

from .faults import Fault
from .workers import Later

#: Faults of connections to the store, and refusals. No message may be lost by them.
WIRE = frozenset({Fault.WRITE_LOST, Fault.ANSWER_LOST, Fault.LATE, Fault.REFUSED})
ALL = frozenset(Fault)


@dataclass(frozen=True)
class Scenario:
    """`receives` is the number of frames of each connection, between its handshake and its end.

    `batch` is the number of messages that a worker takes at once. The consumer of message `later` raises ConsumeLater
    once. `is_open`: all handshakes are accepted at the start. `is_detailed`: steps that are joined otherwise are
    separate, which makes more states. `without` is the name of a fence that is removed.
    """

    name: str
    receives: dict[str, int]
    faults: int
    kinds: frozenset[Fault] = ALL
    workers: int = 2
    batch: int = 1
    later: Later | None = None
    is_open: bool = False
    is_detailed: bool = False
    without: str | None = None

    @property
    def loses_nothing(self) -> bool:
        """Return whether no message may be lost by its faults."""
        return self.kinds <= WIRE
