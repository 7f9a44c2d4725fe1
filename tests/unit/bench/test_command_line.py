"""The measurements, outputs and exit codes of command lines; nothing is started."""

import pytest

from bench.report import BEGIN, END
from bench.results import Outcome, Point
from bench.scenarios.base import Target


@pytest.fixture
def bench(command_line, scenario, make_system, monkeypatch, tmp_path):
    """Run the command over two systems and two scenarios that answer at once, in a repository of its own."""
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    monkeypatch.setattr(command_line, "DOCS", tmp_path / "docs" / "evidence")
    monkeypatch.setattr(command_line, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(command_line, "SYSTEMS", [make_system("towpath"), make_system("peer")])
    monkeypatch.setattr(command_line, "QUICK_SYSTEMS", ("towpath",))
    monkeypatch.setattr(command_line, "SCENARIOS", [scenario("echo", columns=("rate",)), scenario("get")])
    monkeypatch.setattr(command_line, "machine", lambda: FACTS)
    monkeypatch.setattr(command_line, "_raise_file_limit", lambda: None)
    monkeypatch.setattr(command_line, "measure_growth", lambda scale: [Point("sockets", 1, {"echoes/s": 1.0})])
    for name in ("benchmarks.md", "performance.md"):
        path = tmp_path / "docs" / "evidence" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"By hand.\n{BEGIN}\n{END}\n")
    command = Command(command_line, monkeypatch, tmp_path)
    monkeypatch.setattr(command_line, "measure", command.measure)
    return command


FACTS = {"processor": "Slow", "cores": "2", "memory": "4 GiB", "kernel": "6.1", "Python": "3.11.7"}


class Command:
    """The command line, with figures that tests choose and what it asked to measure."""

    def __init__(self, module, monkeypatch, root):
        self.module = module
        self.root = root
        self.asked = []
        self.figures = {"rate": 10.0, "p50_ms": 1.0}
        self.failure = None
        self._monkeypatch = monkeypatch

    def measure(self, systems, scenarios, repeats, scale):
        keys = [system.key for system in systems], [scenario.key for scenario in scenarios]
        self.asked.append((*keys, repeats, scale.is_quick))
        for scenario in scenarios:
            for system in systems:
                figures = {} if self.failure else dict(self.figures)
                yield Outcome(scenario.key, system.key, figures, self.failure)

    def __call__(self, *arguments):
        self._monkeypatch.setattr("sys.argv", ["bench/run", *arguments])
        return self.module.main()

    def document(self, name="benchmarks.md"):
        return (self.root / "docs" / "evidence" / name).read_text()


def test_without_options_all_is_measured_three_times_and_published(bench):
    assert bench() == 0
    assert bench.asked == [(["towpath", "peer"], ["echo", "get"], 3, False)]
    assert bench.document().startswith("By hand.\n")
    assert "Title of echo" in bench.document()
    assert "| sockets | echoes/s |" in bench.document("performance.md")
    assert len(list((bench.root / "results").glob("*.json"))) == 1


def test_quick_prints_says_so_and_publishes_nothing(bench, capsys):
    before = bench.document()
    assert bench("--quick") == 0
    assert bench.asked == [(["towpath"], ["echo", "get"], 1, True)]
    assert "not for publication" in capsys.readouterr().out
    assert bench.document() == before
    assert not (bench.root / "results").exists()


@pytest.mark.parametrize("option", ["--systems=towpath", "--scenarios=echo"])
def test_a_part_is_never_published(bench, option, capsys):
    before = bench.document()
    assert bench(option) == 0
    assert bench.document() == before
    assert "Title of echo" in capsys.readouterr().out


def test_systems_and_scenarios_are_chosen_by_key_in_their_own_order(bench):
    bench("--systems", "peer,towpath", "--scenarios", "get", "--repeats", "2")
    assert bench.asked == [(["towpath", "peer"], ["get"], 2, False)]


@pytest.mark.parametrize("option", ["--systems", "--scenarios"])
def test_an_unknown_key_is_named_before_anything_is_measured(bench, option):
    with pytest.raises(SystemExit, match=r"unknown: elsewhere; bench/run --list"):
        bench(option, "echo,elsewhere" if option == "--scenarios" else "elsewhere")
    assert bench.asked == []


def test_growth_alone_measures_only_growth(bench, capsys):
    bench("--scenarios", "growth")
    assert bench.asked == [(["towpath", "peer"], [], 3, False)]
    assert "| sockets | echoes/s |" in capsys.readouterr().out


def test_a_failure_is_published_named_and_ends_with_1(bench, capsys):
    bench.failure = "it fell over"
    assert bench() == 1
    assert "failed: it fell over" in bench.document()
    assert "FAILED: echo with peer: it fell over" in capsys.readouterr().err


def test_a_target_that_was_not_met_ends_with_1(bench, scenario, monkeypatch, capsys):
    monkeypatch.setattr(bench.module, "SCENARIOS", [scenario(targets=(Target("rate", 11),))])
    assert bench() == 1
    assert "NOT MET: Title of echo: rate" in capsys.readouterr().err


def test_a_quick_run_judges_no_system(bench, scenario, monkeypatch, capsys):
    monkeypatch.setattr(bench.module, "SCENARIOS", [scenario(targets=(Target("rate", 11),))])
    assert bench("--quick") == 0
    assert "NOT MET" not in capsys.readouterr().err


def test_a_system_that_is_not_installed_is_named_and_the_rest_is_measured(bench):
    bench.module.SYSTEMS[1].lack = "peer is not installed"
    assert bench() == 0
    assert bench.asked[0][0] == ["towpath"]
    assert "The peer was not measured: peer is not installed" in bench.document()


def test_the_document_is_made_again_from_kept_results(bench):
    bench()
    published = bench.document()
    (kept,) = (bench.root / "results").glob("*.json")
    (bench.root / "docs" / "evidence" / "benchmarks.md").write_text(f"By hand.\n{BEGIN}\n{END}\n")
    assert bench("--report", str(kept)) == 0
    assert bench.document() == published
    assert len(bench.asked) == 1


def test_the_list_names_all_keys(bench, capsys):
    assert bench("--list") == 0
    listed = capsys.readouterr().out
    assert all(f"  {key} " in listed for key in ("towpath", "peer", "echo", "get", "growth"))
