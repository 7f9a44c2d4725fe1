"""Log lines about clients: bounded in length and in number, so that no client fills a log.

A line about a mistake of a client has no traceback, and at most an excerpt of the client's data.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock

#: Longest excerpt of a client's value (a name, a path) in a line, in characters.
EXCERPT_MAX_LENGTH = 80
#: Longest line, in characters.
LINE_MAX_LENGTH = 500
#: Lines at once, and the seconds after which one more is written; those in between are counted.
BURST = 10
SECONDS_A_LINE = 1.0


def excerpt(text: object, max_length: int = EXCERPT_MAX_LENGTH) -> str:
    """Return a client's value as a literal without line breaks, cut off after `max_length` characters."""
    whole = str(text)
    return repr(whole) if len(whole) <= max_length else f"{whole[:max_length]!r}... ({len(whole)} characters)"


class _Allowance:
    """Lines at once and a second: `BURST` and `1 / SECONDS_A_LINE`. Used by any thread."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._allowed = float(BURST)
        self._looked_at = seconds()
        self._left_out = 0

    def take(self) -> int | None:
        """Take one line: return the number left out since the last one, or None if this one is left out, too."""
        with self._lock:
            now = self._seconds()
            self._allowed = min(float(BURST), self._allowed + (now - self._looked_at) / SECONDS_A_LINE)
            self._looked_at = now
            if self._allowed < 1:
                self._left_out += 1
                return None
            self._allowed -= 1
            left_out, self._left_out = self._left_out, 0
            return left_out


class ClientLog:
    """Writes bounded lines to a logger, at most `BURST` at once and one a second; the next line counts those left out.

    There is one bound for each kind of line, so that a frequent kind does not suppress another one.
    """

    def __init__(self, logger: logging.Logger, seconds: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._allowance = _Allowance(seconds)

    def log(self, level: int, line: str) -> None:
        """Write a line, or count it."""
        if not self._logger.isEnabledFor(level):
            return
        left_out = self._allowance.take()
        if left_out is None:
            return
        if len(line) > LINE_MAX_LENGTH:
            line = f"{line[:LINE_MAX_LENGTH]}..."
        self._logger.log(level, "%s%s", line, _more(left_out))


class ClientLines(logging.Filter):
    """Filter of a logger whose lines are all about clients: at most `BURST` of each message at once and one a second.

    The format string identifies the kind of a line. The excerpts in the arguments are bounded by the caller.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._allowances: dict[str, _Allowance] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written; append the number of lines that were not."""
        kind = str(record.msg)
        allowance = self._allowances.get(kind)
        if allowance is None:
            allowance = self._allowances[kind] = _Allowance(self._seconds)
        left_out = allowance.take()
        if left_out:
            record.msg = f"{kind}{_more(left_out)}"
        return left_out is not None


def _more(left_out: int) -> str:
    return f" ({left_out} more like this were not logged)" if left_out else ""
