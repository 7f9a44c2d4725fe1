"""The states that a search has visited, with the state before each.

A state is kept as the bytes of its numbers: all states differ in them, and they need a third of the memory.
"""

from array import array
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from .context import State
from .faults import Fault

FAULTS = list(Fault)


class Way(NamedTuple):
    """The way to a state: a place, the fault that follows it, if any, and the states that follow."""

    place: int
    states: Sequence[State] = ()
    fault: Fault | None = None


class Places:
    """Visited states, by number in the order of their visits. The state before the first one has the number -1."""

    def __init__(self, first: State) -> None:
        self._numbers: dict[bytes, int] = {}
        self._bytes = Struct(f"={len(first)}I")
        self._parents = array("q")
        #: By place: the kinds of faults before it, one bit for each.
        self._kinds = array("L")
        #: By place: a state that follows without a fault.
        self.follows = array("q")

    def __len__(self) -> int:
        return len(self._parents)

    def __contains__(self, key: bytes) -> bool:
        return key in self._numbers

    def __getitem__(self, key: bytes) -> int:
        return self._numbers[key]

    def key(self, state: State) -> bytes:
        """Return the bytes of a state."""
        return self._bytes.pack(*state)

    def state(self, key: bytes) -> State:
        """Return the state with these bytes."""
        return self._bytes.unpack(key)

    def add(self, key: bytes, parent: int, fault: Fault | None) -> bool:
        """Add a state, with the state before it and the fault between them; return whether it is new."""
        if key in self._numbers:
            return False
        self._numbers[key] = len(self._parents)
        self._parents.append(parent)
        self.follows.append(-1)
        self._kinds.append(self._bits(Way(parent), fault))
        return True

    def kinds(self, way: Way, last: Fault | None) -> tuple[Fault, ...]:
        """Return the kinds of faults on a way, and of the last fault, in the order in which they are declared."""
        bits = self._bits(way, last)
        return tuple(fault for position, fault in enumerate(FAULTS) if bits >> position & 1)

    def states(self, place: int) -> list[State]:
        """Return the states on the way to a place, without the first one, and with the last."""
        way = []
        while place >= 0:
            way.append(place)
            place = self._parents[place]
        wanted = set(way[:-1])
        found = {number: key for key, number in self._numbers.items() if number in wanted}
        return [self.state(found[number]) for number in reversed(way[:-1])]

    def _bits(self, way: Way, last: Fault | None) -> int:
        bits = self._kinds[way.place] if way.place >= 0 else 0
        for fault in (way.fault, last):
            bits |= 0 if fault is None else 1 << FAULTS.index(fault)
        return bits
