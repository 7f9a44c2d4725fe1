"""Replies are checked where they are sent: keys and types, with an error that says what to write."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.layers.errors import InvalidReply
from towpath.layers.replies import check_http_reply, check_websocket_reply

WEBSOCKET: list[dict[str, Any]] = [
    {"accept": True},
    {"accept": True, "subprotocol": "chat", "headers": [[b"set-cookie", b"a=b"], ["X-Own", "хлеб"]]},
    {"accept": True, "text": "welcome", "close": 4001, "reason": "full"},
    {"accept": False},
    {"accept": False, "status": 401, "headers": [("WWW-Authenticate", "Basic")], "content": b"who are you?"},
    {"accept": False, "close": True},
    {"text": ""},
    {"text": "a", "bytes": None, "close": None},
    {"bytes": b""},
    {"text": "bye", "close": True},
    {"close": 1008},
    {"close": 4401, "reason": "gone"},
    {"close": True, "reason": "é" * 61},
    {"text": "a", "close": False},
]
WRONG_WEBSOCKET: list[tuple[Any, str]] = [
    ({}, "there is none of them"),
    ({"close": False}, "there is none of them"),
    ({"text": None}, "there is none of them"),
    ({"txt": "a"}, "unknown key 'txt': use accept, subprotocol, headers, text, bytes, close, reason, status, content"),
    ({"text": "a", "x" * 900: 1}, r"unknown key '(x){59}\.\.\.: use"),
    ({"text": b"a"}, "'text' of a reply to a WebSocket is a str, not of type bytes"),
    ({"text": {"secret": 1}}, "'text' of a reply to a WebSocket is a str, not of type dict$"),
    ({"bytes": "a"}, "'bytes' of a reply to a WebSocket is bytes, not of type str"),
    ({"text": "a", "bytes": b"a"}, "text or bytes, not both"),
    ({"accept": 1}, "'accept' of a reply to a WebSocket is True or False, not 1"),
    ({"close": "4401"}, "'close' of a reply to a WebSocket is True, or a code of .*, not '4401'"),
    ({"close": 1005}, "not 1005"),
    ({"close": 0}, "not 0"),
    ({"text": "a", "reason": "gone"}, "'reason' of a reply to a WebSocket needs 'close'"),
    ({"text": "a", "close": False, "reason": "gone"}, "'reason' of a reply to a WebSocket needs 'close'"),
    ({"close": True, "reason": "é" * 62}, "'reason' .* is a str of at most 123 bytes of UTF-8, not 'é"),
    ({"close": True, "reason": b"gone"}, "not b'gone'"),
    ({"accept": False, "subprotocol": "chat"}, "'subprotocol' .* needs 'accept' True"),
    ({"text": "a", "subprotocol": "chat"}, "'subprotocol' .* needs 'accept' True"),
    ({"text": "a", "headers": []}, "'headers' .* needs 'accept'"),
    ({"accept": True, "status": 401}, "'status' .* needs 'accept' False, since it is part of a refused handshake"),
    ({"close": True, "status": 401}, "'status' .* needs 'accept' False"),
    ({"content": b"a"}, "'content' .* needs 'accept' False.*; a frame is text or bytes"),
    ({"accept": False, "status": 101}, "'status' .* is an int from 300 to 599, not 101"),
    ({"accept": False, "status": "401"}, "not '401'"),
    ({"accept": True, "headers": {"a": "b"}}, r"'headers' .* is a list of \[name, value\], .*, not of type dict"),
    ({"accept": True, "headers": ["ab"]}, "'headers' .* is a list"),
    ({"accept": True, "headers": [["a", 1]]}, "'headers' .* is a list"),
    ({"accept": True, "headers": [["a b", "c"]]}, "'headers' .* is a list"),
    ({"accept": True, "headers": [["a", "b\r\nc: d"]]}, "without line breaks"),
    ({"accept": True, "headers": [[b"a", b"b\x0bc"]]}, "without line breaks"),
]


@pytest.mark.parametrize("reply", WEBSOCKET)
def test_a_reply_to_a_websocket_is_accepted(reply: dict[str, Any]) -> None:
    check_websocket_reply(reply)


@pytest.mark.parametrize(("reply", "error"), WRONG_WEBSOCKET)
def test_a_wrong_reply_to_a_websocket_is_refused(reply: dict[str, Any], error: str) -> None:
    with pytest.raises(InvalidReply, match=error):
        check_websocket_reply(reply)


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 200, "headers": [[b"a", b"b"], ["c", "d"]], "content": b"e", "more_content": False},
        {"status": 204},
        {"content": b"a", "more_content": True},
        {"content": b""},
        {"status": 200, "headers": None, "content": b"", "more_content": True, "flow_channel": "response.x!1"},
        {"closed": True},
        {"status": 200, "status_text": b"OK", "content": b""},
        {"body_until": 786_432},
        {"body_whole": True},
    ],
)
def test_a_part_of_a_response_is_accepted(reply: dict[str, Any]) -> None:
    check_http_reply(reply)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"text": "a"}, "a reply to a request has the unknown key 'text': use status, headers, content"),
        ({"status": "200"}, "'status' of a reply to a request is an int from 200 to 599, not '200'"),
        ({"status": 101}, "not 101"),
        ({"status": 200, "content": "secret"}, "'content' of a reply to a request is bytes, not of type str$"),
        ({"status": 200, "headers": {"a": "b"}}, "not of type dict"),
        ({"status": 200, "headers": [["a", "b\nc"]]}, "without line breaks"),
        ({"content": b"", "more_content": "yes"}, "'more_content' .* is True or False, not 'yes'"),
    ],
)
def test_a_wrong_part_of_a_response_is_refused(reply: dict[str, Any], error: str) -> None:
    with pytest.raises(InvalidReply, match=error):
        check_http_reply(reply)


keys = st.sampled_from(
    ["accept", "subprotocol", "headers", "text", "bytes", "close", "reason", "status", "content", "x"]
)
values = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.binary(max_size=3)
values |= st.lists(values, max_size=2) | st.lists(st.lists(values, max_size=3), max_size=2)


def error_of(check: Callable[[dict[str, Any]], None], reply: dict[str, Any]) -> str:
    """Return the text of the error of a check, "" if there is none."""
    try:
        check(reply)
    except InvalidReply as error:
        return str(error)
    return ""


@given(st.dictionaries(keys, values, max_size=4))
def test_any_reply_is_accepted_or_one_short_error(reply: dict[str, Any]) -> None:
    assert len(error_of(check_websocket_reply, reply)) < 500
    assert len(error_of(check_http_reply, reply)) < 500
