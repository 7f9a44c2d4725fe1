"""The real `Reaper` and `Wills`, in steps: each ends at a call of the store."""

from collections.abc import Sequence
from typing import Any

from towpath.layers.capacity import Capacities
from towpath.layers.entries import EntryCodec
from towpath.layers.errors import LayerUnavailable
from towpath.layers.operations.operation import AnyOperation
from towpath.layers.reaping import Reaper

from .frozen import freeze
from .store import TIMES
from .tape import Tape, outcome


class ReaperStates:
    """A reaper that can be put into any state."""

    def __init__(self, reaper_type: type[Reaper] = Reaper) -> None:
        self._tape = Tape()
        self._reaper = reaper_type(EntryCodec(), Capacities(100), self._execute)

    def request(self, answers: Sequence[Any]) -> Any:
        """Return the operations that a reaper executes after these answers; None if it has ended."""
        return self._tape.run(self._reap, answers)

    def _execute(self, operations: Sequence[AnyOperation]) -> Sequence[object]:
        results: list[object] = outcome(self._tape.request(tuple(map(freeze, operations))))
        return results

    def _reap(self) -> None:
        try:
            self._reaper.reap(TIMES)
        except LayerUnavailable:
            pass  # `Repeating` logs it, and reaps again two seconds later
