"""`AsgiRequest` made from a message, where WSGI has no counterpart."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings

from towpath.channels import Message
from towpath.handler import AsgiRequest, environment

MakeMessage = Callable[..., Message]


def test_meta_has_what_wsgi_servers_put_there(message_of: MakeMessage) -> None:
    meta = AsgiRequest(message_of("GET", "/a?b=c", content={"client": ["10.1.2.3", 4711], "server": ["h", 80]})).META
    assert (meta["REMOTE_ADDR"], meta["REMOTE_HOST"], meta["REMOTE_PORT"]) == ("10.1.2.3", "10.1.2.3", 4711)
    assert (meta["SERVER_NAME"], meta["SERVER_PORT"], meta["SERVER_PROTOCOL"]) == ("h", "80", "HTTP/1.1")
    assert (meta["REQUEST_METHOD"], meta["QUERY_STRING"], meta["wsgi.multiprocess"]) == ("GET", "b=c", True)


def test_a_unix_socket_has_no_address(message_of: MakeMessage) -> None:
    meta = AsgiRequest(message_of("GET", "/", content={"client": None, "server": None})).META
    assert (meta["REMOTE_ADDR"], meta["SERVER_NAME"], meta["SERVER_PORT"]) == ("", "unknown", "0")


def test_repeated_headers_are_joined_and_cookies_stay_cookies(message_of: MakeMessage) -> None:
    headers = [[b"x-a", b"1"], [b"x-a", b"2"], [b"cookie", b"a=1"], [b"cookie", b"b=2"]]
    request = AsgiRequest(message_of("GET", "/", content={"headers": headers}))
    assert request.META["HTTP_X_A"] == "1,2"
    assert request.COOKIES == {"a": "1", "b": "2"}


def test_a_utf8_cookie_is_decoded(message_of: MakeMessage) -> None:
    headers = [[b"cookie", "city=хлеб; café=Å; latin=".encode() + b"\xe9"]]
    request = AsgiRequest(message_of("GET", "/", content={"headers": headers}))
    assert request.COOKIES == {"city": "хлеб", "café": "Å", "latin": "\ufffd"}


def test_a_header_with_an_underscore_cannot_pose_as_another(message_of: MakeMessage) -> None:
    meta = AsgiRequest(message_of("GET", "/", content={"headers": [[b"x_user", b"root"]]})).META
    assert "HTTP_X_USER" not in meta


def test_headers_of_the_old_form_are_read(message_of: MakeMessage) -> None:
    assert AsgiRequest(message_of("GET", "/", content={"headers": {"host": b"h"}})).META["HTTP_HOST"] == "h"


def test_names_that_clients_invent_do_not_fill_the_memory(message_of: MakeMessage) -> None:
    headers = [[b"x-%d" % number, b""] for number in range(2 * environment.META_KEYS_MAX_COUNT)]
    meta = AsgiRequest(message_of("GET", "/", content={"headers": headers})).META
    assert f"HTTP_X_{len(headers) - 1}" in meta
    assert len(environment._meta_keys) <= environment.META_KEYS_MAX_COUNT


@pytest.mark.parametrize(
    ("root_path", "forced", "path", "expected"),
    [
        ("", None, "/a", ("", "/a", "/a")),
        ("/app", None, "/a", ("/app", "/app/a", "/a")),
        ("/app", None, "/app/a", ("/app", "/app/app/a", "/app/a")),
        ("/app", None, "/", ("/app", "/app/", "/")),
        ("/app/", None, "//a", ("/app", "/app//a", "//a")),
        ("/app", "", "/a", ("", "/a", "/a")),
        ("", "/forced", "/a", ("/forced", "/forced/a", "/a")),
        ("/app", "/forced", "/a", ("/forced", "/forced/a", "/a")),
        ("", None, "*", ("", "/*", "*")),
    ],
)
def test_the_path_of_a_message_is_below_its_root_path(
    root_path: str, forced: str | None, path: str, expected: tuple[str, str, str], message_of: MakeMessage
) -> None:
    with override_settings(FORCE_SCRIPT_NAME=forced):
        request = AsgiRequest(message_of("GET", "/", content={"root_path": root_path, "path": path}))
    assert (request.script_name, request.path, request.path_info) == expected
    assert (request.META["SCRIPT_NAME"], request.META["PATH_INFO"]) == (request.script_name, request.path_info)


def test_a_body_that_came_chunked_has_a_length(message_of: MakeMessage) -> None:
    message = message_of("POST", "/", content={"headers": [[b"transfer-encoding", b"chunked"]], "body": b"12345"})
    assert AsgiRequest(message).META["CONTENT_LENGTH"] == "5"


def test_a_request_knows_where_its_answer_goes(message_of: MakeMessage) -> None:
    message = message_of("GET", "/")
    request: Any = AsgiRequest(message)
    assert request.message is message
    assert str(request.reply_channel) == message["reply_channel"]
