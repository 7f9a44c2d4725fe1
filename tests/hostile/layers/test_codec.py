"""Whatever bytes come out of the store: a message, or one kind of error. Whatever is sent arrives as it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.layers import codec
from towpath.layers.errors import DecodeError, EncodeError

plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.binary()
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    plain | texts, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)
contents = st.dictionaries(texts, values, max_size=6)
anything = st.recursive(
    plain | texts | st.integers() | st.complex_numbers() | st.text() | st.just(object()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.binary() | texts, inner, max_size=3),
    max_leaves=10,
)


@given(contents)
def test_what_is_sent_arrives_as_it_was(content: dict[str, Any]) -> None:
    codec.check_content(content)
    assert codec.unpack(codec.pack(content)) == content


@given(anything)
def test_what_cannot_travel_is_refused_with_one_kind_of_error(value: object) -> None:
    try:
        codec.check_content(value)
        packed = codec.pack(value)
    except EncodeError:
        return
    assert codec.unpack(packed) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    try:
        codec.unpack(data)
    except DecodeError:
        pass


@given(contents, st.data())
def test_a_truncated_or_lengthened_message_is_a_decode_error(content: dict[str, Any], data: st.DataObject) -> None:
    packed = codec.pack(content)
    cut = data.draw(st.integers(0, len(packed) - 1))
    for damaged in (packed[:cut], packed + b"\xc0"):
        with pytest.raises(DecodeError):
            codec.unpack(damaged)


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a", b"\xdc\x00\x01"])
def test_nesting_without_end_is_a_decode_error(opening: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.unpack(opening * 100_000 + b"\xc0")


@pytest.mark.parametrize("head", [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff"])
def test_an_announced_length_reserves_no_memory(head: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.unpack(head)


def test_nothing_longer_is_taken_than_may_be_sent() -> None:
    with pytest.raises(DecodeError):
        codec.unpack(codec.msgpack.packb(b"x" * (codec.MAX_MESSAGE_BYTES + 1)))


def test_a_type_that_nobody_sends_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        codec.unpack(b"\x81\xa1a\xd4\x05\x00")


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91" * 2000, b"\xa1\xff", b"\x00\x00"])
def test_a_decode_error_says_what_is_wrong(data: bytes) -> None:
    with pytest.raises(DecodeError, match=r"bytes that are not a message: .*[a-zA-Z]{4}"):
        codec.unpack(data)


@pytest.mark.parametrize("value", ["the secret", b"the secret", ["the secret"], 4_900_000_001])
def test_an_error_tells_nothing_of_a_message(value: object) -> None:
    with pytest.raises(EncodeError) as not_a_dict:
        codec.check_content(value)
    with pytest.raises(EncodeError) as key:
        codec.check_content({"a": {1: value, "b": object()}})
    for caught in (not_a_dict, key):
        assert "secret" not in str(caught.value)
        assert "4900000001" not in str(caught.value)
