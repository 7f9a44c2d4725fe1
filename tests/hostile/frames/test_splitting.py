"""Frames by property: a client's bytes mean the same as to a second parser, in any split into packets."""

from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.hostile.conftest import HAS_CURRENT_AUTOBAHN

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MOST_BYTES = 300

payloads = st.binary(max_size=20) | st.sampled_from(
    [b"", b"text", "äöü🦊".encode(), b"\xc3", b"\xa4", b"\xff", b"x" * 125, b"x" * 126, b"x" * (MOST_BYTES + 1)]
)
frames = st.tuples(
    st.sampled_from([CONTINUATION, TEXT, TEXT, BINARY, PING, PONG, CLOSE, 3, 11]),
    payloads,
    st.booleans(),
    st.sampled_from([0] * 12 + [1, 4]),
    st.sampled_from([True] * 12 + [False]),
)
closes = st.tuples(
    st.just(CLOSE),
    st.builds(lambda code, reason: code.to_bytes(2, "big") + reason, st.integers(0, 65535), st.binary(max_size=8)),
    st.just(True),
    st.just(0),
    st.just(True),
)
conversations = st.lists(frames | closes, max_size=12)


def encoded(make_frame: Any, conversation: list[tuple[int, bytes, bool, int, bool]]) -> bytes:
    """Return the bytes of a client's frames."""
    return b"".join(
        make_frame(opcode, payload, is_last=is_last, reserved=reserved, mask=bytes(4) if is_masked else None)
        for opcode, payload, is_last, reserved, is_masked in conversation
    )


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes into pieces."""
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges) if begin < end]


class Expected:
    """A second reader of frames: messages and pongs up to the first thing that is wrong, or the close."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bool]] = []
        self.pongs: list[bytes] = []
        #: The code of the server's close frame; None if there is none, 1005 if it has no code.
        self.close: int | None = None
        self._message: bytes | None = None
        self._is_binary = False

    def read(self, conversation: list[tuple[int, bytes, bool, int, bool]]) -> "Expected":
        for opcode, payload, is_last, reserved, is_masked in conversation:
            if self.close is not None:
                break
            if self._is_wrong(opcode, payload, is_last, reserved, is_masked):
                self.close = 1002
            elif opcode == PING:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                self.close = close_code(payload)
            elif opcode != PONG:
                self._data(opcode, payload, is_last)
        return self

    def _is_wrong(self, opcode: int, payload: bytes, is_last: bool, reserved: int, is_masked: bool) -> bool:
        if reserved or not is_masked or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            return True
        if opcode >= CLOSE:
            return not is_last or len(payload) > 125 or (opcode == CLOSE and len(payload) == 1)
        return (opcode == CONTINUATION) is (self._message is None)

    def _data(self, opcode: int, payload: bytes, is_last: bool) -> None:
        if opcode != CONTINUATION:
            self._message, self._is_binary = b"", opcode == BINARY
        message = self._message = (self._message or b"") + payload
        if len(message) > MOST_BYTES:
            self.close = 1009
        elif not self._is_binary and not is_text(message, is_last):
            self.close = 1007
        elif is_last:
            self.messages.append((message, self._is_binary))
            self._message = None


def is_text(data: bytes, is_whole: bool) -> bool:
    """Return whether bytes are UTF-8, or the beginning of it."""
    import codecs

    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, is_whole)
    except UnicodeDecodeError:
        return False
    return True


def close_code(payload: bytes) -> int:
    """Return the code that a client's close is answered with."""
    if not payload:
        return 1005
    code = int.from_bytes(payload[:2], "big")
    if not (code in (1000, 1001, 1002, 1003, *range(1007, 1014)) or 3000 <= code <= 4999):
        return 1002
    return code if is_text(payload[2:], True) else 1007


def frames_of(data: bytes) -> list[tuple[int, bytes]]:
    """Return opcode and payload of the server's frames, all of which are short."""
    found = []
    while data:
        length = data[1]
        assert length < 126
        found.append((data[0] & 15, data[2 : 2 + length]))
        data = data[2 + length :]
    return found


@given(conversations, st.lists(st.integers(0, 3000), max_size=10))
@example([(TEXT, b"\xc3", False, 0, True), (PING, b"p", True, 0, True), (CONTINUATION, b"\xa4", True, 0, True)], [3])
def test_frames_are_read_as_a_second_reader_reads_them(
    open_peer: Any, make_frame: Any, conversation: list[tuple[int, bytes, bool, int, bool]], cuts: list[int]
) -> None:
    expected = Expected().read(conversation)
    heard = open_peer(max_message_bytes=MOST_BYTES).send(cut(encoded(make_frame, conversation), cuts))
    written = frames_of(heard.written)
    closes_written = [payload for opcode, payload in written if opcode == CLOSE]
    assert heard.messages == expected.messages
    assert [payload for opcode, payload in written if opcode == PONG] == expected.pongs
    if expected.close is None:
        assert closes_written == []
        assert heard.code is None
    else:
        (payload,) = closes_written
        assert (int.from_bytes(payload[:2], "big") if payload else 1005) == expected.close
        assert written[-1][0] == CLOSE


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_any_bytes_at_all_come_to_the_same_in_any_packets(open_peer: Any, data: bytes, cuts: list[int]) -> None:
    whole, in_pieces = open_peer().send([data]), open_peer().send(cut(data, cuts))
    assert in_pieces.messages == whole.messages
    opcodes = [opcode for opcode, _ in frames_of(whole.written)]
    assert [opcode for opcode, _ in frames_of(in_pieces.written)] == opcodes
    codes = {whole.code, in_pieces.code}
    if not HAS_CURRENT_AUTOBAHN:  # an old one may wait for the client's close frame where it has more data to skip
        codes.discard(None)
    assert len(codes) <= 1


def test_every_split_in_two_gives_the_same(open_peer: Any, make_frame: Any) -> None:
    data = (
        make_frame(TEXT, "grün".encode())
        + make_frame(PING, b"p")
        + make_frame(BINARY, b"x" * 200, is_last=False)
        + make_frame(CONTINUATION, b"y" * 90)
        + make_frame(CLOSE, b"\x03\xe8bye")
    )
    whole = open_peer().send([data])
    assert len(whole.messages) == 2
    assert all(open_peer().send([data[:at], data[at:]]) == whole for at in range(len(data)))
    assert open_peer().send([data[at : at + 1] for at in range(len(data))]) == whole
