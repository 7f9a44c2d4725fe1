"""Events that were made by hand, in the form of those that interface servers send."""

from typing import Any

import pytest

from towpath.channels.events import MalformedEvent, headers_of, interface_form, query_string_of

REQUEST: dict[str, Any] = {"reply_channel": "test!one", "method": "GET", "path": "/"}


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ([[b"host", b"a"], (b"cookie", b"b=c")], [(b"host", b"a"), (b"cookie", b"b=c")]),
        ({"Host": b"a", "cookie": "b=c"}, [(b"host", b"a"), (b"cookie", b"b=c")]),
        ([["X-City", "хлеб"]], [(b"x-city", "хлеб".encode())]),
        ([(b"host", "a")], [(b"host", b"a")]),
        (None, []),
        ([], []),
    ],
)
def test_headers_are_read_as_pairs_of_bytes(headers: Any, read: Any) -> None:
    assert [tuple(pair) for pair in headers_of({"headers": headers})] == read


@pytest.mark.parametrize(
    "headers", [[b"host"], [["host"]], [("a", "b", "c")], [[b"host", None]], [[1, 2]], 5, "host: a", [[]], [None], [{}]]
)
def test_other_headers_are_refused_with_an_example(headers: Any) -> None:
    with pytest.raises(
        MalformedEvent, match=r'^headers are pairs of bytes, such as \[\[b"host", b"example.com"\]\], not'
    ):
        headers_of({"headers": headers})


def test_a_query_string_is_bytes_or_text() -> None:
    assert query_string_of({"query_string": b"a=b"}) == query_string_of({"query_string": "a=b"}) == b"a=b"
    assert query_string_of({}) == query_string_of({"query_string": None}) == b""
    with pytest.raises(MalformedEvent, match='a query string is bytes such as b"page=2", not 5'):
        query_string_of({"query_string": 5})


def test_text_and_bytes_take_their_places_and_everything_else_stays() -> None:
    content = {**REQUEST, "query_string": "a=b", "headers": {"host": "a"}, "path": "/ü/".encode(), "own": object}
    assert interface_form("http.request", content) == {
        **content,
        "path": "/ü/",
        "query_string": b"a=b",
        "headers": [[b"host", b"a"]],
    }
    assert content["query_string"] == "a=b"


@pytest.mark.parametrize(
    ("channel", "change", "said"),
    [
        ("http.request", {"method": None}, "a message on http.request has no 'method': give it a str such as \"GET\""),
        ("http.request", {"path": None}, "has no 'path': give it a str such as \"/chat/\""),
        ("http.request", {"path": 5}, "has 'path': 5; it is a str"),
        ("http.request", {"method": 1}, "has 'method': 1; it is a str"),
        ("http.request", {"query_string": 1}, "has 'query_string': 1; it is bytes"),
        ("http.request", {"body": "a=b"}, "has 'body': 'a=b'; it is bytes"),
        ("http.request", {"client": "127.0.0.1"}, "has 'client': '127.0.0.1'; it is a list of host and port"),
        ("websocket.receive", {"text": b"x"}, "a message on websocket.receive has 'text': b'x'; it is a str"),
        ("websocket.receive", {"text": {"a": "b" * 900}}, r"has 'text': \{'a': 'b{73}; it is a str"),
        ("websocket.receive", {"bytes": "x"}, "has 'bytes': 'x'; it is bytes"),
        ("websocket.receive", {"order": "1"}, "has 'order': '1'; it is an int"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_write(channel: str, change: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedEvent, match=said) as caught:
        interface_form(channel, {**REQUEST, **change})
    assert isinstance(caught.value, ValueError)


def test_an_event_of_a_socket_needs_nothing_but_its_types() -> None:
    assert interface_form("websocket.connect", {}) == {}
