"""The bench package under its own name, results made by hand, and generators without the client library they run on."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace

import pytest

from ...fakes.generators import fake_picows, text_frame


@dataclass
class FakeSystem:
    """A system that starts nothing; `troubles` are raised by its starts, one each."""

    key: str
    name: str = ""
    serves: frozenset[str] = frozenset({"http", "websocket", "group"})
    troubles: list[Exception] = field(default_factory=list)
    starts: list[object] = field(default_factory=list)
    lack: str | None = None

    def __post_init__(self) -> None:
        self.name = self.name or f"The {self.key}"

    def unavailable(self):
        return self.lack

    def prepare(self):
        return {"package": "1.0"}

    @contextmanager
    def start(self, shape):
        self.starts.append(shape)
        if self.troubles:
            raise self.troubles.pop(0)
        yield SimpleNamespace(processes={}, system=self)


@pytest.fixture
def make_system() -> type[FakeSystem]:
    return FakeSystem


@pytest.fixture
def results() -> Callable[..., object]:
    """Make results of figures by (scenario, system): a list has one dictionary, or failure text, for each repeat."""
    from bench.results import Outcome, Results

    def make(measured, **others):
        outcomes = [
            Outcome(scenario, system, failure=repeat) if isinstance(repeat, str) else Outcome(scenario, system, repeat)
            for (scenario, system), repeats in measured.items()
            for repeat in repeats
        ]
        machine = {"processor": "Slow", "cores": "2", "memory": "4 GiB", "kernel": "6.1", "Python": "3.11.7"}
        facts = {"date": "2026-01-02", "machine": machine, "versions": {}, "repeats": 3, "is_quick": False}
        return Results(**{**facts, **others}, outcomes=outcomes)

    return make


@pytest.fixture
def scenario() -> Callable[..., object]:
    """Make a scenario with a rate, of which more is better, and a latency, of which less is."""
    from bench.scenarios.base import Figure, Scenario

    figures = {
        "rate": Figure("rate", "echoes/s", "higher"),
        "p50_ms": Figure("p50_ms", "median, ms", "lower"),
    }

    def make(key="echo", columns=("rate", "p50_ms"), **options):
        chosen = [figures[column] for column in columns]
        return Scenario(key, f"Title of {key}", options.pop("service", "websocket"), chosen, **options)

    return make


@pytest.fixture(scope="session")
def generators() -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of bench.load; picows is not installed where tests run, and nothing here opens a socket."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "picows", fake_picows())
        yield lambda name: importlib.import_module(f"bench.load.{name}")


@pytest.fixture
def frame(generators) -> Callable[[bytes], SimpleNamespace]:
    """Make a text frame as picows passes it to a listener."""

    return lambda payload: text_frame(generators("sockets"), payload)


@pytest.fixture
def command_line() -> Iterator[ModuleType]:
    """bench.main without matplotlib, which tests do not need."""
    plot = ModuleType("bench.plots")
    vars(plot).update(plot_bars=lambda *arguments: None, plot_growth=lambda *arguments: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "bench.plots", plot)
        yield importlib.import_module("bench.main")
