"""Handshakes: the fields of RFC 6455, 4.2.1, one by one, and values of clients that must not get into the answer."""

import base64
import hashlib
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    b"Host": b"example.com",
    b"Upgrade": b"websocket",
    b"Connection": b"Upgrade",
    b"Sec-WebSocket-Version": b"13",
    b"Sec-WebSocket-Key": KEY,
}


def shake(client: Any, changes: dict[bytes, bytes | None], line: bytes = b"GET / HTTP/1.1", more: bytes = b"") -> bytes:
    """Send a handshake with fields changed, or left out (None); return the answer's head."""
    fields = {**GOOD, **changes}
    lines = [line, *(name + b": " + value for name, value in fields.items() if value is not None)]
    client.send(b"\r\n".join(lines) + b"\r\n" + more + b"\r\n")
    return bytes(client.head())


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer[9:12])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 101),
        ({b"Upgrade": b"WebSocket"}, 101),
        ({b"Upgrade": b"foo, websocket"}, 101),
        ({b"Connection": b"keep-alive, Upgrade"}, 101),
        ({b"Connection": b"UPGRADE"}, 101),
        ({b"Connection": None}, 400),
        ({b"Connection": b"close"}, 400),
        ({b"Connection": b"Upgraded"}, 400),
        ({b"Upgrade": None}, 200),
        ({b"Upgrade": b"websockets"}, 200),
        ({b"Upgrade": b"h2c"}, 200),
        ({b"Host": None}, 400),
        ({b"Host": b"a b"}, 400),
        ({b"Sec-WebSocket-Version": None}, 426),
        ({b"Sec-WebSocket-Version": b"8"}, 426),
        ({b"Sec-WebSocket-Version": b"0"}, 426),
        ({b"Sec-WebSocket-Version": b"013"}, 426),
        ({b"Sec-WebSocket-Version": b"13, 8"}, 426),
        ({b"Sec-WebSocket-Version": b"-13"}, 426),
        ({b"Sec-WebSocket-Key": None}, 400),
        ({b"Sec-WebSocket-Key": b""}, 400),
        ({b"Sec-WebSocket-Key": b"short"}, 400),
        ({b"Sec-WebSocket-Key": base64.b64encode(b"x" * 15)}, 400),
        ({b"Sec-WebSocket-Key": base64.b64encode(b"x" * 17)}, 400),
        ({b"Sec-WebSocket-Key": KEY[:-2]}, 400),
        ({b"Sec-WebSocket-Key": KEY + b"=="}, 400),
        ({b"Sec-WebSocket-Key": b"-_" + KEY[2:]}, 400),
        ({b"Sec-WebSocket-Key": KEY[:10] + b" " + KEY[10:]}, 400),
        ({b"Content-Length": b"5"}, 400),
        ({b"Transfer-Encoding": b"chunked"}, 400),
    ],
)
def test_each_field_is_looked_at(client: Any, changes: dict[bytes, bytes | None], expected: int) -> None:
    assert status(shake(client, changes)) == expected


@pytest.mark.parametrize("line", [b"POST / HTTP/1.1", b"HEAD / HTTP/1.1", b"GET / HTTP/1.0", b"OPTIONS * HTTP/1.1"])
def test_only_a_get_of_http_1_1_opens_a_socket(client: Any, line: bytes) -> None:
    assert status(shake(client, {}, line)) == 400


@pytest.mark.parametrize("name", [b"Sec-WebSocket-Key", b"Sec-WebSocket-Version"])
def test_no_field_stands_twice(client: Any, name: bytes) -> None:
    assert status(shake(client, {}, more=name + b": " + GOOD[name] + b"\r\n")) in (400, 426)


def test_a_wrong_version_is_answered_with_the_right_one(client: Any) -> None:
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in shake(client, {b"Sec-WebSocket-Version": b"8"})


def test_the_answer_proves_that_the_key_was_read(client: Any) -> None:
    key = base64.b64encode(bytes(range(16)))
    proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    assert b"\r\nSec-WebSocket-Accept: " + proof in client.handshake(key=key)


def test_nothing_is_agreed_to_that_was_not_asked_for(client: Any) -> None:
    answer = client.handshake(b"Sec-WebSocket-Protocol: chat, superchat", b"Sec-WebSocket-Extensions: x-webkit-deflate")
    assert status(answer) == 101
    assert b"sec-websocket-protocol" not in answer.lower()
    assert b"sec-websocket-extensions" not in answer.lower()


def test_frames_may_follow_the_handshake_in_one_packet(client: Any, make_frame: Any) -> None:
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in GOOD.items())
    client.send(b"GET / HTTP/1.1\r\n" + fields + b"\r\n" + make_frame(1, b"early") + make_frame(9, b"p"))
    assert status(client.head()) == 101
    assert {client.frame().payload, client.frame().payload} == {b"early", b"p"}


values = st.binary(max_size=30) | st.sampled_from([KEY, b"13", b"websocket", b"Upgrade", b"a, b", b"\xff", b'"', b";"])
names = st.sampled_from([*GOOD, b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Extensions", b"Origin", b"Cookie"])


@settings(max_examples=60)
@given(changes=st.dictionaries(names, values, max_size=4))
def test_no_fields_make_the_server_fail_or_echo_them(server: Any, changes: dict[bytes, bytes]) -> None:
    with closing(server.connect()) as client:
        try:
            answer = shake(client, {**changes})
        except EOFError:
            return
        assert status(answer) in (101, 200, 400, 403, 426, 501)
        allowed = {
            b"upgrade",
            b"connection",
            b"sec-websocket-accept",
            b"sec-websocket-version",
            b"date",
            b"content-type",
        }
        lines = answer.split(b"\r\n")[1:]
        assert {line.partition(b":")[0].lower() for line in lines} <= {*allowed, b"content-length", b"retry-after"}


def test_a_path_that_would_travel_with_each_frame_is_refused(client: Any) -> None:
    assert client.handshake(path=b"/" + b"x" * 31_000).startswith(b"HTTP/1.1 414 ")
