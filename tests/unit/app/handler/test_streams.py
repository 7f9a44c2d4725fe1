"""A warning when streamed responses hold all worker threads of a process."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from towpath.handler.streams import HELD_SECONDS, SILENCE_SECONDS, Streams


class Stage:
    """Streams with a clock and timers of the test's own."""

    def __init__(self, threads: int) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.streams = Streams(lambda: threads, lambda: self.now, self._timer)  # type: ignore[arg-type]  # nothing starts by itself

    def _timer(self, seconds: float, call: Callable[[], None]) -> Any:
        stage = self

        class Timer:
            daemon = False

            def start(self) -> None:
                stage.timers.append((stage.now + seconds, call))

        return Timer()

    def advance(self, seconds: float) -> None:
        """Let time pass, and call the timers that are due."""
        end = self.now + seconds
        while due := sorted(self.timers, key=lambda each: each[0]):
            if due[0][0] > end:
                break
            self.timers.remove(due[0])
            self.now = due[0][0]
            due[0][1]()
        self.now = end

    @contextmanager
    def stream(self, path: str) -> Iterator[None]:
        """Hold a stream open in a worker thread of its own."""
        begun, ended = Event(), Event()

        def run() -> None:
            with self.streams.running(path):
                begun.set()
                ended.wait()

        thread = Thread(target=run)
        thread.start()
        begun.wait()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@pytest.fixture
def stage() -> Stage:
    """A process with two worker threads."""
    return Stage(threads=2)


def test_streams_that_hold_all_threads_are_logged_with_their_paths(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with stage.stream("'/events/'"), stage.stream("'/prices/'"):
        stage.advance(HELD_SECONDS - 0.1)
        assert caplog.records == []
        stage.advance(0.2)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith(
        "Streamed responses hold all 2 threads of this worker for 5 seconds ('/events/', '/prices/'): it handles "
        "nothing else until one of them ends. Run more threads (runworker --threads)"
    )


def test_no_warning_while_a_thread_is_free(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with stage.stream("'/events/'"):
        stage.advance(100)
    assert caplog.records == []


def test_downloads_that_follow_each_other_are_not_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with stage.stream("'/events/'"):
        for _ in range(20):
            with stage.stream("'/file/'"):
                stage.advance(HELD_SECONDS - 1)
    assert caplog.records == []


def test_a_stream_that_fills_the_threads_later_is_logged_after_its_own_time(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with stage.stream("'/events/'"):
        with stage.stream("'/file/'"):
            stage.advance(1)
        with stage.stream("'/prices/'"):
            stage.advance(HELD_SECONDS - 0.5)
            assert caplog.records == []
            stage.advance(2 * HELD_SECONDS)
    assert len(caplog.records) == 1


def test_it_is_logged_once_a_minute_at_most(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for count in (1, 1, 2):
        with stage.stream("'/events/'"), stage.stream("'/prices/'"):
            stage.advance(2 * HELD_SECONDS)
        assert len(caplog.records) == count
        if count == 1:
            stage.advance(SILENCE_SECONDS / 2)


def test_at_most_five_paths_are_named(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(threads=8)
    with ExitStack() as stack:
        for number in range(8):
            stack.enter_context(stage.stream(f"'/{number}/'"))
        stage.advance(3 * HELD_SECONDS)
    assert "('/0/', '/1/', '/2/', '/3/', '/4/' and 3 more)" in caplog.text


def test_a_process_without_worker_threads_never_warns(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(threads=0)
    with stage.stream("'/events/'"):
        stage.advance(100)
    assert caplog.records == []
