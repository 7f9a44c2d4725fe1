"""The lines that `runserver` writes."""

import logging
from typing import Any

import pytest

from towpath.actions import ActionLines

CLIENT = "127.0.0.1:1234"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> ActionLines:
    caplog.set_level(logging.INFO, logger="test.actions")
    return ActionLines(logging.getLogger("test.actions"))


def http(**changes: Any) -> dict[str, Any]:
    return {"method": "GET", "path": "/path", "status": 200, "time_taken": 0.1249, "client": CLIENT} | changes


def test_a_request_is_one_line(lines: ActionLines, caplog: pytest.LogCaptureFixture) -> None:
    lines("http", "complete", http())
    assert caplog.messages == ["HTTP GET /path 200 [0.12, 127.0.0.1:1234]"]


@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("connecting", "HANDSHAKING"),
        ("connected", "CONNECT"),
        ("rejected", "REJECT"),
        ("disconnected", "DISCONNECT"),
    ],
)
def test_a_websocket_has_a_line_for_each_step(
    lines: ActionLines, caplog: pytest.LogCaptureFixture, action: str, word: str
) -> None:
    lines("websocket", action, {"path": "/chat/", "client": CLIENT})
    assert caplog.messages == [f"WebSocket {word} /chat/ [127.0.0.1:1234]"]


def test_the_line_carries_the_status_that_colours_it(lines: ActionLines, caplog: pytest.LogCaptureFixture) -> None:
    lines("http", "complete", http(status=404))
    lines("websocket", "rejected", {"path": "/", "client": CLIENT})
    assert [record.__dict__["status_code"] for record in caplog.records] == [404, 403]


def test_control_codes_in_a_path_do_not_reach_the_terminal(
    lines: ActionLines, caplog: pytest.LogCaptureFixture
) -> None:
    lines("http", "complete", http(path="/\x1b[31m\r\nHTTP"))
    assert caplog.messages == ["HTTP GET /\\x1b[31m\\x0d\\x0aHTTP 200 [0.12, 127.0.0.1:1234]"]


def test_a_client_on_a_unix_socket_has_no_address(lines: ActionLines, caplog: pytest.LogCaptureFixture) -> None:
    lines("http", "complete", http(client=None))
    assert caplog.messages == ["HTTP GET /path 200 [0.12, unix]"]


def test_an_action_without_a_line_is_passed_over(lines: ActionLines, caplog: pytest.LogCaptureFixture) -> None:
    lines("websocket", "ping", {})
    lines("http", "started", {})
    assert caplog.messages == []
