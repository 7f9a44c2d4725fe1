"""Log lines about what clients sent: bounded in length and in number, so that no client fills a log.

A line about a mistake of a client has no traceback, and of what the client sent at most an excerpt.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock

#: Longest excerpt of what a client chose (a name, a path) in a line, in characters.
EXCERPT_MAX_LENGTH = 80
#: Longest line, in characters.
LINE_MAX_LENGTH = 500
#: Lines at once, and afterwards one more every so many seconds; what comes in between is counted.
BURST = 10
SECONDS_A_LINE = 1.0


def excerpt(text: object, max_length: int = EXCERPT_MAX_LENGTH) -> str:
    """Return what a client chose as a literal without line breaks, cut off after `max_length` characters."""
    whole = str(text)
    return repr(whole) if len(whole) <= max_length else f"{whole[:max_length]!r}... ({len(whole)} characters)"


class ClientLog:
    """Writes bounded lines to a logger, at most `BURST` at once and one a second; the next line counts those left out.

    One for each kind of line: what one kind leaves out does not keep another from being written.
    """

    def __init__(self, logger: logging.Logger, seconds: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._seconds = seconds
        self._lock = Lock()
        self._allowed = float(BURST)
        self._looked_at = seconds()
        self._left_out = 0

    def log(self, level: int, line: str) -> None:
        """Write a line, or count it."""
        if not self._logger.isEnabledFor(level):
            return
        with self._lock:
            now = self._seconds()
            self._allowed = min(float(BURST), self._allowed + (now - self._looked_at) / SECONDS_A_LINE)
            self._looked_at = now
            if self._allowed < 1:
                self._left_out += 1
                return
            self._allowed -= 1
            left_out, self._left_out = self._left_out, 0
        if len(line) > LINE_MAX_LENGTH:
            line = f"{line[:LINE_MAX_LENGTH]}..."
        self._logger.log(level, "%s%s", line, f" ({left_out} more like this were not logged)" if left_out else "")
