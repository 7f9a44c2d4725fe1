"""Log lines as JSON."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from towpath.interface.commandline.log_format import JsonFormatter, use_log_format
from towpath.layers.log_fields import about


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The lines of a logger of its own."""
    written = io.StringIO()
    logger = logging.getLogger("a.project")
    handler = logging.StreamHandler(written)
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


def test_a_line_is_one_object_also_with_a_traceback(stream: io.StringIO) -> None:
    logger = logging.getLogger("a.project")
    logger.handlers[0].setFormatter(JsonFormatter())
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("Failed for %s", 'a "name"\nof a client')
    [line] = stream.getvalue().splitlines()
    found = json.loads(line)
    assert (found["level"], found["logger"], found["message"]) == (
        "ERROR",
        "a.project",
        'Failed for a "name"\nof a client',
    )
    assert "ValueError: two\nlines" in found["exception"]
    assert found["time"].endswith("+00:00")
    assert set(found) == {"time", "level", "logger", "message", "process", "exception"}


class Connection:
    def log_fields(self) -> dict[str, object]:
        return {"connection": "interface.x!y", "path": "/a\nb", "user": 5, "client": None, "reason": "server: no pong"}


def test_a_line_about_a_connection_has_its_fields_as_keys(stream: io.StringIO) -> None:
    logger = logging.getLogger("a.project")
    logger.handlers[0].setFormatter(JsonFormatter())
    logger.warning("Closed", extra=about(Connection()))
    found = json.loads(stream.getvalue())
    assert found["message"] == "Closed"
    assert {name: found[name] for name in ("connection", "path", "user", "reason")} == {
        "connection": "interface.x!y",
        "path": "/a\nb",
        "user": "5",
        "reason": "server: no pong",
    }
    assert "client" not in found


def test_handlers_of_the_project_write_json_too(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("a.project")
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root.manager, "loggerDict", {"a.project": logger, "a": logging.PlaceHolder(logger)})
    use_log_format("text")
    logger.warning("as it was")
    use_log_format("json")
    logger.warning("as JSON")
    first, second = stream.getvalue().splitlines()
    assert first == "as it was"
    assert json.loads(second)["message"] == "as JSON"
