"""Lines about what clients sent are bounded in length and in number."""

import logging
import threading
from typing import Any

import pytest

from towpath.layers import client_log
from towpath.layers.client_log import BURST, LINE_MAX_LENGTH, ClientLines, ClientLog, excerpt

logger = logging.getLogger("tests.client_log")


@pytest.fixture(autouse=True)
def bounded(monkeypatch: pytest.MonkeyPatch, unbounded_client_logs: None, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(client_log, "SECONDS_A_LINE", 1.0)
    caplog.set_level(logging.INFO, logger.name)


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/chat/", "'/chat/'"),
        ("a\nERROR forged", "'a\\nERROR forged'"),
        ("x" * 80, f"'{'x' * 80}'"),
        ("x" * 900_000, f"'{'x' * 80}'... (900000 characters)"),
        (5, "'5'"),
    ],
)
def test_an_excerpt_is_one_bounded_literal(text: Any, shown: str) -> None:
    assert excerpt(text) == shown


def test_a_long_line_is_cut_off(caplog: Any) -> None:
    ClientLog(logger).log(logging.INFO, "x" * 900_000)
    [record] = caplog.records
    assert record.getMessage() == "x" * LINE_MAX_LENGTH + "..."


def test_a_flood_is_a_few_lines_and_a_count(caplog: Any) -> None:
    clock = Clock()
    lines = ClientLog(logger, clock)
    for number in range(10_000):
        lines.log(logging.WARNING, f"line {number}")
    assert [record.getMessage() for record in caplog.records] == [f"line {number}" for number in range(BURST)]
    caplog.clear()
    clock.now += 1
    lines.log(logging.WARNING, "a second later")
    lines.log(logging.WARNING, "at once")
    assert caplog.messages == ["a second later (9990 more like this were not logged)"]
    caplog.clear()
    clock.now += 3600
    for number in range(100):
        lines.log(logging.WARNING, f"line {number}")
    assert len(caplog.messages) == BURST
    assert caplog.messages[:2] == ["line 0 (1 more like this were not logged)", "line 1"]


def test_a_level_that_is_not_logged_takes_no_line(caplog: Any) -> None:
    lines = ClientLog(logger, Clock())
    for _ in range(1000):
        lines.log(logging.DEBUG, "unseen")
    lines.log(logging.INFO, "seen")
    assert caplog.messages == ["seen"]


def test_threads_share_the_bound(caplog: Any) -> None:
    lines = ClientLog(logger, Clock())
    threads = [threading.Thread(target=lambda: [lines.log(logging.INFO, "line") for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caplog.messages == ["line"] * BURST


@pytest.fixture
def filtered(caplog: Any) -> Any:
    """A logger with the filter, and the filter's clock."""
    clock, one = Clock(), logging.getLogger("tests.client_lines")
    lines = ClientLines(clock)
    one.addFilter(lines)
    caplog.set_level(logging.INFO, one.name)
    yield one, clock
    one.removeFilter(lines)


def test_a_filtered_flood_is_a_few_lines_and_a_count(filtered: Any, caplog: Any) -> None:
    one, clock = filtered
    for number in range(10_000):
        one.info("Refused %d", number)
    assert caplog.messages == [f"Refused {number}" for number in range(BURST)]
    caplog.clear()
    clock.now += 1
    one.info("Refused %d", 10_000)
    one.info("Refused %d", 10_001)
    assert caplog.messages == ["Refused 10000 (9990 more like this were not logged)"]


def test_a_filtered_flood_hides_no_line_of_another_kind(filtered: Any, caplog: Any) -> None:
    one, _ = filtered
    for number in range(1000):
        one.info("Refused %d", number)
    one.info("Closed %d", 1)
    assert caplog.messages[-1] == "Closed 1"
