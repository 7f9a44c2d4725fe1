"""All states that follow without a further fault, depth first: a state that is not on the present path is only known.

Each must lead to a quiescent state. It does if its first successor does, so a circle of first successors is an error.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .context import State, Step
from .faults import Fault
from .places import Places, Way

if TYPE_CHECKING:
    from .search import Search


class Closure:
    """The states that are reached with the most faults."""

    def __init__(self, search: "Search", places: Places, level: int) -> None:
        self._search = search
        self._places = places
        self._level = level
        self._known: set[bytes] = set()
        #: The states of the path behind each place, and the steps that are left to them.
        self._path: list[State] = []
        self._left: list[Iterator[tuple[Step, State]]] = []
        #: The states at the end of the path, each the first successor of the one before.
        self._unresolved: set[bytes] = set()
        self._way = Way(-1)

    def visit(self, key: bytes, place: int, fault: Fault | None) -> None:
        """Visit a state that a fault leads to from a place, and all that follow."""
        if key in self._known:
            return
        search = self._search
        self._way = Way(place, self._path, fault)
        self._enter(key, self._places.state(key), is_first=False)
        is_first = True
        while self._path and not search.is_over():
            step = next(self._left[-1], None)
            if step is not None:
                is_first = self._follow(step[1], is_first)
                continue
            if is_first:
                self._unresolved.clear()
                search.check_final(self._path[-1], self._level, self._way)
            self._path.pop()
            self._left.pop()
            is_first = False
        self._path.clear()
        self._left.clear()

    def _follow(self, state: State, is_first: bool) -> bool:
        """Enter a state, if it is new; return whether it is, and so has no successor yet."""
        key = self._places.key(state)
        if is_first and key in self._unresolved:
            self._search.note("it never becomes quiescent", self._level, self._way)
            self._unresolved.clear()
        if key in self._known or key in self._places:
            if is_first:
                self._unresolved.clear()
            return False
        self._enter(key, state, is_first)
        return True

    def _enter(self, key: bytes, state: State, is_first: bool) -> None:
        self._known.add(key)
        if not is_first:
            self._unresolved.clear()
        self._unresolved.add(key)
        self._path.append(state)
        self._search.visit(self._level)
        self._left.append(self._search.steps(state, self._level, False, self._way))
