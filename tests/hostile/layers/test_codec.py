"""Whatever bytes come out of the store: a message, or one kind of error. Whatever is sent arrives as it was."""

from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from towpath.channels.outbox import snapshot
from towpath.layers import codec
from towpath.layers.contract import SESSION_STATE_MAX_BYTES, Envelope
from towpath.layers.entries import HEADER, EntryCodec
from towpath.layers.errors import DecodeError, EncodeError, MessageTooLarge


class Text(str):
    """A str of an application's own, such as Django's SafeString."""


class Colour(str, Enum):
    """A choice of a model."""

    RED = "red"


class Level(IntEnum):
    """A choice of a model."""

    HIGH = 2


def nested(value: object, levels: int) -> object:
    """Return `value` inside `levels` lists."""
    for _ in range(levels):
        value = [value]
    return value


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


#: Values that libraries and models give, sendable or not.
found = st.sampled_from(
    (Text("safe"), Colour.RED, Level.HIGH, Decimal("1.5"), datetime(2020, 1, 1), (1, ("a",)), {1}, range(2), ...)
) | st.sampled_from((bytearray(b"a"), memoryview(b"a"), msgpack.ExtType(5, b"a"), msgpack.Timestamp(1, 1)))
surrogates = st.text(st.characters(categories=["Cs", "Ll"]), max_size=3)
integers = st.integers() | st.integers(-(2**63) - 2, -(2**63) + 1) | st.integers(2**64 - 2, 2**64 + 1)
sent = st.dictionaries(
    texts | surrogates | st.integers() | st.just(Text("key")),
    st.recursive(
        plain | texts | surrogates | integers | found,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(texts | surrogates | st.integers(), inner, max_size=3)
            | st.builds(nested, inner, st.integers(90, 110))
        ),
        max_leaves=6,
    ),
    max_size=4,
)
entry_codec = EntryCodec()


@given(sent)
@example({"values": [2**64]})
@example({"a": msgpack.ExtType(5, b"a")})
@example({"\ud800": 1})
def test_a_message_that_passes_the_check_travels_in_every_entry(content: dict[str, Any]) -> None:
    try:
        codec.check_content(content)
    except EncodeError:
        return
    held, session = snapshot(content), b"s" * SESSION_STATE_MAX_BYTES
    envelope = Envelope("channel", held, 2**53, session)
    assert entry_codec.open_queue_entry("channel", HEADER.pack(0, 1) + entry_codec.queue_body(envelope)) == envelope
    entries = [
        entry_codec.settled("local", 2**53, [held, held], session),
        entry_codec.delivery("local", content),
        entry_codec.group("group", content),
    ]
    assert [list(entry_codec.open_inbox_entry(entry)[1]) for entry in entries] == [
        ["local", 2**53, [held, held], session],
        ["local", held],
        ["group", held],
    ]


def test_a_message_that_holds_itself_is_refused() -> None:
    content: dict[str, Any] = {}
    content["self"] = [content]
    with pytest.raises(EncodeError, match="nested deeper than 100"):
        codec.check_content(content)


def test_a_message_nested_to_the_bound_is_sent_and_one_level_more_is_refused() -> None:
    codec.check_content({"a": nested("a", codec.MAX_DEPTH - 1)})
    for levels in (codec.MAX_DEPTH, 508, 10_000):
        with pytest.raises(EncodeError, match="nested deeper than 100"):
            codec.check_content({"a": nested("a", levels)})


@pytest.mark.parametrize("value", [b"x", "x", "é", [b"x" * 99_998]])
def test_the_check_accepts_a_message_of_the_greatest_length_and_refuses_a_longer_one(value: Any) -> None:
    size = 100_000 if isinstance(value, list) else len(value.encode() if isinstance(value, str) else value)
    fitting = (codec.MAX_MESSAGE_BYTES - len(codec.pack({"a": b""})) - 5) // size
    codec.check_content({"a": value * fitting})
    with pytest.raises(MessageTooLarge, match=f"at most {codec.MAX_MESSAGE_BYTES} are allowed"):
        codec.check_content({"a": value * (fitting + 5)})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, {"b": 2**64}], r"message\['a'\]\[1\]\['b'\] is an int below"),
        ([-(2**63) - 1], r"message\['a'\]\[0\] is an int below"),
        (["x", "\ud800"], r"message\['a'\]\[1\] is a str with a lone surrogate"),
        ({"\udcff": 1}, r"the key '\\udcff' of message\['a'\] is a str with a lone surrogate"),
        ([msgpack.ExtType(1, b"")], r"message\['a'\]\[0\] is of type ExtType and cannot be sent"),
    ],
)
def test_an_error_names_the_place_of_the_value(value: object, message: str) -> None:
    with pytest.raises(EncodeError, match=message):
        codec.check_content({"first": 1, "a": value})


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
        codec.unpack(codec.msgpack.packb(b"x" * (codec.MAX_ENTRY_BYTES + 1)))


def test_a_type_that_is_never_sent_is_a_decode_error() -> None:
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
