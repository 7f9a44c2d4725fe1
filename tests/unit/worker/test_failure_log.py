"""Tracebacks of an error that comes again and again are logged a few times a minute."""

import pytest

from towpath.worker import failure_log
from towpath.worker.failure_log import TRACEBACKS, WINDOW_SECONDS, FailureLog


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self):
        return self.now


def raised(act):
    """Return the error that a call raises."""
    try:
        act()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def lookup():
    return {}["no such key"]


def division():
    return 1 // 0


def test_an_error_is_logged_with_its_traceback(caplog):
    FailureLog().log(raised(lookup), "websocket.receive")
    assert caplog.messages == ["A consumer of websocket.receive raised KeyError"]
    assert "no such key" in caplog.text


def test_the_same_error_is_logged_a_few_times_in_a_window_and_then_counted(caplog):
    clock = Clock()
    log = FailureLog(clock)
    for _ in range(1000):
        log.log(raised(lookup), "websocket.receive")
    assert caplog.messages == ["A consumer of websocket.receive raised KeyError"] * TRACEBACKS + [
        f"KeyError at this line is logged again in {WINDOW_SECONDS:g} seconds"
    ]
    caplog.clear()
    clock.now += WINDOW_SECONDS
    log.log(raised(lookup), "websocket.receive")
    assert caplog.messages == [
        f"A consumer raised the same {1000 - TRACEBACKS} times more, without a line here",
        "A consumer of websocket.receive raised KeyError",
    ]


def test_another_error_is_logged_beside_it(caplog):
    log = FailureLog(Clock())
    for _ in range(100):
        log.log(raised(lookup), "a")
    caplog.clear()
    log.log(raised(division), "a")
    log.log(raised(lambda: {}["no such key"]), "a")
    log.log(LookupError("without a traceback"), "a")
    assert len(caplog.messages) == 3


def test_the_errors_that_are_counted_are_bounded(monkeypatch):
    monkeypatch.setattr(failure_log, "MOST_ERRORS", 3)
    log = FailureLog(Clock())
    for number in range(10):
        log.log(type(f"Error{number}", (Exception,), {})(), "a")
        assert len(log._counts) <= 3


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_any_error_can_be_logged(caplog, error):
    FailureLog().log(error, "a")
    assert type(error).__name__ in caplog.text
