"""How much may wait for a client that reads slowly: the push producer that a socket registers with its transport.

The transport says `pauseProducing` when its buffer is full (64 KiB) and `resumeProducing` when it is empty. What is
written in between is counted against the bound; a single message may be longer than that, the next one waits for it.
"""

from enum import Enum

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


class Flow(Enum):
    """Where the output of one client stands."""

    FLOWING = "flowing"
    PAUSED = "paused"
    CUT_OFF = "cut off"


@implementer(IPushProducer)
class OutputBound:
    """Counts what is written while the transport cannot send."""

    __slots__ = ("flow", "_max_bytes", "_waiting_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.flow = Flow.FLOWING
        self._max_bytes = max_bytes
        self._waiting_bytes = 0

    def takes(self, length: int) -> bool:
        """Count bytes that are to be written; False, from then on, if they are too many."""
        if self.flow is Flow.PAUSED:
            self._waiting_bytes += length
            if self._waiting_bytes > self._max_bytes:
                self.flow = Flow.CUT_OFF
        return self.flow is not Flow.CUT_OFF

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        if self.flow is Flow.FLOWING:
            self.flow = Flow.PAUSED
            self._waiting_bytes = 0

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        if self.flow is Flow.PAUSED:
            self.flow = Flow.FLOWING

    def stopProducing(self) -> None:
        """The connection has gone."""
