"""A document must not leave out losses, failures, and comparisons that were not possible."""

import asyncio
import subprocess
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import redis

from bench.report import tables, unmet
from bench.rounds import measure
from bench.scenarios import sockets
from bench.scenarios.base import Scale, Target

AHEAD = "## Where a peer is ahead\n"


@pytest.fixture
def written(results, make_system):
    """Write the generated part, for figures by (scenario, system)."""

    def write(measured, *scenarios, **facts):
        names = ("towpath", "peer", "other")
        return tables(results(measured, **facts), [make_system(key) for key in names], scenarios)

    return write


@pytest.fixture
def running():
    """A system without processes."""
    return SimpleNamespace(websocket_uri="ws://x", http_url="http://x", processes={"interface": (), "worker": ()})


@pytest.mark.parametrize("ours", [[], ["it fell over"]], ids=["not measured", "failed"])
def test_no_system_is_said_to_be_behind_a_towpath_without_figures(written, scenario, ours):
    text = written({("echo", "towpath"): ours, ("echo", "peer"): [{"rate": 5.0}]}, scenario(columns=("rate",)))
    assert "Nowhere" not in text
    assert "Title of echo" in text.partition(AHEAD)[2]


def test_a_peer_that_is_ahead_in_a_later_column_is_named(written, scenario):
    measured = {
        ("echo", "towpath"): [{"rate": 9.0, "p50_ms": 9.0}],
        ("echo", "peer"): [{"rate": 5.0, "p50_ms": 5.0}],
    }
    assert "The peer with 5.00 median, ms" in written(measured, scenario()).partition(AHEAD)[2]


def test_a_peer_that_lost_something_is_not_ahead_without_a_word(written, scenario):
    measured = {("echo", "towpath"): [{"rate": 9.0}], ("echo", "peer"): [{"rate": 10.0, "missed": 400}]}
    ahead = written(measured, scenario(columns=("rate",))).partition(AHEAD)[2]
    assert "400 deliveries missed" in ahead


def test_a_message_without_a_receiver_has_no_time(generators, monkeypatch):
    members = generators("sockets")
    said = []
    monkeypatch.setattr(members, "say", said.append)
    monkeypatch.setattr(members, "PATIENCE_SECONDS", 0)
    tally = members.Tally(2)
    tally.add(f"{time.monotonic():.9f}")
    asyncio.run(members._sum_up(tally, 1, 2))
    assert "last_ms" not in said[-1]


def test_two_deliveries_to_one_member_do_not_stand_for_one_that_another_missed(generators, frame, monkeypatch):
    members = generators("sockets")
    monkeypatch.setattr(members, "say", lambda answer: None)
    tally = members.Tally(2)
    twice, _ = members.Member(tally), members.Member(tally)
    for _ in range(2):
        twice.on_ws_frame(None, frame(b"1.0"))
    assert tally.doubled == 1
    assert tally.lasts == []


def test_a_loss_of_ours_is_a_target_missed(results, scenario):
    scenarios = [scenario(columns=("rate",), targets=(Target("rate", 5),))]
    assert unmet(results({("echo", "towpath"): [{"rate": 9.0, "texts_lost": 1}]}), scenarios) != []


def test_a_target_that_cannot_be_judged_is_still_said(written, scenario):
    text = written({("echo", "towpath"): [{"rate": 9.0}]}, scenario(targets=(Target("rate", 2, "gunicorn-*"),)))
    assert "`gunicorn-*`" in text


def test_a_traceback_stays_in_its_cell_and_tells_how_it_ended(written, scenario):
    failure = "StartFailed: Traceback:\n" + "  File somewhere\n" * 30 + "NameError: name 'x' is not defined"
    text = written({("echo", "peer"): [failure]}, scenario(columns=("rate",)))
    (row,) = [line for line in text.splitlines() if "The peer" in line and line.startswith("|")]
    assert row.endswith("|")
    assert "NameError" in row


@pytest.mark.parametrize("trouble", [redis.ConnectionError("away"), RuntimeError("odd")])
def test_whatever_goes_wrong_in_one_scenario_the_others_go_on(scenario, make_system, monkeypatch, trouble):
    def fail(system, scale):
        raise trouble

    monkeypatch.setattr("bench.rounds.wait_until_quiet", lambda *arguments: None)
    scenarios = [scenario("a", measure_system=fail), scenario("b", measure_system=lambda *_: {"rate": 1.0})]
    outcomes = {outcome.scenario: outcome for outcome in measure([make_system("towpath")], scenarios, 1, Scale())}
    assert outcomes["a"].failure is not None
    assert outcomes["b"].figures == {"rate": 1.0}


@pytest.mark.parametrize("step", ["growth", "prepare"])
def test_a_trouble_elsewhere_leaves_what_was_measured(command_line, scenario, make_system, monkeypatch, tmp_path, step):
    from bench.results import Outcome

    def fail(*arguments):
        raise subprocess.CalledProcessError(1, "pip") if step == "prepare" else OSError("no more ports")

    systems = [make_system("towpath"), make_system("peer")]
    if step == "prepare":
        monkeypatch.setattr(systems[1], "prepare", fail)
    monkeypatch.setattr(command_line, "SYSTEMS", systems)
    monkeypatch.setattr(command_line, "SCENARIOS", [scenario(columns=("rate",))])
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    monkeypatch.setattr(command_line, "_raise_file_limit", lambda: None)
    monkeypatch.setattr(command_line, "measure_growth", fail if step == "growth" else lambda *arguments: [])
    monkeypatch.setattr(command_line, "measure", lambda *_: [Outcome("echo", "towpath", {"rate": 1.0})])
    monkeypatch.setattr("sys.argv", ["bench/run", "--print"])
    assert command_line.main() == 1
    (kept,) = tmp_path.rglob("*.json")
    assert '"rate": 1.0' in kept.read_text()


def test_a_part_does_not_take_the_place_of_what_was_published(
    command_line, scenario, make_system, monkeypatch, tmp_path
):
    monkeypatch.setattr(command_line, "SYSTEMS", [make_system("towpath")])
    monkeypatch.setattr(command_line, "SCENARIOS", [scenario(columns=("rate",))])
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    monkeypatch.setattr(command_line, "_raise_file_limit", lambda: None)
    monkeypatch.setattr(command_line, "measure", lambda *_: [])
    published = tmp_path / f"{command_line.datetime.date.today().isoformat()}.json"
    published.write_text("published")
    monkeypatch.setattr("sys.argv", ["bench/run", "--scenarios", "echo"])
    command_line.main()
    assert published.read_text() == "published"


class FakeHolder:
    """A generator that has lost sockets, as it says at its end."""

    def __init__(self):
        self._answers = [{"rate": 5.0, "generator_busy": 0.1}, {"sockets_lost": 7}]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def tell(self, words):
        return None

    def answer(self, seconds=60):
        return self._answers.pop(0)

    def end(self, seconds=60):
        return self._answers.pop(0)


@pytest.fixture
def losing(monkeypatch):
    """Generators that lose seven sockets each."""
    monkeypatch.setattr(sockets, "load", lambda *arguments: FakeHolder())
    monkeypatch.setattr(sockets.time, "sleep", lambda seconds: None)


def test_sockets_that_were_lost_during_handshakes_are_in_the_figures(losing, running):
    assert sockets.handshakes(running, Scale(is_quick=True))["sockets_lost"] == 7


def test_sockets_that_were_lost_while_silent_are_in_the_figures(losing, running):
    system = SimpleNamespace(start=lambda shape: nullcontext(running))
    assert sockets.idle(system, Scale(is_quick=True))["sockets_lost"] == 14


def test_the_load_of_the_generator_reaches_the_report(make_system, monkeypatch):
    figures = {"rate": 1.0, "sockets_lost": 0, "texts_lost": 0, "texts_wrong": 0, "generator_busy": 0.95}
    monkeypatch.setattr(sockets, "echo", lambda *arguments, **options: lambda running, scale: figures)
    assert sockets.one_and_two(make_system("towpath"), Scale())["generator_busy"] == 0.95
