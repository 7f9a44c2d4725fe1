"""The log of the library during an exploration: expected errors are dropped, unexpected ones end the exploration."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Defect(BaseException):
    """Raised when the library logs a traceback, which it does for defects only."""


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Raise if the record has a traceback."""
        if record.exc_info:
            raise Defect(record.getMessage()) from record.exc_info[1]


@contextmanager
def no_log() -> Iterator[None]:
    """Drop the log of the library.

    Raises:
        Defect: the library logs a traceback.
    """
    logger = logging.getLogger("towpath")
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [_Handler()], False
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before[0], before[1]
        logger.setLevel(before[2])
