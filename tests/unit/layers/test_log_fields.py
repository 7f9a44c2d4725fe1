"""The fields of log lines about a connection are bounded, escaped, and shown in one way."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from towpath.layers.log_fields import FIELDS, TextFormatter, about, current_subject, fields_of


class Subject:
    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def log_fields(self) -> dict[str, object]:
        return self._fields


class NeverAsked:
    def log_fields(self) -> dict[str, object]:
        raise AssertionError("asked without a line")


@pytest.fixture
def lines() -> Iterator[Any]:
    """A logger of its own, and its lines as text."""
    stream = io.StringIO()
    logger = logging.getLogger("tests.log_fields")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_a_text_line_shows_the_fields_that_are_known_in_one_order(lines: Any) -> None:
    logger, stream = lines
    logger.info("Closed", extra=about(Subject(user=5, path="/chat/", connection="interface.x!y", client=None)))
    logger.info("About nothing")
    assert stream.getvalue() == "INFO Closed [connection=interface.x!y path=/chat/ user=5]\nINFO About nothing\n"


def test_the_fields_stand_before_the_traceback(lines: Any) -> None:
    logger, stream = lines
    try:
        raise ValueError("wrong")
    except ValueError:
        logger.exception("Failed", extra=about(Subject(path="/a")))
    assert stream.getvalue().startswith("ERROR Failed [path=/a]\nTraceback ")


@pytest.mark.parametrize(
    "value", ["/a b\n2026-01-01 ERROR forged", '/"]\r\n[', "/\x1b[2J", "/\u202eabc", "/a] [user=1", "\ud800", ""]
)
def test_a_value_of_a_client_cannot_forge_a_line_or_a_field(lines: Any, value: str) -> None:
    logger, stream = lines
    logger.info("Closed", extra=about(Subject(path=value, user=7)))
    line = stream.getvalue().removesuffix("\n")
    assert line.isprintable()
    assert line == f"INFO Closed [path={value!r} user=7]"


def test_a_long_value_is_cut() -> None:
    record = logging.makeLogRecord(about(Subject(path="/" + "a" * 10_000, unknown="x")))
    fields = fields_of(record)
    assert list(fields) == ["path"]
    assert len(fields["path"]) == 203 and fields["path"].endswith("...")


def test_a_line_of_a_context_has_the_fields_of_its_subject() -> None:
    token = current_subject.set(Subject(connection="here"))
    try:
        assert fields_of(logging.makeLogRecord({})) == {"connection": "here"}
        assert fields_of(logging.makeLogRecord(about(Subject(connection="there")))) == {"connection": "there"}
    finally:
        current_subject.reset(token)
    assert fields_of(logging.makeLogRecord({})) == {}


def test_a_line_that_is_not_written_asks_for_no_fields(lines: Any) -> None:
    logger, stream = lines
    logger.debug("Not written", extra=about(NeverAsked()))
    assert stream.getvalue() == ""
    assert "connection" in FIELDS
