"""The tables, and what is said about who is ahead."""

import pytest

from bench.report import growth_table, number, tables, unmet
from bench.results import Point
from bench.scenarios.base import Target

SYSTEMS = ("towpath", "peer", "other")


@pytest.fixture
def written(results, make_system):
    """Write the generated part, for figures by (scenario, system)."""

    def write(measured, *scenarios, **facts):
        return tables(results(measured, **facts), [make_system(key) for key in SYSTEMS], scenarios)

    return write


def row(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith("|") and name in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def section(text, heading):
    return text.partition(f"## {heading}\n")[2].strip()


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.5, "0.50"), (0, "0.00")],
)
def test_numbers_have_the_figures_that_matter(value, text):
    assert number(value) == text


def test_a_row_has_median_spread_and_ratio(written, scenario):
    text = written(
        {
            ("echo", "towpath"): [{"rate": 200.0, "p50_ms": 2.0}],
            ("echo", "peer"): [{"rate": rate, "p50_ms": 4.0} for rate in (50.0, 20.0, 30.0)],
        },
        scenario(),
    )
    assert row(text, "The peer") == ["The peer", "30.0 (20.0–50.0)", "4.00 (4.00–4.00)", "0.15×", ""]
    assert row(text, "The towpath") == ["**The towpath**", "200", "2.00", "", ""]


def test_every_row_has_as_many_cells_as_the_heading(written, scenario):
    text = written(
        {("echo", "towpath"): [{"rate": 2.0, "p50_ms": 1.0}], ("echo", "peer"): ["it | fell | over"]}, scenario()
    )
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


def test_a_system_that_was_not_measured_has_no_row(written, scenario):
    assert "The peer" not in written({("echo", "towpath"): [{"rate": 2.0, "p50_ms": 1.0}]}, scenario())


def test_a_scenario_that_was_not_measured_has_no_table(written, scenario):
    assert "Title of get" not in written({("echo", "towpath"): [{"rate": 2.0}]}, scenario(), scenario("get"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missed", "3 deliveries missed"),
        ("too_many", "3 deliveries doubled"),
        ("sockets_lost", "3 sockets lost"),
        ("texts_lost", "3 texts lost"),
        ("texts_wrong", "3 texts wrong or out of order"),
        ("errors", "3 errors"),
    ],
)
def test_what_was_lost_is_said_in_its_row_with_the_sum_of_all_repeats(written, scenario, fault, words):
    measured = {("echo", "peer"): [{"rate": 9.0, fault: 1}, {"rate": 9.0, fault: 2}, {"rate": 9.0, fault: 0}]}
    assert row(written(measured, scenario()), "The peer")[-1].replace(".00", "") == words


def test_a_failure_is_said_in_its_row(written, scenario):
    text = written({("echo", "peer"): [{"rate": 9.0}, "StartFailed: port taken"]}, scenario())
    assert row(text, "The peer")[-1] == "failed: StartFailed: port taken"


@pytest.mark.parametrize(("busy", "is_said"), [(0.81, True), (0.8, False)])
def test_a_busy_generator_is_said_if_it_was_busy_once(written, scenario, busy, is_said):
    text = written({("echo", "peer"): [{"rate": 9.0, "generator_busy": share} for share in (0.1, busy)]}, scenario())
    assert ("bottleneck" in row(text, "The peer")[-1]) is is_said


def test_machine_versions_and_what_is_lacking_are_named(written, scenario):
    text = written(
        {}, scenario(), versions={"towpath": {"Django": "5.2", "Redis": "7.0"}}, lacks={"peer": "not installed"}
    )
    assert "2026-01-02: 2 cores of Slow, 4 GiB, Linux 6.1, Python 3.11.7" in text
    assert "- The towpath: Django 5.2, Redis 7.0" in text
    assert "- The peer was not measured: not installed" in text


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        (100.0, "- must: echoes/s at least 100 (2× the best of `peer`); 100: met"),
        (99.0, "- must: echoes/s at least 100 (2× the best of `peer`); 99.0: **not met**"),
    ],
)
def test_targets_stand_beside_towpaths_figure(written, scenario, rate, line):
    measured = {("echo", "towpath"): [{"rate": rate}], ("echo", "peer"): [{"rate": 50.0}]}
    text = written(measured, scenario(columns=("rate",), targets=(Target("rate", 2, "peer"),)))
    assert line in text.splitlines()


def test_what_is_only_reached_for_is_not_called_a_failure(written, results, scenario):
    wishing = scenario(columns=("rate",), targets=(Target("rate", 10, kind="reach"),))
    measured = {("echo", "towpath"): [{"rate": 9.0}]}
    assert "- reach for: echoes/s at least 10.0; 9.00: not reached" in written(measured, wishing).splitlines()
    assert unmet(results(measured), [wishing]) == []


def test_a_must_that_is_missed_is_unmet(results, scenario):
    scenarios = [scenario(columns=("rate",), targets=(Target("rate", 10), Target("rate", 8)))]
    assert unmet(results({("echo", "towpath"): [{"rate": 9.0}]}), scenarios) == ["Title of echo: rate"]


@pytest.mark.parametrize(("columns", "figure"), [(("rate",), "rate"), (("p50_ms",), "p50_ms")])
def test_a_peer_that_is_better_is_named_whichever_way_is_better(written, scenario, columns, figure):
    better, worse = (30.0, 10.0) if figure == "rate" else (10.0, 30.0)
    measured = {
        ("echo", "towpath"): [{figure: 20.0}],
        ("echo", "peer"): [{figure: better}],
        ("echo", "other"): [{figure: worse}],
    }
    ahead = section(written(measured, scenario(columns=columns)), "Where a peer is ahead")
    assert ahead.startswith(f"- Title of echo: The peer with {number(better)}")
    assert "Towpath 20.0" in ahead
    assert "The other" not in ahead
    assert "Nowhere" not in ahead


def test_a_peer_that_is_as_good_is_not_ahead(written, scenario):
    measured = {("echo", "towpath"): [{"rate": 5.0}], ("echo", "peer"): [{"rate": 5.0}]}
    text = written(measured, scenario(columns=("rate",)))
    assert section(text, "Where a peer is ahead") == "Nowhere in this run."


def test_growth_has_a_table_for_each_axis():
    points = [
        Point("sockets", 250, {"echoes/s": 10.0}),
        Point("sockets", 5000, {"echoes/s": 9.0}),
        Point("groups", 1, {"median, ms": 1.5}),
    ]
    first, second = growth_table(points).split("\n\n")
    assert first.splitlines() == ["| sockets | echoes/s |", "|---:|---:|", "| 250 | 10.0 |", "| 5,000 | 9.00 |"]
    assert second.splitlines()[-1] == "| 1 | 1.50 |"
