"""Streamed responses that are under way in this process: a warning when they hold all of its worker threads.

A streamed response holds its thread until it ends. With all threads held, the process handles nothing else; this
warning gives the reason.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer, get_ident

from .network import network_waits

logger = logging.getLogger(__name__)

#: Time for which streams must hold all threads before it is logged, in seconds.
HELD_SECONDS = 5.0
#: Least time between two warnings, in seconds.
SILENCE_SECONDS = 60.0
#: Paths that a warning names.
MAX_PATHS = 5


class Streams:
    """The streams of a process with this number of worker `threads`; 0: it is not a worker, and nothing is logged."""

    def __init__(
        self,
        threads: Callable[[], int],
        seconds: Callable[[], float] = time.monotonic,
        new_timer: Callable[[float, Callable[[], None]], Timer] = Timer,
    ) -> None:
        self._seconds = seconds
        self._new_timer = new_timer
        self._threads = threads
        self._lock = Lock()
        #: Thread -> path of its stream, and when that began.
        self._running: dict[int, tuple[str, float]] = {}
        self._timer: Timer | None = None
        self._quiet_until = 0.0

    @contextmanager
    def running(self, path: str) -> Iterator[None]:
        """Count a stream of this thread inside the `with` block; `path` names it in the log."""
        thread = get_ident()
        with self._lock:
            self._running[thread] = path, self._seconds()
            self._watch()
        try:
            yield
        finally:
            with self._lock:
                del self._running[thread]

    def look(self) -> None:
        """Log that streams hold all threads, once they have for `WARN_SECONDS`; else check again later."""
        with self._lock:
            self._timer = None
            now = self._seconds()
            if not self._are_all_held() or now < self._quiet_until:
                return
            if now - max(began for _, began in self._running.values()) < HELD_SECONDS:
                self._watch()
                return
            self._quiet_until = now + SILENCE_SECONDS
            paths = sorted({path for path, _ in self._running.values()})
        more = f" and {len(paths) - MAX_PATHS} more" if len(paths) > MAX_PATHS else ""
        logger.warning(
            "Streamed responses hold all %d threads of this worker for %g seconds (%s%s): it handles nothing else "
            "until one of them ends. Run more threads (runworker --threads) or workers, or make the response a member "
            "of a group, which holds no thread: see the recipe for server-sent events",
            self._threads(), HELD_SECONDS, ", ".join(paths[:MAX_PATHS]), more,
        )  # fmt: skip

    def _watch(self) -> None:
        if self._timer is None and self._are_all_held():
            self._timer = self._new_timer(HELD_SECONDS, self.look)
            self._timer.daemon = True
            self._timer.start()

    def _are_all_held(self) -> bool:
        return 0 < self._threads() <= len(self._running)


#: Of this process.
streams = Streams(lambda: network_waits.threads)
