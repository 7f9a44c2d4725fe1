"""The log of errors that consumers raise: a traceback for each, and a bounded number of them for a repeated error.

A client that finds a frame which makes a consumer raise must not fill the log with it.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock
from types import TracebackType

logger = logging.getLogger(__name__)

#: Tracebacks of one error at one line of code that are logged in `WINDOW_SECONDS`; those after them are counted.
TRACEBACKS = 10
WINDOW_SECONDS = 60.0
#: The most errors that are counted; then the counts begin anew.
MOST_ERRORS = 1000

Key = tuple[type[BaseException], str, int]


class FailureLog:
    """Counts errors of one process by their type and the line of code that raised them."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = Lock()
        #: Error -> the beginning of its window, and its count in it.
        self._counts: dict[Key, tuple[float, int]] = {}

    def log(self, error: BaseException, channel: str) -> None:
        """Log an exception of a consumer of `channel`, with its traceback unless this error has reached its bound."""
        before, count = self._counted(_key(error))
        if before > TRACEBACKS:
            logger.error("A consumer raised the same %d times more, without a line here", before - TRACEBACKS)
        if count <= TRACEBACKS:
            logger.error("A consumer of %s raised %s", channel, type(error).__name__, exc_info=error)
        if count == TRACEBACKS:
            logger.error("%s at this line is logged again in %g seconds", type(error).__name__, WINDOW_SECONDS)

    def _counted(self, key: Key) -> tuple[int, int]:
        """Return the counts of the error in the window that has just ended (or 0), and in this one."""
        now = self._seconds()
        with self._lock:
            began, count = self._counts.get(key, (now, 0))
            before = 0
            if now - began >= WINDOW_SECONDS:
                began, before, count = now, count, 0
            if len(self._counts) >= MOST_ERRORS and key not in self._counts:
                self._counts.clear()
            self._counts[key] = (began, count + 1)
            return before, count + 1


def _key(error: BaseException) -> Key:
    innermost: TracebackType | None = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    if innermost is None:
        return type(error), "", 0
    return type(error), innermost.tb_frame.f_code.co_filename, innermost.tb_lineno
