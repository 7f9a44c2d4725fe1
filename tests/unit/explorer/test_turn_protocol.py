"""The turn protocol, in the short form of `tests/explore`: all interleavings with one fault or two."""

from dataclasses import replace

import pytest

from tests.explorer.faults import Fault
from tests.explorer.fences import Fence
from tests.explorer.findings import Findings
from tests.explorer.scenario import WIRE, Scenario
from tests.explorer.scenarios import LATER, ONE, TWO, without
from tests.explorer.search import Search
from tests.explorer.traces import trace
from tests.explorer.world import World

pytestmark = pytest.mark.once

SHORT = [
    replace(ONE, faults=1),
    replace(ONE, name="one connection, two faults of the network", faults=2, kinds=WIRE),
    replace(ONE, name="one connection, in detail, faults of the network", faults=1, kinds=WIRE, is_detailed=True),
    replace(LATER, name="a message that runs later, faults of the network", faults=1, kinds=WIRE),
    replace(TWO, name="two connections, faults of the network", receives={"a": 1, "b": 0}, kinds=WIRE),
]


@pytest.mark.parametrize("scenario", SHORT, ids=[scenario.name for scenario in SHORT])
def test_no_invariant_is_violated(scenario: Scenario) -> None:
    found, traces = explored(scenario)
    assert traces == []
    assert found.is_complete
    assert len(found.states) == scenario.faults + 1
    assert found.finals > 0


def test_events_overlap_only_when_the_lease_of_a_worker_has_expired_while_its_consumer_ran() -> None:
    found, _ = explored(replace(ONE, faults=1, kinds=frozenset({Fault.WORKER_LAPSED})))
    assert found.excepted > 0
    found, _ = explored(replace(ONE, faults=1, kinds=WIRE))
    assert found.excepted == 0


@pytest.mark.parametrize("fence", Fence)
def test_removing_a_fence_violates_an_invariant(fence: Fence) -> None:
    _, traces = explored(without(fence))
    assert len(traces) == 1


def explored(scenario: Scenario) -> tuple[Findings, list[str]]:
    """Search a scenario; return the findings and the trace of the first violation."""
    world = World(scenario)
    with world.exploring():
        found = Search(world).run()
        return found, [trace(world, violation) for violation in found.violations]
