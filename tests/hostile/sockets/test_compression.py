"""permessage-deflate over TCP: windows, contexts and fragments as the public suites vary them."""

import re
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

CONTINUATION, TEXT, BINARY = 0, 1, 2
COMPRESSED = 4
OFFER = b"Sec-WebSocket-Extensions: permessage-deflate"

OFFERS = [
    b"",
    b"; client_no_context_takeover; client_max_window_bits",
    b"; server_no_context_takeover",
    b"; server_max_window_bits=9",
    b"; server_max_window_bits=15",
    b"; client_max_window_bits; server_no_context_takeover; server_max_window_bits=9",
    b"; client_max_window_bits=9; server_no_context_takeover; server_max_window_bits=15",
]


@pytest.fixture(scope="module")
def compressing_server(start_server: Callable[..., Any]) -> Any:
    """A server with compression on, for every message."""
    return start_server("--compression", "on", "--compression-min-bytes", "0", "--grace", "2")


def agreed(answer: bytes) -> dict[bytes, bytes]:
    """Return the parameters that the server has agreed to."""
    (value,) = re.findall(rb"\r\nSec-WebSocket-Extensions: ([^\r]*)", answer)
    name, *parameters = value.split(b"; ")
    assert name == b"permessage-deflate"
    return dict(parameter.partition(b"=")[::2] for parameter in parameters)


def messages(length: int, count: int) -> list[bytes]:
    """Return texts that are long, repetitive and different."""
    words = [b"lorem", b"ipsum", b"dolor", "sît".encode(), b"amet"]
    return [
        b" ".join(words[(at * at + number) % 5] for at in range(length // 5 + 1))[:length] for number in range(count)
    ]


@pytest.mark.parametrize("length", [0, 16, 64, 1024, 8192, 131_072])
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_messages_are_echoed_compressed(
    compressing_server: Any, make_frame: Any, offer: bytes, length: int, opcode: int
) -> None:
    with closing(compressing_server.connect()) as client:
        parameters = agreed(client.handshake(OFFER + offer))
        assert b"server_no_context_takeover" in parameters
        assert b"client_no_context_takeover" in parameters
        deflate_bits = int(parameters.get(b"client_max_window_bits", b"15"))
        inflate_bits = int(parameters.get(b"server_max_window_bits", b"15"))
        for number, payload in enumerate(messages(length, 20)):
            if opcode == TEXT:
                payload = payload.decode(errors="ignore").encode()
            short = deflated(payload, deflate_bits)
            half = len(short) // 2 if number % 2 else 0
            client.send(make_frame(opcode, short[:half], is_last=False, reserved=COMPRESSED))
            client.send(make_frame(CONTINUATION, short[half:]))
            answer = client.frame()
            assert answer.opcode == opcode
            assert inflated(answer, inflate_bits) == payload


def deflated(payload: bytes, bits: int) -> bytes:
    """Compress as a client that keeps no context."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -bits)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def inflated(answer: Any, bits: int) -> bytes:
    """Inflate as a client that keeps no context, with no larger a window than agreed."""
    if not answer.reserved:
        return bytes(answer.payload)
    assert answer.reserved == COMPRESSED
    return zlib.decompressobj(-bits).decompress(answer.payload + b"\0\0\xff\xff")


def test_compressed_and_plain_messages_may_alternate(compressing_server: Any, make_frame: Any) -> None:
    with closing(compressing_server.connect()) as client:
        client.handshake(OFFER)
        for number, payload in enumerate(messages(500, 10)):
            payload = payload.decode(errors="ignore").encode()
            is_compressed = number % 2 == 0
            client.send(
                make_frame(TEXT, deflated(payload, 15) if is_compressed else payload, reserved=4 * is_compressed)
            )
            assert inflated(client.frame(), 15) == payload


def test_who_does_not_offer_it_gets_plain_messages(compressing_server: Any, make_frame: Any) -> None:
    with closing(compressing_server.connect()) as client:
        assert b"Extensions" not in client.handshake()
        client.send(make_frame(TEXT, b"x" * 1000))
        assert client.frame() == (TEXT, b"x" * 1000, True, 0)


def test_it_is_off_by_default(client: Any, make_frame: Any) -> None:
    assert b"Extensions" not in client.handshake(OFFER)
    client.send(make_frame(TEXT, deflated(b"text", 15), reserved=COMPRESSED))
    assert client.frame().payload[:2] == b"\x03\xea"
