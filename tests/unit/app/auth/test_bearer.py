"""Where a handshake's token is, and what cannot be one."""

from typing import Any

import pytest

from towpath.auth.bearer import BearerToken, TokenPlaces, UnusableToken
from towpath.channels import Message
from towpath.layers.errors import ConfigurationError

EVERYWHERE = TokenPlaces(query="token")


def handshake(layer: Any, *headers: tuple[bytes, bytes], query: bytes = b"") -> Message:
    content = {"headers": [list(each) for each in headers], "query_string": query}
    return Message(content, "websocket.connect", layer)


def offers(value: bytes) -> tuple[bytes, bytes]:
    return b"sec-websocket-protocol", value


@pytest.mark.parametrize(
    ("headers", "query", "found"),
    [
        ([], b"", None),
        ([(b"authorization", b"Bearer abc.def")], b"", BearerToken("abc.def")),
        ([(b"authorization", b"bearer  abc ")], b"", BearerToken("abc")),
        ([(b"authorization", b"Basic YTpi")], b"", None),
        ([offers(b"bearer, abc")], b"", BearerToken("abc", "bearer")),
        ([offers(b"chat.v1,bearer"), offers(b"abc")], b"", BearerToken("abc", "bearer")),
        ([offers(b"bearer, abc, chat.v2")], b"", BearerToken("abc", "chat.v2")),
        ([offers(b"chat.v2, bearer, abc")], b"", BearerToken("abc", "chat.v2")),
        ([offers(b"bearer, chat.v2")], b"", BearerToken("chat.v2", "bearer")),
        ([offers(b"chat.v1")], b"", None),
        ([], b"token=abc&room=1", BearerToken("abc")),
        ([], b"room=1&token=a%2Bb", BearerToken("a+b")),
        ([(b"authorization", b"Basic YTpi")], b"token=abc", BearerToken("abc")),
    ],
)
def test_a_token_is_found_where_it_may_be(layer: Any, headers: Any, query: bytes, found: BearerToken | None) -> None:
    assert EVERYWHERE.find(handshake(layer, *headers, query=query), configured=["chat.v2"]) == found


def test_a_token_is_not_looked_for_elsewhere(layer: Any) -> None:
    message = handshake(layer, (b"authorization", b"Bearer abc"), offers(b"bearer, def"), query=b"token=ghi")
    assert TokenPlaces(subprotocol=None).find(message) == BearerToken("abc")
    assert TokenPlaces(header=None).find(message) == BearerToken("def", "bearer")
    assert TokenPlaces(header=None, subprotocol=None, query="token").find(message) == BearerToken("ghi")


def test_another_header_holds_the_token_alone(layer: Any) -> None:
    message = handshake(layer, (b"x-api-key", b"abc"))
    assert TokenPlaces(header="X-API-Key").find(message) == BearerToken("abc")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"authorization", b"Bearer abc")], b"token=abc"),
        ([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")], b""),
        ([], b"token=a&token=b"),
        ([], b"token="),
        ([], "token=ä".encode()),
        ([], b"token=a%20b"),
        ([offers(b"chat.v1, bearer")], b""),
        ([(b"authorization", b"Bearer \xff")], b""),
    ],
)
def test_what_cannot_be_a_token_is_refused_without_telling_it(layer: Any, headers: Any, query: bytes) -> None:
    with pytest.raises(UnusableToken, match=r"one token, in one place|visible ASCII"):
        EVERYWHERE.find(handshake(layer, *headers, query=query))


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ({"header": None, "subprotocol": None}, "looks nowhere: name a header, a subprotocol or a query parameter"),
        ({"query": ""}, "query is a name such as 'token', or None, not ''"),
        ({"subprotocol": "two words"}, "subprotocol is a name such as 'token', or None, not 'two words'"),
        ({"header": True}, "header is a name such as 'token', or None, not True"),
    ],
)
def test_a_place_that_is_none_is_an_error_at_start(places: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        TokenPlaces(**places)


def test_a_token_does_not_show_itself() -> None:
    assert "abc" not in repr(BearerToken("abc"))
