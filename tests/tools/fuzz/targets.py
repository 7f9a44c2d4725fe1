"""The fuzz targets: functions that take any bytes and raise where a promise of `tests/hostile` does not hold.

Most of them give the bytes to the body of a property there, which has a second reader or another packet size to compare
with. Seeds are bytes to begin with; the fuzzer finds its way from them.
"""

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from tests.fakes.frames import frame
from tests.fakes.http_site import Site
from tests.fakes.websocket_peer import peer
from tests.hostile.frames import test_compression as compression
from tests.hostile.frames import test_splitting as splitting
from tests.hostile.http import test_chunks as chunks
from tests.hostile.http import test_heads as heads
from tests.hostile.http import test_http2_floods as http2
from tests.hostile.layers import test_entries, test_names
from tests.hostile.migrate import test_modules as migrations
from towpath.interface.websocket.compression import agree
from towpath.interface.websocket.handshake import connect_content, handshake_key, offered_subprotocols
from towpath.interface.websocket.origin import is_origin_allowed
from towpath.layers import codec
from towpath.layers.contract import Envelope
from towpath.layers.encryption import FernetCipher
from towpath.layers.entries import EntryCodec, Kind
from towpath.layers.errors import DecodeError

HANDSHAKE = (
    b"GET /chat/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
)
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
CONTENT = {"text": "a", "bytes": b"\x00", "list": [1, None, {"a": 1.5}]}
CUTS = 4

PLAIN, SEALED = EntryCodec(), EntryCodec(FernetCipher(["key"], 60))


class Target(NamedTuple):
    """`run` raises AssertionError, or whatever else must not escape, for bytes that break a promise."""

    run: Callable[[bytes], object]
    seeds: list[bytes]


def body(test: Any) -> Callable[..., None]:
    """Return the body of a property: a function of one example."""
    found: Callable[..., None] = test.hypothesis.inner_test
    return found


def divided(data: bytes) -> tuple[bytes, list[int]]:
    """Take four places to cut at from the front of the bytes."""
    return data[CUTS:], [16 * place for place in data[:CUTS]] if len(data) > CUTS else []


def pieces(data: bytes) -> list[bytes]:
    """Cut bytes where they say: the first bytes are the lengths of the pieces."""
    count = data[0] % 6 if data else 0
    edges = [1 + count]
    for length in data[1 : 1 + count]:
        edges.append(edges[-1] + length)
    return [data[begin:end] for begin, end in pairwise(edges)]


def fuzz_codec(data: bytes) -> None:
    """A value that comes back as it is, or a DecodeError."""
    try:
        value = codec.unpack(data)
    except DecodeError:
        return
    packed = codec.pack(value)
    assert codec.pack(codec.unpack(packed)) == packed


def fuzz_names(data: bytes) -> None:
    """A plain name, or InvalidName."""
    text = data.decode("utf-8", "surrogateescape")
    for name in (text, data):
        body(test_names.test_a_name_is_plain_or_refused)(name)
        body(test_names.test_a_new_channel_takes_only_patterns)(name)


def fuzz_heads(data: bytes) -> None:
    """The same whatever the packets, and nothing but HTTP."""
    data, cuts = divided(data)
    body(heads.test_what_comes_of_bytes_does_not_depend_on_packets)(Site(), data, cuts)
    body(heads.test_no_bytes_make_the_server_raise_or_send_anything_but_http)(Site(), data)


def fuzz_chunks(data: bytes) -> None:
    """The expectation of the grammar."""
    body(chunks.test_bodies_are_read_as_the_grammar_says_whatever_the_packets)(*divided(data))


def fuzz_http2(data: bytes) -> None:
    """Frames never make it raise."""
    body(http2.test_no_frames_make_it_raise)(Site(), pieces(data))


def fuzz_handshakes(data: bytes) -> None:
    """Whatever headers it has, a handshake that comes through can be judged, and told to a worker."""
    site = Site()
    site.send([HANDSHAKE + data])
    for request in site.handshakes:
        head = request.head
        assert len(handshake_key(head)) == 24
        is_origin_allowed(head.all(b"origin"), head.host, head.scheme, ("https://*.example.com",))
        agree(head.all(b"sec-websocket-extensions"), 12)
        assert all(name.isascii() and name.isprintable() for name in offered_subprotocols(head))
        codec.pack(connect_content(head, "interface.me!you"))


def fuzz_frames(data: bytes) -> None:
    """The same whatever the packets."""
    body(splitting.test_any_bytes_at_all_come_to_the_same_in_any_packets)(peer, *divided(data))


def fuzz_compressed(data: bytes) -> None:
    """Any bytes inflate, or end the socket."""
    body(compression.test_any_bytes_inflate_or_end_the_socket)(peer, frame, data[1:], data[:1] > b"\x7f")


def fuzz_entries(data: bytes) -> None:
    """A poisoned inbox or queue goes on."""
    for entries in (PLAIN, SEALED):
        body(test_entries.test_a_poisoned_inbox_goes_on)(entries, pieces(data))
        body(test_entries.test_a_queue_entry_is_a_message_or_a_decode_error)(entries, data)
    body(test_entries.test_the_age_of_any_entry_can_be_told)(data)


def fuzz_settlements(data: bytes) -> None:
    """A settlement is one, or is skipped."""
    body(test_entries.test_a_poisoned_inbox_goes_on)(PLAIN, [Kind.SETTLED + data])


def fuzz_migrations(data: bytes) -> None:
    """A module is rewritten or reported. Only short ones: long ones can overflow the parser's stack."""
    body(migrations.test_any_module_is_rewritten_or_reported)(data[:512].decode("utf-8", "surrogateescape"))


def lengths(*parts: bytes) -> bytes:
    """Return bytes that `pieces` cuts into these."""
    return bytes([len(parts), *map(len, parts)]) + b"".join(parts)


def after_cuts(*parts: bytes) -> list[bytes]:
    """Return seeds for targets that divide."""
    return [bytes([1, 2, 3, 5]) + part for part in parts]


TARGETS = {
    "codec": Target(fuzz_codec, [codec.pack(CONTENT), codec.pack([])]),
    "names": Target(fuzz_names, [b"websocket.receive", b"interface.abc!def", b"reply?x", "é".encode(), b"a\n"]),
    "heads": Target(
        fuzz_heads,
        after_cuts(
            heads.GET,
            b"POST /l HTTP/1.1\r\n" + heads.HOST + b"Content-Length: 5\r\n\r\nhello" + heads.GET,
            b"POST /c HTTP/1.1\r\n" + heads.HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
            b"GET http://a/%ff?x HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
        ),
    ),
    "chunks": Target(
        fuzz_chunks, after_cuts(b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", b"1f\r\n" + b"x" * 31 + b"\r\n0\r\n\r\n")
    ),
    "http2": Target(
        fuzz_http2,
        [
            lengths(http2.frame(4, 0, 0, b""), http2.frame(1, 5, 1, b"\x82\x86\x84\x41\x01a")),
            lengths(
                http2.frame(6, 0, 0, b"x" * 8), http2.frame(8, 0, 0, b"\0\0\0\1"), http2.frame(3, 0, 1, b"\0\0\0\0")
            ),
        ],
    ),
    "handshakes": Target(
        fuzz_handshakes,
        [
            KEY + b"\r\n",
            KEY + b"Origin: http://a\r\nSec-WebSocket-Protocol: a, b\r\n\r\n",
            KEY + b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n\r\n",
        ],
    ),
    "frames": Target(
        fuzz_frames,
        after_cuts(
            frame(1, b"text") + frame(9, b"p"),
            frame(2, b"x", is_last=False) + frame(0, b"y") + frame(8, struct.pack("!H", 1000) + b"bye"),
            frame(1, "ä".encode()[:1], is_last=False) + frame(0, "ä".encode()[1:]),
        ),
    ),
    "compressed": Target(fuzz_compressed, [b"\xff\xf2H\xcd\xc9\xc9\x07\x00", b"\xff\x00", b"\x00\xca\x00"]),
    "entries": Target(
        fuzz_entries,
        [
            lengths(PLAIN.delivery("you", CONTENT), PLAIN.settled("you", 1, [CONTENT], b"state")),
            lengths(SEALED.delivery("you", {"a": 1})[:250]),
            test_entries.HEADER.pack(0, 1) + PLAIN.queue_body(Envelope("a", CONTENT, 1, None)),
        ],
    ),
    "migrations": Target(fuzz_migrations, [migrations.MODULE.encode(), *(part.encode() for part in migrations.PARTS)]),
    "settlements": Target(
        fuzz_settlements, [PLAIN.settled("you", 1, [CONTENT], state)[1:] for state in (None, b"state")]
    ),
}
