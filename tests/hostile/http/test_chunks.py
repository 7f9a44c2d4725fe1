"""Chunked bodies: one strict reading of RFC 9112, 7.1, whatever the packets; everything else ends the connection."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from towpath.interface.http.chunks import BadChunk, ChunkedBody
from towpath.interface.http.headers import VALUE

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

#: The grammar as a whole, apart from the lengths: an oracle that knows nothing of packets. VALUE has tests of its own.
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LAST = re.compile(rb"0+(?:;" + VALUE + rb")?\r\n(?:" + _TOKEN + rb":" + VALUE + rb"\r\n)*\r\n")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;" + VALUE + rb")?\r\n")


def oracle(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the content of a complete body and what follows it; None if it is neither complete nor valid."""
    content = b""
    while True:
        size = _SIZE.match(data)
        if size is None:
            return None
        length = int(size[1], 16)
        if length == 0:
            last = _LAST.match(data)
            return None if last is None else (content, data[last.end() :])
        data = data[size.end() :]
        content += data[:length]
        if data[length : length + 2] != b"\r\n":
            return None
        data = data[length + 2 :]


def read(data: bytes, cuts: list[int]) -> tuple[bytes, bytes | None] | str:
    """Feed a body in pieces; return its content and the rest, or "bad"."""
    body, content = ChunkedBody(), b""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, end in pairwise(edges):
        if begin == end:
            continue
        try:
            piece, rest = body.feed(data[begin:end])
        except BadChunk:
            return "bad"
        content += piece
        if rest is not None:
            return content, rest + data[end:]
    return content, None


pieces = st.sampled_from(
    [b"0", b"1", b"5", b"a", b"F", b"1f", b"00", b"\r\n", b"\r", b"\n", b";", b";a=b", b' ; a="b"', b"hello", b"x" * 31,
     b" ", b"\t", b"0\r\n\r\n", b"5\r\nhello\r\n", b"1\r\nx\r\n", b"0x5", b"+5", b"-1", b"X: y\r\n", b"X y\r\n",
     b":\r\n", b"\x00", b"\x0b", b"\x85", b"\xff", b"_", b"G", NEXT]
)  # fmt: skip
soups = st.lists(pieces, max_size=12).map(b"".join)
bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=6).map(
    lambda chunks: b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
)


@given(soups | bodies | st.binary(max_size=60), st.lists(st.integers(0, 400), max_size=8))
@example(b"5\r\nhello\r\n0\r\nX: a\n\nGET / HTTP/1.1\r\n\r\n", [])
@example(b"1;a\nb\r\nx\r\n0\r\n\r\n", [])
def test_bodies_are_read_as_the_grammar_says_whatever_the_packets(data: bytes, cuts: list[int]) -> None:
    whole, cut = read(data, []), read(data, cuts)
    expected = oracle(data)
    if expected is not None:
        assert whole == cut == expected
    else:
        assert whole == "bad" or whole[1] is None
        assert (cut == "bad") is (whole == "bad")
        if whole != "bad":
            assert cut == whole


@given(bodies)
def test_every_split_in_two_gives_the_same(data: bytes) -> None:
    whole = read(data + NEXT, [])
    assert all(read(data + NEXT, [cut]) == whole for cut in range(len(data) + len(NEXT)))
    assert read(data + NEXT, list(range(len(data) + len(NEXT)))) == whole


@pytest.mark.parametrize(
    "body",
    [
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"5\r\nhello!!0\r\n\r\n",
        b"5\r\nhello\n\n0\r\n\r\n",
        b"5\r\nhello\n\r0\r\n\r\n",
        b"5\r\nhello\r\r0\r\n\r\n",
        b"5\rhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b";a\r\n\r\n",
        b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        b"5;a\rb\r\nhello\r\n0\r\n\r\n",
        b"5;a\x00\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"0000000000000000000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
        b"0\r\nX: a\n\n",
        b"0\r\nX: a\nY: b\r\n\r\n",
        b"0\r\nX: a\rb\r\n\r\n",
        b"0\r\nX: a\x00\r\n\r\n",
        b"0\r\n folded\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\n\n",
        b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"0\r\nX: " + b"y" * 100_000,
    ],
)
def test_a_broken_body_ends_the_connection(site: Any, body: bytes) -> None:
    outcome = site.send([HEAD + body + NEXT])
    assert outcome.requests == []
    assert outcome.statuses == [400]
    assert outcome.is_closed


@pytest.mark.parametrize("ending", [b"0\r\n\r\n", b"000;a=b\r\n\r\n", b'0;a="b;c"\r\nX-Sum: 1\r\nHost: other\r\n\r\n'])
def test_extensions_and_trailers_are_dropped(site: Any, ending: bytes) -> None:
    first, second = site.send([HEAD + b"5;a=b\r\nhello\r\n1\r\n!\r\n" + ending + NEXT]).requests
    assert first["body"] == b"hello!"
    assert first["headers"] == ((b"host", b"a"), (b"transfer-encoding", b"chunked"))
    assert second["path"] == "/next"


def test_the_smallest_chunks_cost_no_more_than_their_bytes(site: Any) -> None:
    """A tenth of a megabyte, one byte a chunk and one byte a packet: the work must grow with the bytes, not faster."""
    body = b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"
    (request,) = site.send([HEAD, *(body[at : at + 1] for at in range(len(body)))]).requests
    assert request["body"] == b"x" * 20_000
