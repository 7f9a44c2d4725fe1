"""The entries of queues and inboxes, byte by byte where the store reads them, too."""

from typing import Any

import pytest

from towpath.layers.codec import MAX_ENTRY_BYTES, MAX_MESSAGE_BYTES, check_content, pack, unpack
from towpath.layers.contract import SESSION_STATE_MAX_BYTES, Envelope, Will
from towpath.layers.encryption import FernetCipher
from towpath.layers.entries import HEADER, EntryCodec, is_expired, sent_at
from towpath.layers.errors import DecodeError, EncodeError, MessageTooLarge
from towpath.layers.names import MAX_NAME_LENGTH

CODECS = [EntryCodec(), EntryCodec(FernetCipher(["key"], 60))]


def stamped(body: bytes) -> bytes:
    return HEADER.pack(100.0, 160.0) + body


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("turn", "session_state"), [(None, None), (0, b""), (2**40, b"\x00state")])
def test_a_queue_entry_comes_back_as_it_was(codec: EntryCodec, turn: int | None, session_state: bytes | None) -> None:
    envelope = Envelope("channel", {"text": "é", "bytes": b"\xff"}, turn, session_state)
    assert codec.open_queue_entry("channel", stamped(codec.queue_body(envelope))) == envelope


@pytest.mark.parametrize("codec", CODECS)
def test_the_kind_of_an_inbox_entry_is_its_first_byte_in_clear(codec: EntryCodec) -> None:
    written = [
        codec.settled("a", 1, [{}], b""),
        codec.delivery("a", {}),
        codec.group("g", {}),
        codec.join("g", "a"),
        codec.leave("g", "a"),
        codec.kept("a", 1),
    ]
    assert b"".join(entry[:1] for entry in written) == b"SDGJLK"
    fields = [list(codec.open_inbox_entry(entry)[1]) for entry in written]
    assert fields == [["a", 1, [{}], b""], ["a", {}], ["g", {}], ["g", "a"], ["g", "a"], ["a", 1]]


def test_the_header_holds_two_times_in_seconds() -> None:
    entry = stamped(b"")
    assert HEADER.size == 16
    assert sent_at(entry) == 100.0
    assert [is_expired(entry, now) for now in (159.9, 160.0, 170.0)] == [False, True, True]


def test_a_damaged_header_is_not_expired() -> None:
    assert not is_expired(b"short", 1e12)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xc1", pack(None), pack([]), pack([{}, 1]), pack([[], 1, b""]), pack([{}, "1", b""]), pack([{}, 1, "s"])],
)
def test_an_invalid_message_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        EntryCodec().open_queue_entry("channel", stamped(body))


@pytest.mark.parametrize("entry", [b"", b"S", b"S\xc1", b"D" + pack({}), b"G" + pack(5)])
def test_an_invalid_inbox_entry_is_refused(entry: bytes) -> None:
    with pytest.raises(DecodeError):
        EntryCodec().open_inbox_entry(entry)


def test_keys_that_are_not_text_are_refused_on_the_way_in_too() -> None:
    with pytest.raises(DecodeError):
        unpack(b"\x81\xc0\x01")


def test_the_longest_entry_is_packed_and_a_longer_one_is_refused() -> None:
    assert unpack(pack(b"x" * (MAX_ENTRY_BYTES - 5))) == b"x" * (MAX_ENTRY_BYTES - 5)
    with pytest.raises(MessageTooLarge, match=str(MAX_ENTRY_BYTES)):
        pack(b"x" * (MAX_ENTRY_BYTES - 4))


def test_a_message_of_the_greatest_length_fits_into_every_entry() -> None:
    content = {"bytes": b"x" * (MAX_MESSAGE_BYTES - 12)}
    name, turn, session_state = "i" * (MAX_NAME_LENGTH - 1), 2**63 - 1, b"s" * SESSION_STATE_MAX_BYTES
    check_content(content)
    assert len(pack(content)) == MAX_MESSAGE_BYTES
    codec = EntryCodec()
    codec.queue_body(Envelope(name, content, turn, session_state))
    codec.settled(name, turn, [content], session_state)
    codec.delivery(name, content)
    codec.group(name, content)


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([[b"", b""]] * (MAX_MESSAGE_BYTES // 5), MessageTooLarge),
        ([[b"name", "text"], [b"name"]], None),
        ([[b"name", object()]], EncodeError),
        ([(b"name", 2**64)], EncodeError),
        ([[b"name", b"x" * MAX_MESSAGE_BYTES]], MessageTooLarge),
    ],
    ids=["many empty pairs", "other pairs", "an object", "a great int", "a long value"],
)
def test_lists_of_pairs_are_bounded_and_checked_as_all_other_values(pairs: list[Any], error: type | None) -> None:
    """Headers of a response: pairs of bytes take a shorter way."""
    content = {"status": 200, "headers": pairs}
    if error is None:
        check_content(content)
        assert unpack(pack(content)) == content
        return
    with pytest.raises(error):
        check_content(content)


@pytest.mark.parametrize("status", [-1, 2**64 - 1, True])
def test_numbers_in_a_message_with_headers_arrive_as_they_were(status: int) -> None:
    content = {"status": status, "headers": [[b"content-type", b"text/plain"]]}
    check_content(content)
    assert unpack(pack(content)) == content
    with pytest.raises(EncodeError, match="above 2"):
        check_content({"status": 2**64, "headers": []})


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", object()])
def test_what_msgpack_does_not_hold_is_an_error_of_ours(value: object) -> None:
    with pytest.raises(EncodeError):
        pack(value)


@pytest.mark.parametrize("codec", CODECS)
def test_a_will_comes_back_as_it_was_and_nothing_else_is_one(codec: EntryCodec) -> None:
    will = Will("last", {"path": "/é/", "code": 1, "none": None}, ("first", "more"))
    assert codec.open_will(codec.will(will)) == will
    for wrong in (("last", {}, [1]), ("last", {}, None), (b"last", {}, []), ("last", {}), "last"):
        with pytest.raises(DecodeError, match="a stored will"):
            codec.open_will(codec.will(wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("codec", CODECS)
def test_a_stored_session_state_is_bytes(codec: EntryCodec) -> None:
    assert codec.open_session_state(codec.session_state(b"\x00state")) == b"\x00state"
    with pytest.raises(DecodeError, match="of type str, not bytes"):
        codec.open_session_state(codec.session_state("text"))  # type: ignore[arg-type]
