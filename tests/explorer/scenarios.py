"""The scenarios of the full form, and for each fence a scenario in which its removal is noticed."""

from dataclasses import replace

from .faults import Fault
from .fences import Fence
from .scenario import ALL, WIRE, Scenario

#: One connection: its handshake, a frame, its end.
ONE = Scenario("one connection", {"a": 1}, 3)
#: A consumer that raises ConsumeLater.
LATER = Scenario("a message that runs later", {"a": 1}, 2, later=("a", 2))
#: Messages of two connections in one batch, the rest of which may be requeued.
TWO = Scenario("two connections", {"a": 1, "b": 1}, 1, batch=2, is_open=True)

FULL = [
    ONE,
    LATER,
    TWO,
    Scenario("two frames", {"a": 2}, 2),
    replace(ONE, name="one connection, in detail", faults=2, is_detailed=True),
    replace(TWO, name="two connections, two faults", receives={"a": 1, "b": 0}, faults=2),
    replace(ONE, name="one connection, faults of the network", kinds=WIRE),
    replace(LATER, name="a message that runs later, faults of the network", faults=3, kinds=WIRE),
    replace(TWO, name="two connections, faults of the network", faults=2, kinds=WIRE),
]

_WIRE = replace(ONE, faults=1, kinds=WIRE)
_LAPSED = replace(ONE, faults=1, kinds=frozenset({Fault.WORKER_LAPSED}))
#: Its handshake and its end.
_SHORT = replace(ONE, receives={"a": 0})
_MISSED = {
    Fence.PUSH_NUMBERS: _WIRE,
    Fence.TAKE_NUMBERS: _WIRE,
    Fence.SETTLED_FIRST: _WIRE,
    Fence.REQUEUE_COMPARES: _LAPSED,
    Fence.POSTPONE: replace(LATER, faults=1, kinds=frozenset({Fault.WORKER_KILLED})),
    Fence.CLOSE_LOOKS: replace(_SHORT, faults=2, kinds=frozenset({Fault.LATE, Fault.WORKER_STOPPED})),
    Fence.REQUEUE_KEPT: replace(_SHORT, faults=2, kinds=frozenset({Fault.WORKER_LAPSED, Fault.REFUSED})),
    Fence.ENDED_NAMES: replace(_SHORT, faults=2, kinds=frozenset({Fault.WORKER_LAPSED, Fault.WORKER_KILLED})),
    Fence.SEIZE: _LAPSED,
    Fence.LOOKS: replace(ONE, faults=0),
    Fence.LEASE_TERMS: _LAPSED,
    Fence.FENCED_INBOXES: replace(ONE, faults=1, kinds=frozenset({Fault.INTERFACE_LAPSED})),
    Fence.WILLS: replace(ONE, faults=2, kinds=frozenset({Fault.INTERFACE_KILLED, Fault.WRITE_LOST})),
    Fence.REGISTRATION: replace(ONE, faults=1, kinds=frozenset({Fault.INTERFACE_KILLED})),
}


def without(fence: Fence) -> Scenario:
    """Return the scenario in which the removal of a fence is noticed."""
    return replace(_MISSED[fence], name=f"without {fence.name}", without=fence.name)


def limited(scenario: Scenario, faults: int | None) -> Scenario:
    """Return the scenario with at most `faults` faults; None: as many as it has."""
    return scenario if faults is None else replace(scenario, faults=min(faults, scenario.faults))


__all__ = ["ALL", "FULL", "LATER", "ONE", "TWO", "limited", "without"]
