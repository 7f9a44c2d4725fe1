"""The batch that a worker has in flight, as other threads read it: its running turns, and their age."""

import time
from collections.abc import Sequence

from towpath.layers.contract import Taken

from .lease import WorkerLease


class InFlightBatch:
    """Filled with a batch, emptied when it is settled. The owner replaces one attribute, so readers need no lock."""

    __slots__ = ("name", "lease", "number", "begun", "_content", "_ended")

    def __init__(self, name: str, lease: WorkerLease | None = None) -> None:
        #: The name of the reader that fills it.
        self.name = name
        #: Its lease, if anything renews it.
        self.lease = lease
        #: The number of the batch.
        self.number = 0
        #: How many of its messages have been begun.
        self.begun = 0
        self._content: tuple[float, Sequence[Taken]] | None = None
        self._ended: set[str | None] = set()

    def fill(self, taken: Sequence[Taken], number: int) -> None:
        """Note a batch that was taken."""
        self.begun = 0
        self.number = number
        self._content = (time.monotonic(), taken)

    def drop(self, reply_channel: str | None) -> None:
        """Note that the turn of a connection has ended before its consumer."""
        self._ended = self._ended | {reply_channel}

    def empty(self) -> None:
        """Note that everything is settled or requeued."""
        self._content = None
        if self._ended:
            self._ended = set()

    def split(self) -> tuple[Sequence[Taken], Sequence[Taken]]:
        """Return the message that is running, and those that have not been begun; for a worker that hangs."""
        taken, begun = self._content[1] if self._content is not None else (), self.begun
        return taken[max(0, begun - 1) : begun], taken[begun:]

    @property
    def age_seconds(self) -> float:
        """How long the batch has been in flight; 0 without one. From any thread."""
        content = self._content
        return 0.0 if content is None else time.monotonic() - content[0]

    def is_older_than(self, seconds: float) -> bool:
        """Return whether the batch has been in flight for longer; from any thread."""
        content = self._content
        return content is not None and time.monotonic() - content[0] > seconds

    def turns_older_than(self, seconds: float) -> list[tuple[str, int]]:
        """Return (reply channel, turn) of messages that have been in flight for longer; from any thread."""
        content, ended = self._content, self._ended
        if content is None or time.monotonic() - content[0] < seconds:
            return []
        turns = []
        for item in content[1]:
            reply_channel = item.envelope.reply_channel
            if item.envelope.turn is not None and reply_channel is not None and reply_channel not in ended:
                turns.append((reply_channel, item.envelope.turn))
        return turns
