"""The connection that a log line is about: its id, path, client, user and request id, as fields of the record.

An interface server passes its connection with the line (`about`). A worker sets the message whose consumer runs, so
that every line of its run has the fields, also those of the project and of Django. Fields are computed only when a line
is written. Values are bounded, and escaped where they are not plain words: a client cannot forge a line.
"""

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Protocol

from .client_log import excerpt

#: The fields, in the order in which a line shows them.
FIELDS = ("connection", "path", "client", "user", "request_id", "code", "reason")
#: Where Django keeps the id of the user in a session.
USER_KEY = "_auth_user_id"
#: Longest value, in characters.
VALUE_MAX_LENGTH = 200

_PLAIN = re.compile(r"[A-Za-z0-9_.!:/@+-]+", re.ASCII)
_ATTRIBUTE = "towpath"


class Subject(Protocol):
    """A connection, or a message of one."""

    def log_fields(self) -> Mapping[str, object]:
        """Return the fields that are known, by the names in `FIELDS`. Loads nothing, and raises nothing."""


#: The subject of all lines of this context; None outside of consumers.
current_subject: "ContextVar[Subject | None]" = ContextVar("towpath_log_subject", default=None)


def about(subject: Subject) -> dict[str, Subject]:
    """Return the `extra` of a log line about a connection."""
    return {_ATTRIBUTE: subject}


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """Return the fields of a record, bounded; empty if it is not about a connection."""
    subject: Subject | None = getattr(record, _ATTRIBUTE, None) or current_subject.get()
    if subject is None:
        return {}
    fields = subject.log_fields()
    return {name: _bounded(fields[name]) for name in FIELDS if fields.get(name) is not None}


def _bounded(value: object) -> str:
    text = str(value)
    return text if len(text) <= VALUE_MAX_LENGTH else f"{text[:VALUE_MAX_LENGTH]}..."


def shown(value: str) -> str:
    """Return a value for a text line: a plain word unchanged, any other value as a literal without line breaks."""
    return value if _PLAIN.fullmatch(value) else excerpt(value, VALUE_MAX_LENGTH + len("..."))


class TextFormatter(logging.Formatter):
    """Adds the fields of a record behind its message: `[connection=interface.x!y path=/chat/ user=5]`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the library's name)
        """Return the line of a record, before its traceback."""
        line = super().formatMessage(record)
        fields = fields_of(record)
        if not fields:
            return line
        return f"{line} [{' '.join(f'{name}={shown(value)}' for name, value in fields.items())}]"
