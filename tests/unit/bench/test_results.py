"""Medians, and raw results that are kept and read again."""

import json

from bench.results import Point, read_results


def test_the_median_of_three_is_the_middle_one(results):
    found = results({("echo", "towpath"): [{"rate": 9.0}, {"rate": 1.0}, {"rate": 2.0}]})
    assert found.medians("echo", "rate") == {"towpath": 2.0}


def test_the_median_of_two_is_between_them(results):
    found = results({("echo", "towpath"): [{"rate": 1.0}, {"rate": 2.0}]})
    assert found.medians("echo", "rate") == {"towpath": 1.5}


def test_scenarios_and_figures_do_not_mix(results):
    found = results(
        {
            ("echo", "towpath"): [{"rate": 5.0, "p50_ms": 1.0}],
            ("get", "towpath"): [{"rate": 7.0}],
            ("get", "peer"): [{"rate": 8.0}],
        }
    )
    assert found.medians("get", "rate") == {"towpath": 7.0, "peer": 8.0}
    assert found.medians("get", "p50_ms") == {}
    assert found.values("echo", "towpath", "p50_ms") == [1.0]


def test_a_repeat_that_failed_leaves_the_others(results):
    found = results({("echo", "towpath"): [{"rate": 4.0}, "it fell over", {"rate": 6.0}]})
    assert found.medians("echo", "rate") == {"towpath": 5.0}
    assert [failure.failure for failure in found.failures()] == ["it fell over"]


def test_a_system_that_always_failed_has_no_median(results):
    assert results({("echo", "peer"): ["no", "no"]}).medians("echo", "rate") == {}


def test_what_is_saved_is_read_back_equal(results, tmp_path):
    made = results(
        {("echo", "towpath"): [{"rate": 4.25}], ("echo", "peer"): ["it fell over"]},
        versions={"towpath": {"Django": "5.2"}},
        lacks={"nchan": "not installed"},
    )
    made.growth = [Point("sockets", 250, {"echoes/s": 3.5})]
    path = tmp_path / "deeper" / "results.json"
    made.save(path)
    assert read_results(path) == made
    assert json.loads(path.read_text())["machine"]["cores"] == "2"
