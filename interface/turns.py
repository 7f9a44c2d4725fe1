"""The turns of one connection: one event is out at a worker, the others wait, in order, in bounded number.

Plain logic. Invariant: at most one turn is out, its number is `number`; numbers begin at 1 and only grow.
"""

from enum import Enum, IntEnum
from typing import NamedTuple

from towpath.layers.contract import Content, Will

#: Bytes that are counted for an event in addition to its text and bytes: empty frames are not free.
EVENT_OVERHEAD_BYTES = 64
#: The length of text or bytes below which their exact size is not computed.
SHORT_LENGTH = 512


class Event(NamedTuple):
    """An event of a connection. `insist` False: it is refused if its channel is full, else retried.

    `will` is the last event of the connection if this process expires; the first event carries it.
    """

    channel: str
    content: Content
    insist: bool
    will: Will | None = None


class Phase(IntEnum):
    """The phase of a connection's turns."""

    IDLE = 0  # no turn is out
    OUT = 1  # a turn is out; more events may come
    ENDING = 2  # a turn is out, the last event waits behind it
    LAST_OUT = 3  # the last event is out
    ENDED = 4  # nothing more will happen


class Pressure(Enum):
    """Whether the server reads from the client."""

    FLOWING = "flowing"
    CONGESTED = "congested"


#: Phase after a settlement that leaves nothing waiting.
_SETTLED = {Phase.OUT: Phase.IDLE, Phase.LAST_OUT: Phase.ENDED}
#: Phase after the connection has closed, with a last event.
_FINISHED = {Phase.IDLE: Phase.LAST_OUT, Phase.OUT: Phase.ENDING}


class Turns:
    """Orders the events of one connection. An event that a method returns is to be sent now."""

    __slots__ = ("number", "phase", "channel", "_waiting", "_waiting_bytes", "_max_events", "_max_bytes", "_pressure")

    def __init__(self, max_events: int, max_bytes: int) -> None:
        #: Number of the turn that is out, or of the last one that was; 0 before the first.
        self.number = 0
        self.phase = Phase.IDLE
        #: Channel of that turn's event.
        self.channel = ""
        #: A list, since at most a few dozens wait: an empty deque would be a tenth of what an idle socket holds.
        self._waiting: list[Event] = []
        self._waiting_bytes = 0
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._pressure = Pressure.FLOWING

    def is_out(self, number: int) -> bool:
        """Return whether this turn is the one that is out."""
        return number == self.number and Phase.IDLE < self.phase < Phase.ENDED

    @property
    def waiting_count(self) -> int:
        """The number of events that wait behind the turn that is out."""
        return len(self._waiting)

    def offer(self, event: Event) -> Event | None:
        """Take an event: it is returned if it is to be sent now, else it waits.

        Raises:
            ValueError: the connection is closed, nothing follows its last event.
        """
        if self.phase is Phase.IDLE:
            return self._begin(event, Phase.OUT)
        if self.phase is not Phase.OUT:
            raise ValueError(f"an event on {event.channel!r} after the last one of its connection")
        self._wait(event)
        return None

    def finish(self, last: Event | None) -> Event | None:
        """Take the last event, if there is one; it is sent when those before it are settled.

        Raises:
            ValueError: the last event was taken before.
        """
        phase = self.phase
        if phase >= Phase.ENDING:
            raise ValueError("a connection ends once")
        if last is None:
            self.phase = Phase.ENDING if self._waiting else Phase.ENDED
        elif phase is Phase.IDLE:
            return self._begin(last, _FINISHED[phase])
        else:
            self.phase = _FINISHED[phase]
            self._wait(last)
        return None

    def settle(self, number: int) -> Event | None:
        """End the turn that is out and return the event of the next one.

        Raises:
            ValueError: the turn `number` is not out.
        """
        if not self.is_out(number):
            raise ValueError(f"turn {number} is not out; {self.number} is the latest, {self.phase.name}")
        if not self._waiting:
            self.phase = _SETTLED[self.phase]
            return None
        event = self._waiting.pop(0)
        self._waiting_bytes -= weight(event.content)
        is_last = self.phase is Phase.ENDING and not self._waiting
        return self._begin(event, Phase.LAST_OUT if is_last else self.phase)

    @property
    def waiting_bytes(self) -> int:
        """The weight of the events that wait."""
        return self._waiting_bytes

    def drop_waiting(self) -> int:
        """Drop the waiting events, but for the last one of a closed connection; return their number."""
        kept = self._waiting[-1:] if self.phase is Phase.ENDING else []
        count = len(self._waiting) - len(kept)
        self._waiting = kept
        self._waiting_bytes = sum(weight(event.content) for event in kept)
        return count

    def abandon(self) -> None:
        """Drop the turn that is out and the waiting events."""
        self.phase = Phase.ENDED
        self._waiting.clear()
        self._waiting_bytes = 0

    def pressure_change(self, is_memory_short: bool = False) -> Pressure | None:
        """Return the new pressure if it has changed since the last call; relief comes at half the bound.

        `is_memory_short`: the server should not read from a client while any of its events wait.
        """
        share = 1 if self._pressure is Pressure.FLOWING else 2
        over = len(self._waiting) * share > self._max_events or self._waiting_bytes * share > self._max_bytes
        over = over or (is_memory_short and bool(self._waiting))
        pressure = Pressure.CONGESTED if over else Pressure.FLOWING
        if pressure is self._pressure:
            return None
        self._pressure = pressure
        return pressure

    def _begin(self, event: Event, phase: Phase) -> Event:
        self.phase = phase
        self.number += 1
        self.channel = event.channel
        return event

    def _wait(self, event: Event) -> None:
        self._waiting.append(event)
        self._waiting_bytes += weight(event.content)


def weight(content: Content) -> int:
    """Return roughly how many bytes of memory a message holds: its own text and bytes, and its headers."""
    total = EVENT_OVERHEAD_BYTES
    for value in content.values():
        if isinstance(value, str):
            # One character beyond ASCII makes every character of a str two or four bytes long.
            total += len(value) if value.isascii() else value.__sizeof__()
        elif isinstance(value, bytes):
            total += len(value)
    headers = content.get("headers")
    return total if headers is None else total + sum(len(name) + len(value) for name, value in headers)


def is_short(content: Content) -> bool:
    """Return whether a frame, or an event without one, is so short that its weight need not be computed."""
    payload = content.get("text")
    if payload is None:
        payload = content.get("bytes", b"")
    return len(payload) <= SHORT_LENGTH
