"""Header values that hold the byte 0x85: NEL, a line end for some libraries, in ISO 8859-1; part of a letter in UTF-8.

The letters are accepted on every protocol; the byte is refused everywhere else.
"""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hostile.http.test_http2_floods import Client
from towpath.interface.http.headers import VALUE

HOST = b"Host: example.com\r\n"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
#: Letters whose UTF-8 holds 0x85 at each place where a character of each length can hold it.
LETTERS = ["Å", "х", "慅", "慀", "\u1145", "\u2105", "\u0805", "\ud7c5", "𑀅", "\U00015140", "\U00015040", "\U0001f605"]
#: 0x85 alone, as NEL, and in what only looks like UTF-8: too long, a surrogate, above U+10FFFF, incomplete.
NOT_CHARACTERS = [
    b"\x85", b"a\x85b", b"\xc2\x85", b"\xc1\x85", b"\xc0\x85", b"\xe0\x82\x85", b"\xe0\x85\x80", b"\xf0\x80\x82\x85",
    b"\xed\xa0\x85", b"\xf4\x90\x80\x85", b"\xf5\x85\x80\x80", b"\xe1\x85", b"\xe1\x85a", b"\xf1\x85\x80",
    b"\xf1\x80\x85", b"\xd1\x85\x85", b"\xd1a\x85", b"\xff\x85",
]  # fmt: skip


@pytest.mark.parametrize("letter", LETTERS)
def test_a_utf8_cookie_reaches_the_application(site: Any, letter: str) -> None:
    cookie = f"city={letter}леб; a=b".encode()
    (request,) = site.send([b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: " + cookie + b"\r\n\r\n"]).requests
    assert request["headers"][1] == (b"cookie", cookie)


@pytest.mark.parametrize("letter", LETTERS)
def test_a_handshake_with_a_utf8_cookie_is_accepted(make_site: Any, letter: str) -> None:
    site = make_site()
    cookie = f"city={letter}".encode()
    site.send([HANDSHAKE + b"Cookie: " + cookie + b"\r\n\r\n"])
    (handshake,) = site.handshakes
    assert handshake.head.all(b"cookie") == [cookie]


@pytest.mark.parametrize("letter", LETTERS)
def test_a_utf8_cookie_over_http2_reaches_the_application(make_site: Any, letter: str) -> None:
    client = Client(make_site())
    client.send(client.head(1, ("cookie", f"city={letter}")))
    (request,) = client.site.seen
    assert (b"cookie", f"city={letter}".encode()) in request["headers"]


def test_a_utf8_trailer_is_accepted(site: Any) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    (request,) = site.send([head + b"5\r\nhello\r\n0\r\nX: " + "хлеб".encode() + b"\r\n\r\n"]).requests
    assert request["body"] == b"hello"


@pytest.mark.parametrize("value", NOT_CHARACTERS)
def test_the_byte_outside_of_a_utf8_character_is_refused(site: Any, value: bytes) -> None:
    for place in (b"X: %b\r\n", b"X: a%bContent-Length: 5\r\n", b"X: \xd1\x85%b\r\n", b"Cookie: a=%b; b=c\r\n"):
        outcome = site.send([b"GET / HTTP/1.1\r\n" + HOST + place % value + b"\r\n"])
        assert outcome.requests == []
        assert outcome.statuses == [400]
        assert outcome.is_closed


@pytest.mark.parametrize("letter", LETTERS)
def test_a_utf8_letter_outside_of_a_value_is_refused(site: Any, letter: str) -> None:
    text = letter.encode()
    for line in (b"X%b: a", b"%bX: a", b"Host: a%b", b"Content-Length: 5%b", b"Transfer-Encoding: chunked%b"):
        outcome = site.send([b"POST / HTTP/1.1\r\n" + HOST + line % text + b"\r\n\r\n"])
        assert outcome.requests == []
        assert outcome.statuses in ([400], [501])
    assert site.send([b"GET /" + text + b" HTTP/1.1\r\n" + HOST + b"\r\n"]).statuses == [400]


#: A character of UTF-8 by Python's own decoder.
def _is_character(data: bytes) -> bool:
    try:
        return len(data.decode()) == 1 and data != b"\xc2\x85"
    except UnicodeDecodeError:
        return False


def _is_inside_character(value: bytes, at: int) -> bool:
    spans = [(begin, begin + length) for length in (2, 3, 4) for begin in range(max(at - length + 1, 0), at)]
    return any(at < end <= len(value) and _is_character(value[begin:end]) for begin, end in spans)


@given(
    st.lists(
        st.sampled_from(list(b"a \xc2\xc3\xd1\xe0\xe1\xed\xf0\xf1\xf4\xf5\x80\x85\x8f\x90\x9f\xa0\xbf")), max_size=9
    )
)
@example(list("хлеб".encode()))
def test_the_byte_is_accepted_exactly_where_pythons_utf8_decoder_accepts_it(codes: list[int]) -> None:
    value = bytes(codes)
    expected = all(_is_inside_character(value, at) for at, code in enumerate(value) if code == 0x85)
    assert (re.fullmatch(VALUE, value) is not None) == expected


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20))
def test_every_text_without_control_characters_is_a_value(text: str) -> None:
    assert re.fullmatch(VALUE, text.encode()) is not None
