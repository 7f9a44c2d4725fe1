"""Logging for the processes that our commands start. Library code only logs; handlers are set here, and only if the
project's `LOGGING` has none for `towpath`.
"""

import logging

from django.utils.log import ServerFormatter

from towpath.layers.log_fields import FIELDS, TextFormatter, fields_of, shown

ROOT = "towpath"
#: `-v` of a Django command -> the least level that is written.
LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG, 3: logging.DEBUG}


class ConnectionFilter(logging.Filter):
    """Gives each record the fields of its connection, for handlers of the project's `LOGGING`.

    The attributes are `connection`, `path`, `client`, `user`, `request_id`, `code` and `reason`, "-" where one is not
    known. An attribute that the record has already stays.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the attributes; every record passes."""
        fields = fields_of(record)
        for name in FIELDS:
            if not hasattr(record, name):
                setattr(record, name, shown(fields.get(name, "-")))
        return True


def setup_logger(name: str = ROOT, verbosity: int = 1) -> logging.Logger:
    """Let the logger `name` write to stderr, unless the project has configured it. Return it."""
    logger = logging.getLogger(name)
    if not logger.hasHandlers():
        _write_to_stderr(logger, TextFormatter("%(asctime)s %(levelname)s %(message)s"))
        logger.setLevel(LEVELS.get(verbosity, logging.DEBUG))
    return logger


def setup_request_logger(name: str, verbosity: int = 1) -> logging.Logger:
    """Let the logger `name` write `runserver`'s lines, coloured by status as Django colours them. Return it."""
    logger = logging.getLogger(name)
    if not logger.handlers:
        _write_to_stderr(logger, ServerFormatter("[{server_time}] {message}", "%d/%b/%Y %H:%M:%S", "{"))
        logger.setLevel(LEVELS.get(verbosity, logging.DEBUG))
    return logger


def _write_to_stderr(logger: logging.Logger, formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    logger.propagate = False
