"""The access log: one line for each action, which no client can forge."""

import io
import re
import time

import pytest

from towpath.interface.accesslog import AccessLog, escaped, log_time, no_log, without_secrets

HTTP = {"method": "GET", "path": "/a?b", "status": 200, "size": 12, "time_taken": 0.1, "client": "192.0.2.1:5"}


def line(protocol: str, action: str, **details: object) -> str:
    stream = io.StringIO()
    AccessLog(stream, lambda: 0.0)(protocol, action, details)
    return re.sub(r"\[.*?\]", "[time]", stream.getvalue())


def test_a_request_is_a_line() -> None:
    assert line("http", "complete", **HTTP) == '192.0.2.1:5 - - [time] "GET /a?b" 200 12\n'


@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("connecting", "WSCONNECTING"),
        ("connected", "WSCONNECT"),
        ("rejected", "WSREJECT"),
        ("disconnected", "WSDISCONNECT"),
    ],
)
def test_a_step_of_a_websocket_is_a_line(action: str, word: str) -> None:
    assert line("websocket", action, path="/chat/", client=None) == f'- - - [time] "{word} /chat/" - -\n'


def test_a_line_names_the_connection_its_user_and_why_it_was_closed() -> None:
    details = {"path": "/chat/", "client": "192.0.2.1:5", "connection": "interface.x!y", "request_id": "a1", "user": 7}
    assert line("websocket", "disconnected", **details, code=1013, reason="server: reads too slowly") == (
        '192.0.2.1:5 - 7 [time] "WSDISCONNECT /chat/" 1013 - connection=interface.x!y request_id=a1 '
        'reason="server: reads too slowly"\n'
    )
    assert line("http", "complete", **HTTP, connection="interface.x!y", request_id=None) == (
        '192.0.2.1:5 - - [time] "GET /a?b" 200 12 connection=interface.x!y\n'
    )


def test_no_field_can_break_a_line_or_fill_a_log() -> None:
    hostile = 'a" b\n127.0.0.1 - - \u2028' + "x" * 10_000
    written = line("websocket", "disconnected", path="/", client=None, user=hostile, code=1000, reason=hostile)
    assert written.removesuffix("\n").isprintable()
    assert written.count('"') == 4
    assert len(written) < 1000


def test_other_actions_have_no_line() -> None:
    assert line("http", "other") == ""
    assert line("websocket", "other", path="/", client=None) == ""
    no_log("http", "complete", HTTP)


def test_a_path_cannot_break_a_line() -> None:
    assert escaped('a" 200\n\\\u2028é\U0001f600') == "a\\x22\\x20200\\x0a\\x5c\\u2028\\xe9\\U0001f600"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/a", "/a"),
        ("/a?", "/a?"),
        ("/a?b=c&d", "/a?b=c&d"),
        ("/a?q=tea&access_token=abc=&page=2", "/a?q=tea&access_token=[hidden]&page=2"),
        (
            "/a?session_key=s&PASSWORD=p&jwt=j&api_key=k&id_token=t",
            "/a?session_key=[hidden]&PASSWORD=[hidden]&jwt=[hidden]&api_key=[hidden]&id_token=[hidden]",
        ),
        ("/a?token=&token=a?token=b", "/a?token=&token=[hidden]"),
        ("/token=a?keyword=tea", "/token=a?keyword=tea"),
    ],
)
def test_no_secret_of_a_query_string_is_written_down(path: str, shown: str) -> None:
    assert without_secrets(path) == shown


def test_times_are_local_and_english() -> None:
    stamp = time.mktime((2026, 2, 3, 14, 5, 6, 0, 0, -1))
    assert log_time(stamp) == "03/Feb/2026:14:05:06"
