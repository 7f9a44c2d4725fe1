"""Pages of other sites may not open sockets here with their visitor's cookies: only the very same origin may."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from towpath.interface.websocket.origin import is_origin_allowed

OPEN, FORBIDDEN = b"HTTP/1.1 101 ", b"HTTP/1.1 403 "
HOST = b"chat.example.com:8000"

FOREIGN = [
    b"http://evil.example",
    b"http://chat.example.com",
    b"http://chat.example.com:80",
    b"http://chat.example.com:8001",
    b"http://chat.example.com:80000",
    b"https://chat.example.com",
    b"http://example.com:8000",
    b"http://evil.chat.example.com:8000",
    b"http://chat.example.com.evil.example:8000",
    b"http://chat.example.com:8000.evil.example",
    b"http://chat.example.com:8000@evil.example",
    b"http://evil.example@chat.example.com:8000",
    b"http://evilchat.example.com:8000",
    b"http://chat-example.com:8000",
    b"http://chat.example.com.:8000",
    b"http://chat.example.com:8000/",
    b"http://chat.example.com:8000/path",
    b"http://chat.example.com:8000?x",
    b"http://chat.example.com:8000#x",
    b"http://chat.example.com:8000 http://evil.example",
    b"http://evil.example, http://chat.example.com:8000",
    b"http://chat.example.com:8000\\.evil.example",
    b"http://chat.example.com%00.evil.example:8000",
    b"http://ch\xc3\xa0t.example.com:8000",
    b"http://xn--cht-gla.example.com:8000",
    b"ftp://chat.example.com:8000",
    b"ws://chat.example.com:8000",
    b"file://",
    b"file://chat.example.com:8000",
    b"chrome-extension://chat.example.com:8000",
    b"chat.example.com:8000",
    b"//chat.example.com:8000",
    b"http:chat.example.com:8000",
    b"http:///chat.example.com:8000",
    b"null",
    b"NULL",
    b"undefined",
    b"*",
    b"",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_page_is_refused(client: Any, origin: bytes) -> None:
    head = client.handshake(b"Origin: " + origin, b"Cookie: sessionid=visitor", host=HOST)
    assert head.startswith(FORBIDDEN)


@pytest.mark.parametrize("origin", [b"http://chat.example.com:8000", b"HTTP://Chat.Example.COM:8000"])
def test_a_page_of_the_own_origin_is_let_in(client: Any, origin: bytes) -> None:
    assert client.handshake(b"Origin: " + origin, host=HOST).startswith(OPEN)


def test_two_origins_are_one_too_many(client: Any) -> None:
    own = b"Origin: http://chat.example.com:8000"
    assert client.handshake(own, own, host=HOST).startswith(FORBIDDEN)


@pytest.mark.parametrize(
    "name",
    [b"X-Forwarded-Host", b"X-Original-Host", b"X-Host", b"Forwarded", b"X_Forwarded_Host", b"X-Forwarded-Server"],
)
def test_no_other_header_says_where_this_is(client: Any, name: bytes) -> None:
    head = client.handshake(b"Origin: http://evil.example", name + b": evil.example", host=HOST)
    assert head.startswith(FORBIDDEN)


def test_a_client_without_an_origin_is_accepted(client: Any) -> None:
    assert client.handshake(host=HOST).startswith(OPEN)


def test_a_page_needs_the_scheme_that_a_trusted_proxy_tells(behind_a_proxy: Any) -> None:
    told = (b"X-Forwarded-Proto: https", b"X-Forwarded-For: 192.0.2.9")
    for origin, answer in (
        (b"https://shop.example", OPEN),
        (b"http://shop.example", FORBIDDEN),
        (b"https://shop.example:8443", FORBIDDEN),
        (b"https://partner.example", OPEN),
        (b"http://partner.example", FORBIDDEN),
        (b"https://app.friends.example", OPEN),
        (b"https://evilfriends.example", FORBIDDEN),
        (b"null", FORBIDDEN),
    ):
        with closing(behind_a_proxy.connect()) as client:
            assert client.handshake(*told, b"Origin: " + origin, host=b"shop.example").startswith(answer), origin


@pytest.fixture(scope="session")
def behind_a_proxy(start_server: Callable[..., Any]) -> Any:
    """A server whose client on 127.0.0.1 is a trusted proxy."""
    own = ["--allowed-origin", "https://partner.example", "--allowed-origin", ".friends.example"]
    return start_server("--trusted-proxies", "127.0.0.1", "--grace", "2", *own)


near = st.text(st.sampled_from("htps:/.@#?\\%chaexmlo -[]0189\x85\xa0é"), max_size=30)


@given(near | st.text(max_size=30))
@example("http://chat.example.com:8000\xa0")
@example("http://chat.example.com:8000\x85")
def test_no_other_text_is_the_own_origin(text: str) -> None:
    value = text.encode("latin-1", "ignore")
    if is_origin_allowed([value], HOST, "http"):
        assert value.lower() in (b"http://" + HOST, b"https://" + HOST)
