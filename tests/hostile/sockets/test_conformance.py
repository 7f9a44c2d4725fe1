"""RFC 6455 frame by frame, over TCP: valid frames are answered, invalid ones end the connection with the right code.

The parts are those of the public conformance suites: framing, pings, reserved bits, opcodes, fragments, UTF-8, closing.
"""

import struct
from typing import Any

import pytest

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
LENGTHS = [0, 1, 125, 126, 127, 128, 65535, 65536, 100_000]
PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1002, 1007, 1009


def echoed(client: Any, opcode: int, payload: bytes) -> None:
    """Expect a message back."""
    assert client.frame() == (opcode, payload, True, 0)


def closed_with(client: Any, code: int) -> None:
    """Expect a close frame, after whatever else, and the end of the connection without the client's answer."""
    opcode, payload, *_ = client.frames()[-1]
    assert opcode == CLOSE
    assert struct.unpack("!H", payload[:2])[0] == code
    payload[2:].decode()


def dribble(data: bytes) -> list[bytes]:
    """Return bytes one by one."""
    return [data[at : at + 1] for at in range(len(data))]


# Framing.


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_of_any_length_is_echoed(open_client: Any, make_frame: Any, opcode: int, length: int) -> None:
    payload = b"*" * length if opcode == TEXT else bytes(at * 7 % 256 for at in range(length))
    open_client.send(make_frame(opcode, payload))
    echoed(open_client, opcode, payload)


@pytest.mark.parametrize("length", [0, 1, 126, 300])
def test_a_message_may_come_byte_by_byte(open_client: Any, make_frame: Any, length: int) -> None:
    open_client.send(*dribble(make_frame(TEXT, b"*" * length)))
    echoed(open_client, TEXT, b"*" * length)


def test_many_messages_in_one_packet_are_echoed_in_their_order(open_client: Any, make_frame: Any) -> None:
    open_client.send(b"".join(make_frame(TEXT, b"%d" % number) for number in range(200)))
    for number in range(200):
        echoed(open_client, TEXT, b"%d" % number)


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04"])
def test_any_mask_is_a_mask(open_client: Any, make_frame: Any, mask: bytes) -> None:
    open_client.send(make_frame(TEXT, b"some text", mask=mask))
    echoed(open_client, TEXT, b"some text")


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_a_frame_without_a_mask_is_an_error(open_client: Any, make_frame: Any, opcode: int) -> None:
    open_client.send(make_frame(opcode, b"\x03\xe8", mask=None))
    closed_with(open_client, PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "head",
    [
        b"\x81\xfe\x00\x7d",
        b"\x81\xfe\x00\x00",
        b"\x81\xff" + struct.pack("!Q", 125),
        b"\x81\xff" + struct.pack("!Q", 65535),
        b"\x82\xff" + struct.pack("!Q", 1 << 63),
        b"\x82\xff" + struct.pack("!Q", (1 << 64) - 1),
    ],
)
def test_a_length_is_written_in_one_way_only(open_client: Any, head: bytes) -> None:
    open_client.send(head + b"mask" + b"x" * 125)
    closed_with(open_client, PROTOCOL_ERROR)


# Pings and pongs.


@pytest.mark.parametrize("payload", [b"", b"hello", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"*" * 125])
def test_a_ping_is_answered_with_its_payload(open_client: Any, make_frame: Any, payload: bytes) -> None:
    open_client.send(make_frame(PING, payload))
    assert open_client.frame() == (PONG, payload, True, 0)


def test_a_ping_byte_by_byte_is_answered(open_client: Any, make_frame: Any) -> None:
    open_client.send(*dribble(make_frame(PING, b"*" * 125)))
    assert open_client.frame() == (PONG, b"*" * 125, True, 0)


def test_ten_pings_are_answered_in_their_order(open_client: Any, make_frame: Any) -> None:
    open_client.send(*[make_frame(PING, b"%d" % number) for number in range(10)])
    assert [open_client.frame().payload for _ in range(10)] == [b"%d" % number for number in range(10)]


def test_unsolicited_pongs_are_ignored(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(PONG), make_frame(PONG, b"unasked"), make_frame(PING, b"asked"))
    assert open_client.frame() == (PONG, b"asked", True, 0)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
@pytest.mark.parametrize("length", [126, 70_000])
def test_a_control_frame_is_never_long(open_client: Any, make_frame: Any, opcode: int, length: int) -> None:
    open_client.send(make_frame(opcode, b"\x03\xe8" + b"*" * (length - 2)))
    closed_with(open_client, PROTOCOL_ERROR)


# Reserved bits and opcodes.


@pytest.mark.parametrize("reserved", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_reserved_bits_are_an_error(open_client: Any, make_frame: Any, opcode: int, reserved: int) -> None:
    open_client.send(make_frame(opcode, b"\x03\xe8", reserved=reserved))
    closed_with(open_client, PROTOCOL_ERROR)


@pytest.mark.parametrize("payload", [b"", b"reserved"])
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes_are_an_error(open_client: Any, make_frame: Any, opcode: int, payload: bytes) -> None:
    open_client.send(*dribble(make_frame(opcode, payload)[:2]), make_frame(PING))
    closed_with(open_client, PROTOCOL_ERROR)


def test_what_follows_a_violation_is_not_read(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(TEXT, b"before", reserved=2) + make_frame(PING, b"after") + make_frame(TEXT, b"after"))
    frames = open_client.frames()
    assert [opcode for opcode, *_ in frames] == [CLOSE]


# Fragments.


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("parts", [[b"fragment1", b"fragment2"], [b"", b"", b""], [b"a", b"", b"b"], [b"x"] * 50])
def test_fragments_make_one_message(open_client: Any, make_frame: Any, opcode: int, parts: list[bytes]) -> None:
    first, *others = parts
    frames = [make_frame(opcode, first, is_last=False)]
    frames += [make_frame(CONTINUATION, part, is_last=False) for part in others[:-1]]
    open_client.send(*frames, make_frame(CONTINUATION, others[-1]))
    echoed(open_client, opcode, b"".join(parts))


def test_a_ping_between_fragments_is_answered_before_the_message(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(TEXT, b"one ", is_last=False), make_frame(PING, b"between"))
    assert open_client.frame() == (PONG, b"between", True, 0)
    open_client.send(make_frame(CONTINUATION, b"two"))
    echoed(open_client, TEXT, b"one two")


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_is_never_a_fragment(open_client: Any, make_frame: Any, opcode: int) -> None:
    open_client.send(make_frame(opcode, b"\x03\xe8", is_last=False), make_frame(CONTINUATION, b"rest"))
    closed_with(open_client, PROTOCOL_ERROR)


@pytest.mark.parametrize("is_last", [True, False])
def test_nothing_is_continued_that_was_not_begun(open_client: Any, make_frame: Any, is_last: bool) -> None:
    open_client.send(make_frame(CONTINUATION, b"rest", is_last=is_last), make_frame(TEXT, b"text"))
    closed_with(open_client, PROTOCOL_ERROR)


@pytest.mark.parametrize("is_last", [True, False])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_no_message_begins_inside_of_another(open_client: Any, make_frame: Any, opcode: int, is_last: bool) -> None:
    open_client.send(make_frame(TEXT, b"first", is_last=False), make_frame(opcode, b"second", is_last=is_last))
    closed_with(open_client, PROTOCOL_ERROR)


# Text.

GOOD_TEXTS = [
    b"", b"\x00", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xb7\x90", b"\xf0\x9f\xbf\xbe",
    "Hello-µ@ßöäüàá-UTF-8!!".encode(), "κόσμε".encode(), "𐍈🦊".encode(),
]  # fmt: skip
BAD_TEXTS = [
    b"\x80", b"\xbf", b"\x80\xbf", bytes(range(0x80, 0xC0)), b"\xc0 ", b"\xff", b"\xfe", b"\xfe\xfe\xff\xff",
    b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf",
    b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"good\xc3(bad",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD_TEXTS)
def test_text_is_echoed_however_it_is_cut(open_client: Any, make_frame: Any, text: bytes) -> None:
    open_client.send(make_frame(TEXT, text))
    echoed(open_client, TEXT, text)
    open_client.send(make_frame(TEXT, is_last=False))
    open_client.send(*[make_frame(CONTINUATION, byte, is_last=False) for byte in dribble(text)])
    open_client.send(*dribble(make_frame(CONTINUATION)))
    echoed(open_client, TEXT, text)


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_bytes_that_are_no_text_are_refused(open_client: Any, make_frame: Any, text: bytes) -> None:
    open_client.send(make_frame(TEXT, b"good " + text))
    opcode, payload, *_ = open_client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", BAD_TEXT))


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_bytes_that_are_no_text_are_refused_in_fragments(open_client: Any, make_frame: Any, text: bytes) -> None:
    open_client.send(make_frame(TEXT, is_last=False))
    open_client.send(b"".join(make_frame(CONTINUATION, byte, is_last=False) for byte in dribble(text)))
    open_client.send(make_frame(CONTINUATION))
    opcode, payload, *_ = open_client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", BAD_TEXT))


def test_bad_text_is_refused_before_its_end(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(TEXT, b"\xce\xba\xf4\x90" + b"x" * 1000)[:40])
    opcode, payload, *_ = open_client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", BAD_TEXT))


def test_binary_messages_are_never_text(open_client: Any, make_frame: Any) -> None:
    open_client.send(*[make_frame(BINARY, text) for text in BAD_TEXTS])
    for text in BAD_TEXTS:
        echoed(open_client, BINARY, text)


# Closing.

GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999]
BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


@pytest.mark.parametrize("code", GOOD_CODES)
@pytest.mark.parametrize("reason", [b"", b"going \xc3\xa4way", b"*" * 123])
def test_a_close_is_answered_with_its_code(open_client: Any, make_frame: Any, code: int, reason: bytes) -> None:
    open_client.send(make_frame(CLOSE, struct.pack("!H", code) + reason))
    closed_with(open_client, code)


def test_a_close_without_a_code_is_answered_without_one(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(CLOSE))
    assert open_client.frames() == [(CLOSE, b"", True, 0)]


@pytest.mark.parametrize("code", BAD_CODES)
def test_a_code_that_must_not_be_sent_is_an_error(open_client: Any, make_frame: Any, code: int) -> None:
    open_client.send(make_frame(CLOSE, struct.pack("!H", code)))
    closed_with(open_client, PROTOCOL_ERROR)


def test_half_a_code_is_an_error(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(CLOSE, b"\x03"))
    closed_with(open_client, PROTOCOL_ERROR)


def test_a_reason_that_is_not_text_is_refused(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(CLOSE, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"))
    closed_with(open_client, BAD_TEXT)


def test_what_follows_a_close_is_not_read(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(CLOSE, b"\x03\xe8") + make_frame(PING) + make_frame(TEXT, b"x") + make_frame(CLOSE))
    assert [opcode for opcode, *_ in open_client.frames()] == [CLOSE]


def test_a_message_before_a_close_counts(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(TEXT, b"last words"))
    echoed(open_client, TEXT, b"last words")
    open_client.send(make_frame(CLOSE, b"\x03\xe8"))
    closed_with(open_client, 1000)


def test_a_close_in_the_middle_of_a_message_ends_it(open_client: Any, make_frame: Any) -> None:
    open_client.send(make_frame(TEXT, b"half of", is_last=False), make_frame(CLOSE, b"\x03\xe8"))
    closed_with(open_client, 1000)


# Limits.


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_the_longest_message_is_echoed(open_client: Any, make_frame: Any, opcode: int) -> None:
    payload = b"*" * (1 << 20)
    open_client.send(make_frame(opcode, payload))
    echoed(open_client, opcode, payload)
    step = 1 << 14
    open_client.send(make_frame(opcode, payload[:step], is_last=False))
    open_client.send(*[make_frame(CONTINUATION, payload[:step], is_last=False)] * (len(payload) // step - 1))
    open_client.send(make_frame(CONTINUATION))
    echoed(open_client, opcode, payload)


@pytest.mark.parametrize("length", [(1 << 20) + 1, 1 << 32, (1 << 63) - 1])
def test_a_longer_one_is_refused_by_its_head(open_client: Any, length: int) -> None:
    open_client.send(b"\x82\xff" + struct.pack("!Q", length) + b"mask")
    opcode, payload, *_ = open_client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", TOO_BIG))


def test_a_longer_one_in_fragments_is_refused(open_client: Any, make_frame: Any) -> None:
    half = b"*" * (1 << 19)
    open_client.send(make_frame(BINARY, half, is_last=False), make_frame(CONTINUATION, half, is_last=False))
    open_client.send(make_frame(CONTINUATION, b"*"))
    opcode, payload, *_ = open_client.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", TOO_BIG))


@pytest.mark.parametrize("size", [997, 1 << 16])
def test_it_does_not_matter_how_a_message_is_cut_into_packets(open_client: Any, make_frame: Any, size: int) -> None:
    data = make_frame(BINARY, b"*" * 65536)
    open_client.send(*[data[at : at + size] for at in range(0, len(data), size)])
    echoed(open_client, BINARY, b"*" * 65536)
