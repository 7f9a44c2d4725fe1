"""permessage-deflate in memory: negotiation, bounds of inflation, and the state that remains after a message."""

import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.interface.config import InterfaceConfig
from towpath.interface.websocket import compression
from towpath.interface.websocket.compression import Agreement, Deflater, agree
from towpath.interface.websocket.replies import frame_of
from towpath.interface.websocket.sockets import deflater_of
from towpath.layers.errors import ConfigurationError

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
COMPRESSED = 4
KIB, MIB = 1024, 1024 * 1024
DEFAULT = Agreement(None, None)


def deflated(payload: bytes, bits: int = 15) -> bytes:
    """Compress a message as a client does."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -bits)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.fixture
def open_compressed(open_peer: Callable[..., Any]) -> Callable[..., Any]:
    """Open a socket whose client has offered compression."""

    def open_one(offer: bytes = b"permessage-deflate", **options: Any) -> Any:
        return open_peer(compression=True, extensions=(offer,), **options)

    return open_one


# The negotiation.


@pytest.mark.parametrize(
    ("offer", "agreement"),
    [
        (b"permessage-deflate", DEFAULT),
        (b"Permessage-Deflate", DEFAULT),
        (b" permessage-deflate ", DEFAULT),
        (b"permessage-deflate; server_no_context_takeover; client_no_context_takeover", DEFAULT),
        (b"permessage-deflate; client_max_window_bits", Agreement(None, 12)),
        (b"permessage-deflate; client_max_window_bits=10", Agreement(None, 10)),
        (b"permessage-deflate; client_max_window_bits=15", Agreement(None, 12)),
        (b"permessage-deflate; client_max_window_bits=8", DEFAULT),
        (b"permessage-deflate; server_max_window_bits=15", Agreement(12, None)),
        (b"permessage-deflate; server_max_window_bits=9", Agreement(9, None)),
        (b'permessage-deflate; server_max_window_bits="10"', Agreement(10, None)),
        (b"permessage-deflate; server_max_window_bits=8", None),
        (b"permessage-deflate; server_max_window_bits=8, permessage-deflate", DEFAULT),
        (b"permessage-deflate; unknown, permessage-deflate; client_max_window_bits", Agreement(None, 12)),
        (b"x-webkit-deflate-frame, permessage-deflate", DEFAULT),
        (b", ,permessage-deflate,", DEFAULT),
        (b"", None),
        (b"permessage-bzip2", None),
        (b"permessage-deflate-frame", None),
        (b"permessage-deflate; unknown", None),
        (b"permessage-deflate; server_max_window_bits", None),
        (b"permessage-deflate; server_max_window_bits=16", None),
        (b"permessage-deflate; server_max_window_bits=7", None),
        (b"permessage-deflate; server_max_window_bits=010", None),
        (b"permessage-deflate; server_max_window_bits=+10", None),
        (b"permessage-deflate; server_max_window_bits=1_0", None),
        (b"permessage-deflate; server_max_window_bits=\xb2", None),
        (b"permessage-deflate; client_max_window_bits=16", None),
        (b'permessage-deflate; client_max_window_bits=""', None),
        (b"permessage-deflate; server_no_context_takeover=1", None),
        (b"permessage-deflate; client_no_context_takeover=true", None),
        (b"permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        (b"permessage-deflate; client_max_window_bits; client_max_window_bits=10", None),
        (b"permessage-deflate;", None),
        (b"permessage-deflate; =10", None),
        (b"permessage-deflate x", None),
        (b"permessage-deflate; a=b=c", None),
        (b'permessage-deflate; a="b', None),
    ],
)
def test_the_first_offer_that_can_be_met_is(offer: bytes, agreement: Agreement | None) -> None:
    assert agree([offer], 12) == agreement


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([b"permessage-deflate", b";", b",", b"=", b'"', b"a"]), max_size=9
    )
)
def test_no_offer_makes_it_raise(pieces: list[bytes]) -> None:
    for values in (pieces, [b"".join(pieces)]):
        agreement = agree(values, 12)
        assert agreement is None or all(bits is None or 9 <= bits <= 12 for bits in agreement)


def test_the_longest_offers_are_read_in_no_time() -> None:
    for offer in (
        b"a;" * 16_000,
        b"a; a" * 8000 + b"=",
        b'permessage-deflate; a="' * 1400,
        b" " * 32_000,
        b"a" * 32_000,
    ):
        assert agree([offer], 12) is None


@pytest.mark.parametrize(
    "offer", [b"permessage-deflate; client_max_window_bits; server_max_window_bits=10", b"permessage-deflate"]
)
def test_an_older_autobahn_is_refused(monkeypatch: pytest.MonkeyPatch, offer: bytes) -> None:
    class Unbounded:
        def decompress_message_data(self, data: bytes) -> bytes:
            return data

    monkeypatch.setattr(compression, "PerMessageDeflate", Unbounded)
    with pytest.raises(ConfigurationError, match="autobahn"):
        deflater_of(InterfaceConfig(compression=True))
    assert deflater_of(InterfaceConfig()) is None


# Messages of the client.


@pytest.mark.parametrize("length", [0, 1, 125, 126, 8192, 100_000])
@pytest.mark.parametrize("bits", [9, 15])
def test_a_compressed_message_is_inflated(open_compressed: Any, make_frame: Any, length: int, bits: int) -> None:
    payload = (b"some text " * (length // 10 + 1))[:length]
    heard = open_compressed().send([make_frame(TEXT, deflated(payload, bits), reserved=COMPRESSED)] * 2)
    assert heard.messages == [(payload, False)] * 2


def test_a_compressed_message_may_come_in_fragments_and_packets(open_compressed: Any, make_frame: Any) -> None:
    payload = bytes(range(256)) * 20
    short = deflated(payload)
    first, rest = (
        make_frame(BINARY, short[:10], is_last=False, reserved=COMPRESSED),
        make_frame(CONTINUATION, short[10:]),
    )
    data = first + make_frame(PING) + rest + make_frame(TEXT, b"plain")
    for size in (1, 7, len(data)):
        heard = open_compressed().send([data[at : at + size] for at in range(0, len(data), size)])
        assert heard.messages == [(payload, True), (b"plain", False)]
        assert heard.written == b"\x8a\x00"


def test_an_empty_last_fragment_ends_a_compressed_message(open_compressed: Any, make_frame: Any) -> None:
    frames = [make_frame(TEXT, deflated(b"text"), is_last=False, reserved=COMPRESSED), make_frame(CONTINUATION)]
    assert open_compressed().send(frames).messages == [(b"text", False)]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(PING, b"", True, COMPRESSED)], 1002),
        ([(CLOSE, b"\x03\xe8", True, COMPRESSED)], 1002),
        ([(TEXT, deflated(b"x"), False, COMPRESSED), (CONTINUATION, b"", True, COMPRESSED)], 1002),
        ([(TEXT, b"x", True, 2)], 1002),
        ([(TEXT, deflated(b"x"), True, COMPRESSED | 1)], 1002),
        ([(TEXT, b"\xff\xff\xff\xff", True, COMPRESSED)], 1007),
        ([(BINARY, b"\x07garbage", True, COMPRESSED)], 1007),
        ([(TEXT, deflated(b"\xc3("), True, COMPRESSED)], 1007),
        ([(TEXT, deflated(b"\xc3"), True, COMPRESSED)], 1007),
    ],
)
def test_what_may_not_be_compressed_or_is_none_is_an_error(
    open_compressed: Any, make_frame: Any, frames: list[tuple[int, bytes, bool, int]], code: int
) -> None:
    heard = open_compressed().send(
        [make_frame(opcode, payload, is_last=is_last, reserved=rsv) for opcode, payload, is_last, rsv in frames]
    )
    assert heard.messages == []
    assert heard.written[:1] == b"\x88"
    assert heard.written[2:4] == struct.pack("!H", code)


def test_without_an_agreement_nothing_is_inflated(open_peer: Any, make_frame: Any) -> None:
    for peer in (open_peer(compression=True), open_peer(extensions=(b"permessage-deflate",))):
        heard = peer.send([make_frame(TEXT, deflated(b"text"), reserved=COMPRESSED)])
        assert heard.written[2:4] == struct.pack("!H", 1002)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_inflate_or_end_the_socket(open_peer: Any, make_frame: Any, payload: bytes, is_last: bool) -> None:
    peer = open_peer(compression=True, extensions=(b"permessage-deflate",), max_message_bytes=4 * KIB)
    heard = peer.send([make_frame(BINARY, payload, is_last=is_last, reserved=COMPRESSED), make_frame(CONTINUATION)])
    assert all(len(message) <= 4 * KIB for message, _ in heard.messages)


# Bombs.


@pytest.mark.parametrize("fragment", [50, 1 << 16])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_bomb_is_refused_before_it_is_large(
    open_compressed: Any, make_frame: Any, opcode: int, fragment: int
) -> None:
    bomb = deflated(b"\0" * (64 * MIB))
    parts = [bomb[at : at + fragment] for at in range(0, len(bomb), fragment)]
    frames = [make_frame(opcode, parts[0], is_last=False, reserved=COMPRESSED)]
    frames += [make_frame(CONTINUATION, part, is_last=False) for part in parts[1:]]
    peer = open_compressed(max_message_bytes=64 * KIB)
    tracemalloc.start()
    try:
        heard = peer.send([*frames, make_frame(CONTINUATION)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert heard.messages == []
    assert heard.written[2:4] == struct.pack("!H", 1009)
    assert peak < 2 * MIB


def test_the_longest_message_is_taken_also_if_deflate_makes_it_longer(open_compressed: Any, make_frame: Any) -> None:
    for payload in (b"x" * 64 * KIB, random.Random(1).randbytes(64 * KIB)):
        heard = open_compressed(max_message_bytes=64 * KIB).send(
            [make_frame(BINARY, deflated(payload), reserved=COMPRESSED)]
        )
        assert heard.messages == [(payload, True)]


@pytest.mark.parametrize("more", [1, 2, 100, 258, 600, 1023, 1024, 1025, 1536, 1537, 5000])
def test_a_longer_one_is_refused_and_never_cut(open_compressed: Any, make_frame: Any, more: int) -> None:
    peer = open_compressed(max_message_bytes=64 * KIB)
    heard = peer.send([make_frame(BINARY, deflated(b"x" * (64 * KIB + more)), reserved=COMPRESSED)])
    assert heard.messages == []
    assert heard.written[2:4] == struct.pack("!H", 1009)


def test_a_longer_one_that_is_not_compressed_is_refused_too(open_compressed: Any, make_frame: Any) -> None:
    peer = open_compressed(max_message_bytes=64 * KIB)
    heard = peer.send([make_frame(BINARY, b"x" * (64 * KIB + 1))])
    assert heard.messages == []
    assert heard.written[2:4] == struct.pack("!H", 1009)


def test_an_idle_socket_holds_no_window(open_compressed: Any, make_frame: Any) -> None:
    peers = [open_compressed() for _ in range(50)]
    data = make_frame(BINARY, deflated(bytes(range(256)) * 400), reserved=COMPRESSED)
    for peer in peers:
        peer.send([data])
        assert peer.socket._perMessageCompress._decompressor is None
        assert peer.socket._perMessageCompress._compressor is None


# Messages to the client.


@given(st.binary(max_size=3000) | st.text("ab", max_size=3000).map(str.encode), st.integers(9, 15), st.booleans())
def test_what_is_sent_inflates_to_what_was_said(payload: bytes, bits: int, is_text: bool) -> None:
    content = {"text": payload.decode("latin-1")} if is_text else {"bytes": payload}
    said = frame_of(content)
    assert said is not None
    sent = Deflater(bits, 0).compressed(said, None)
    assert len(sent) <= len(said)
    if sent is not said:
        begin = {126: 4, 127: 10}.get(sent[1], 2)
        assert sent[0] == said[0] | 0x40
        assert len(sent) - begin == (sent[1] if begin == 2 else int.from_bytes(sent[2:begin], "big"))
        inflate = zlib.decompressobj(-bits)
        expected = payload.decode("latin-1").encode() if is_text else payload
        assert inflate.decompress(sent[begin:] + b"\0\0\xff\xff") == expected


def test_a_frame_for_many_is_compressed_once() -> None:
    deflater = Deflater(12, 0)
    frame = frame_of({"text": "some text " * 100})
    assert frame is not None
    assert deflater.compressed(frame, None) is deflater.compressed(frame, 12)
    assert deflater.compressed(frame, 9) is deflater.compressed(frame, 9)


@pytest.mark.parametrize("content", [{"text": "short"}, {"text": "x" * 255}, {"bytes": bytes(range(256)) * 2}])
def test_what_would_not_be_shorter_is_sent_as_it_is(content: dict[str, Any]) -> None:
    frame = frame_of(content)
    assert frame is not None
    assert Deflater(9, 256).compressed(frame, None) is frame
