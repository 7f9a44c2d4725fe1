"""Entries of inboxes and queues that are damaged, foreign or forged: skipped and counted, and the next one counts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.layers.codec import pack
from towpath.layers.contract import Envelope
from towpath.layers.encryption import FernetCipher
from towpath.layers.entries import HEADER, EntryCodec, Kind, is_expired
from towpath.layers.errors import DecodeError
from towpath.layers.inbox import Inbox
from towpath.layers.inbox_events import Settled

KINDS = [value for name, value in vars(Kind).items() if name.isupper()]
small = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4) | st.binary(max_size=4)
values = st.recursive(
    small,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=8,
)
bodies = st.binary(max_size=60) | values.map(pack) | st.lists(values, max_size=5).map(pack)
entries = st.builds(bytes.__add__, st.sampled_from([*KINDS, b"", b"Z", b"\0"]), bodies)


@pytest.fixture(scope="module", params=["plain", "sealed"])
def codec(request: pytest.FixtureRequest) -> EntryCodec:
    return EntryCodec(FernetCipher(["key"], 60) if request.param == "sealed" else None)


@given(poison=st.lists(entries, max_size=5))
def test_a_poisoned_inbox_goes_on(codec: EntryCodec, poison: list[bytes]) -> None:
    inbox = Inbox("interface.me!", codec)
    after = codec.settled("you", 1, [{"text": "after"}], None)
    events = inbox.events([*poison, after])
    assert events[-1] == Settled("you", 1, [{"text": "after"}], None)
    assert inbox.undecodable_count <= len(poison)
    for event in events:
        for content in getattr(event, "replies", getattr(event, "contents", ())):
            assert isinstance(content, dict)


@given(body=bodies)
def test_a_queue_entry_is_a_message_or_a_decode_error(codec: EntryCodec, body: bytes) -> None:
    try:
        envelope = codec.open_queue_entry("a", HEADER.pack(0, 1) + body)
    except DecodeError:
        return
    assert isinstance(envelope.content, dict)


@given(st.binary(max_size=40))
def test_the_age_of_any_entry_can_be_told(entry: bytes) -> None:
    assert is_expired(entry, 1e9) in (True, False)


@given(data=st.data())
def test_a_truncated_entry_is_a_decode_error(codec: EntryCodec, data: st.DataObject) -> None:
    entry = codec.settled("you", 1, [{"text": "x" * 30}], b"state")
    body = codec.queue_body(Envelope("a", {"text": "x" * 30}, 1, b"state"))
    with pytest.raises(DecodeError):
        codec.open_inbox_entry(entry[: data.draw(st.integers(0, len(entry) - 1))])
    with pytest.raises(DecodeError):
        codec.open_queue_entry("a", HEADER.pack(0, 1) + body[: data.draw(st.integers(0, len(body) - 1))])


@pytest.mark.parametrize(
    "fields",
    [
        ["you", 1, ["not a dict"], None],
        ["you", 1, [None], None],
        ["you", "1", [], None],
        [b"you", 1, [], None],
        ["you", 1, {}, None],
        ["you", 1, [], "state"],
        ["you", 1, []],
        ["you", 1, [], None, None],
    ],
)
def test_a_forged_settlement_is_skipped_and_counted(fields: list[Any]) -> None:
    inbox = Inbox("interface.me!", EntryCodec())
    assert inbox.events([Kind.SETTLED + pack(fields)]) == []
    assert inbox.undecodable_count == 1


def test_an_oversized_entry_is_skipped_and_counted() -> None:
    codec = EntryCodec()
    inbox = Inbox("interface.me!", codec)
    oversized = (
        Kind.DELIVERY + bytes(8) + b"\x92\xa3you\x81\xa4text\xdb" + (17 * 2**20).to_bytes(4, "big") + b"x" * 17 * 2**20
    )
    assert [event.local for event in inbox.events([oversized, codec.delivery("you", {"text": "a"})])] == ["you"]  # type: ignore[union-attr]
    assert inbox.undecodable_count == 1


def test_an_entry_sealed_with_another_key_is_skipped_and_counted() -> None:
    foreign = EntryCodec(FernetCipher(["theirs"], 60))
    inbox = Inbox("interface.me!", EntryCodec(FernetCipher(["ours"], 60)))
    assert inbox.events([foreign.delivery("you", {"text": "a"})]) == []
    assert inbox.undecodable_count == 1
