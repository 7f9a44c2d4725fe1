"""The bytes of events that are in the store, or with workers: bounded for all connections of a process together.

An event that does not fit waits here for room, behind others that wait. Only large events (above
`memory.SMALL_BYTES`) are passed to it.
"""

from typing import Protocol

from .budget import Budget


class Sender(Protocol):
    """A conversation whose event is large."""

    def send_held(self) -> None:
        """Send the event: there is room for it, and it is counted."""


class EventsUnderWay:
    """Takes the length of each large event before it is sent, and returns it when the turn has ended."""

    def __init__(self, max_bytes: int) -> None:
        self._budget = Budget(max_bytes)
        #: The lengths of events that wait for room, in order.
        self._waiting: dict[Sender, int] = {}

    @property
    def used_bytes(self) -> int:
        """The bytes that are under way."""
        return self._budget.used_amount

    def begin(self, sender: Sender, length: int) -> bool:
        """Return whether the event may be sent now; if not, `send_held` is called once there is room."""
        length = min(length, self._budget.max_amount)
        if self._waiting or not self._budget.take(length):
            self._waiting[sender] = length
            return False
        return True

    def end(self, length: int) -> None:
        """Return the room of an event, and send others that wait for it."""
        self._budget.give_back(min(length, self._budget.max_amount))
        while self._waiting:
            sender, wanted = next(iter(self._waiting.items()))
            if not self._budget.take(wanted):
                return
            del self._waiting[sender]
            sender.send_held()

    def forget(self, sender: Sender) -> None:
        """Drop the place of an event that waited."""
        self._waiting.pop(sender, None)
