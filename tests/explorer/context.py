"""The common ground of all parts of a system: states, steps, and the hihistories that invariants are checked on."""

from typing import Any, NamedTuple

from .calls import Calls
from .faults import Fault
from .fences import Parts
from .frozen import Interned
from .invariants import Histories, Violated, told
from .scenario import Scenario

#: Positions of the parts in a state; the workers follow.
STORE, SERVER, REAPERS, NETWORK, HISTORIES, WORKERS = range(6)

State = tuple[int, ...]
Label = tuple[Any, ...]


class Step(NamedTuple):
    """A possible next step, with a fault or without.

    `broken` is the invariant that it violates, if any; `is_excepted`: it is the overlap that cannot be prevented.
    """

    fault: Fault | None
    state: State
    label: Label
    broken: str | None = None
    is_excepted: bool = False


class Context:
    """The parts of one scenario, and numbers for their states."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.kinds = scenario.kinds
        self.parts = Parts(scenario)
        self.calls = Calls(self.parts.store, scenario.kinds)
        self.workers, self.servers, self.runs, self.histories = Interned(), Interned(), Interned(), Interned()
        #: Lists of operations that are executed late, as sorted tuples of their numbers.
        self.networks = Interned()
        #: The number of a server that has ended.
        self.gone = self.servers.number(None)
        self._told: dict[tuple[int, tuple[int, ...]], tuple[int, str | None, bool]] = {}

    def step(self, fault: Fault | None, state: State, events: tuple[int, ...], label: Label) -> Step:
        """Return a step to a state, with these events (by number) added to its hihistories."""
        if not events:
            return Step(fault, state, label)
        key = state[HISTORIES], events
        found = self._told.get(key)
        if found is None:
            found = self._told[key] = self._tell(*key)
        number, broken, is_excepted = found
        if number != state[HISTORIES]:
            state = changed(state, HISTORIES, number)
        return Step(fault, state, label, broken, is_excepted)

    def sent(self, state: State, late: int | None) -> State:
        """Return the state with one more list of operations that is executed late, if there is one."""
        if late is None:
            return state
        return changed(state, NETWORK, self.networks.number(tuple(sorted((*self.networks[state[NETWORK]], late)))))

    def _tell(self, number: int, events: tuple[int, ...]) -> tuple[int, str | None, bool]:
        histories: Histories = self.histories[number]
        is_excepted = False
        for several in events:
            for event in self.calls.events[several]:
                try:
                    histories, was_excepted = told(histories, event)
                except Violated as broken:
                    return number, str(broken), False
                is_excepted = is_excepted or was_excepted
        return self.histories.number(histories), None, is_excepted


def changed(state: State, place: int, number: int) -> State:
    """Return the state with another number at a position."""
    return (*state[:place], number, *state[place + 1 :])


def joined(first: Step, second: Step) -> Step:
    """Return two steps as one."""
    label = *first.label, "; then", *second.label
    return Step(second.fault, second.state, label, second.broken, first.is_excepted or second.is_excepted)
