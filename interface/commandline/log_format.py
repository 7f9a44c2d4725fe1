"""Log lines as JSON, one object a line, for log collectors."""

import argparse
import json
import logging
from datetime import datetime, timezone

from towpath.layers.log_fields import fields_of

FORMATS = ("text", "json")


class JsonFormatter(logging.Formatter):
    """Writes `time` (UTC), `level`, `logger`, `message`, `process`, and `exception` where there is a traceback.

    A line about a connection also has its fields (see `layers.log_fields`).
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, default=str)


def add_log_format(parser: argparse.ArgumentParser) -> None:
    """Add the option `--log-format`."""
    text = "text, or json: one object a line (default: %(default)s)"
    parser.add_argument("--log-format", choices=FORMATS, default=FORMATS[0], metavar="FORMAT", help=text)


def use_log_format(log_format: str) -> None:
    """With `json`, make each handler that writes to a stream or file write JSON, including handlers of the project."""
    if log_format != "json":
        return
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in logger.handlers if isinstance(logger, logging.Logger) else ():
            if isinstance(handler, logging.StreamHandler):
                handler.setFormatter(JsonFormatter())
