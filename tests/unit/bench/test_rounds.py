"""The order of measurements, and the cost of a failure."""

import pytest

from bench.rounds import estimate_seconds, measure
from bench.scenarios.base import Scale
from bench.systems.base import Shape
from bench.systems.processes import StartFailed


@pytest.fixture
def measured(scenario):
    """A scenario that writes down who was measured."""
    order = []

    def make(key="echo", **options):
        def once(running, scale):
            order.append((key, running.system.key))
            return {"rate": 1.0}

        return scenario(key, measure=once, **options)

    make.order = order
    return make


def run(systems, scenarios, repeats=1):
    return list(measure(systems, scenarios, repeats, Scale()))


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Systems that are not there are quiet."""
    monkeypatch.setattr("bench.rounds.wait_until_quiet", lambda *arguments: None)


def test_systems_take_turns_and_every_other_round_runs_backwards(measured, make_system):
    run([make_system("a"), make_system("b")], [measured()], repeats=3)
    assert [system for _, system in measured.order] == ["a", "b", "b", "a", "a", "b"]


def test_systems_are_measured_one_after_the_other_in_each_scenario(measured, make_system):
    run([make_system("a"), make_system("b")], [measured("1"), measured("2")])
    assert measured.order == [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")]


def test_long_scenarios_are_repeated_less_often(measured, make_system):
    run([make_system("a")], [measured("short"), measured("long", most_repeats=1)], repeats=3)
    assert [key for key, _ in measured.order].count("short") == 3
    assert [key for key, _ in measured.order].count("long") == 1


def test_a_system_starts_once_for_each_shape(measured, make_system):
    system, threads = make_system("a"), Shape(threads=8)
    run([system], [measured("1"), measured("2", shape=threads), measured("3"), measured("4", shape=threads)])
    assert len(system.starts) == 2
    assert {key for key, _ in measured.order} == {"1", "2", "3", "4"}


def test_a_system_without_the_service_takes_no_part(measured, make_system):
    assert run([make_system("a", serves=frozenset({"http"}))], [measured()]) == []


def test_a_scenario_for_some_leaves_out_the_others(measured, make_system):
    run([make_system("a"), make_system("b")], [measured(systems=frozenset({"b"}))])
    assert measured.order == [("echo", "b")]


def test_a_scenario_that_fails_does_not_end_the_others(measured, scenario, make_system):
    def fail(running, scale):
        raise ValueError("no answer")

    outcomes = run([make_system("a")], [scenario("broken", measure=fail), measured("whole")])
    assert [(outcome.scenario, outcome.failure) for outcome in outcomes] == [
        ("broken", "ValueError: no answer"),
        ("whole", None),
    ]


def test_a_system_that_does_not_start_fails_in_all_its_scenarios(measured, make_system):
    broken = make_system("a", troubles=[StartFailed("port taken")])
    outcomes = run([broken, make_system("b")], [measured("1"), measured("2")])
    assert [(outcome.system, outcome.failure) for outcome in outcomes] == [
        ("a", "StartFailed: port taken"),
        ("a", "StartFailed: port taken"),
        ("b", None),
        ("b", None),
    ]


def test_a_scenario_may_start_the_system_itself(scenario, make_system):
    def twice(system, scale):
        return {"rate": 2.0, "p50_ms": 1.0}

    system = make_system("a")
    (outcome,) = run([system], [scenario(measure_system=twice)])
    assert outcome.figures == {"rate": 2.0, "p50_ms": 1.0}
    assert system.starts == []


def test_the_estimate_grows_with_repeats_and_knows_who_takes_part(measured, make_system):
    systems = [make_system("a"), make_system("b", serves=frozenset({"http"}))]
    once = estimate_seconds(systems, [measured(seconds=10)], 1)
    assert once > 10
    assert estimate_seconds(systems, [measured(seconds=10)], 3) == 3 * once
    assert estimate_seconds(systems, [measured(seconds=10, most_repeats=2)], 3) == 2 * once
