"""The tables of systems and scenarios agree with each other, and with the targets of the project."""

from fnmatch import fnmatch

import pytest

from bench.scenarios import SCENARIOS
from bench.scenarios.base import Scale
from bench.systems import SYSTEMS

KEYS = [system.key for system in SYSTEMS]
TARGETS = [(scenario, target) for scenario in SCENARIOS for target in scenario.targets]


def target_id(value):
    return getattr(value, "key", None) or f"{value.kind}-{value.figure}-{value.of}"


def test_keys_are_unique():
    assert len(set(KEYS)) == len(KEYS)
    assert len({scenario.key for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=target_id)
def test_every_scenario_measures_towpath_and_only_systems_that_exist(scenario):
    assert (scenario.systems or frozenset()) <= set(KEYS)
    assert "towpath" in [system.key for system in SYSTEMS if scenario.is_for(system)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=target_id)
def test_every_scenario_is_measured_in_one_way(scenario):
    assert (scenario.measure is None) != (scenario.measure_system is None)
    assert scenario.most_repeats >= 1


@pytest.mark.parametrize(("scenario", "target"), TARGETS, ids=target_id)
def test_every_target_is_about_a_column_of_its_table(scenario, target):
    assert target.figure in [figure.key for figure in scenario.figures]


@pytest.mark.parametrize(("scenario", "target"), TARGETS, ids=target_id)
def test_every_peer_of_a_target_takes_part(scenario, target):
    takers = [system.key for system in SYSTEMS if scenario.is_for(system) and system.key != "towpath"]
    assert target.of is None or any(fnmatch(key, target.of) for key in takers)


@pytest.mark.parametrize(
    ("key", "musts"),
    [
        ("echo", [(2, "channels-sync-uvicorn-*"), (1, "channels-async-*")]),
        ("latency", [(0.6 / 0.09, "autobahn")]),
        ("fanout-1000", [(0.25, "channels-*")]),
        ("fanout-5000", [(0.25, "channels-*")]),
        ("groups", [(50, None)]),
        ("get", [(6, "channels-*-daphne-*"), (0.8, "gunicorn-*")]),
        ("waiting", [(0.9 * 32 / 0.020, None)]),
        ("mixed", [(12, None)]),
        ("handshakes", [(1, "channels-*")]),
        ("idle", [(16, None), (3, None)]),
        ("interfaces", [(1, None)]),
        ("slow-clients", [(1.2, None), (1.2, None)]),
    ],
)
def test_what_must_be_reached_is_what_was_promised(key, musts):
    (scenario,) = [scenario for scenario in SCENARIOS if scenario.key == key]
    assert [(target.limit, target.of) for target in scenario.targets if target.kind == "must"] == musts


def test_a_quick_run_is_short_and_small():
    assert Scale(is_quick=True).seconds(60) < 1
    assert Scale(is_quick=True).number(3000) == 150
    assert Scale(is_quick=True).number(5) == 1


def test_a_full_run_is_what_the_scenario_says():
    assert (Scale().seconds(3), Scale().number(3000)) == (3, 3000)
