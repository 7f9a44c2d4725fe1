"""The group index at the edge: what entries of an inbox mean, and in which order they take effect."""

import logging

import pytest

from towpath.layers.entries import UNIQUE_BYTES, EntryCodec
from towpath.layers.inbox import SEEN_ENTRIES, Inbox
from towpath.layers.inbox_events import Grouped, Kept, Replies, Settled

codec = EntryCodec()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox("interface.x!", codec)


def test_a_group_message_reaches_those_who_joined_before_it_and_no_other(inbox: Inbox) -> None:
    entries = [codec.join("room", "a"), codec.group("room", {"n": 1}), codec.join("room", "b"), codec.group("room", {})]
    assert inbox.events(entries) == [Grouped("room", ("a",), {"n": 1}), Grouped("room", ("a", "b"), {})]


def test_a_group_message_without_local_members_is_not_an_event(inbox: Inbox) -> None:
    assert inbox.events([codec.group("room", {})]) == []


def test_a_group_message_may_have_the_trace_of_its_sender(inbox: Inbox) -> None:
    entries = [codec.join("room", "a"), codec.group("room", {"n": 1}, {"traceparent": "00-1"})]
    assert inbox.events(entries) == [Grouped("room", ("a",), {"n": 1}, {"traceparent": "00-1"})]
    assert inbox.undecodable_count == 0


def test_leaving_takes_effect_before_the_next_group_message(inbox: Inbox) -> None:
    entries = [codec.join("room", "a"), codec.leave("room", "a"), codec.group("room", {})]
    assert inbox.events(entries) == []
    assert inbox.groups == []


def test_leaving_a_group_that_one_is_not_in_changes_nothing(inbox: Inbox) -> None:
    inbox.events([codec.join("room", "a"), codec.leave("room", "b"), codec.leave("other", "a")])
    assert inbox.members("room") == ("a",)


def test_a_delivery_or_group_message_that_was_written_twice_counts_once(inbox: Inbox) -> None:
    inbox.events([codec.join("room", "a")])
    delivery, group = codec.delivery("a", {"n": 1}), codec.group("room", {"n": 2})
    events = [Replies("a", ({"n": 1},)), Grouped("room", ("a",), {"n": 2})]
    assert inbox.events([delivery, group, delivery]) == events
    assert inbox.events([group, delivery]) == []
    assert inbox.events([codec.delivery("a", {"n": 1}), codec.group("room", {"n": 2})]) == events


def test_the_latest_entries_are_known_again_and_their_number_is_bounded(inbox: Inbox) -> None:
    first = codec.delivery("a", {"n": 1})
    inbox.events([first])
    inbox.events([codec.delivery("a", {}) for _ in range(SEEN_ENTRIES)])
    assert inbox.events([first]) == []
    inbox.events([codec.delivery("a", {}) for _ in range(2 * SEEN_ENTRIES)])
    assert len(inbox.events([first])) == 1
    assert len(inbox._seen) + len(inbox._seen_before) <= 2 * SEEN_ENTRIES


def test_a_closed_connection_leaves_all_its_groups_at_once(inbox: Inbox) -> None:
    inbox.events([codec.join("room", "a"), codec.join("hall", "a"), codec.join("hall", "b")])
    assert set(inbox.remove("a")) == {"room", "hall"}
    assert inbox.groups == ["hall"]
    assert inbox.remove("a") == ()


def test_who_is_not_open_cannot_join_and_is_named_as_a_stray() -> None:
    inbox = Inbox("interface.x!", codec, {"a"}.__contains__)
    inbox.events([codec.join("room", "a"), codec.join("room", "gone")])
    assert inbox.members("room") == ("a",)
    assert inbox.pop_strays() == [("room", "gone")]
    assert inbox.pop_strays() == []


def test_settlements_replies_and_signs_of_life_become_events_in_order(inbox: Inbox) -> None:
    entries = [
        codec.delivery("a", {"text": ""}),
        codec.kept("a", 7),
        codec.settled("a", 7, [{"text": "x"}], b"state"),
        codec.settled("a", 8, [], None),
    ]
    assert inbox.events(entries) == [
        Replies("a", ({"text": ""},)),
        Kept("a", 7),
        Settled("a", 7, [{"text": "x"}], b"state"),
        Settled("a", 8, [], None),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"S",
        b"S\xc1",
        b"X" + codec.delivery("a", {})[1 + UNIQUE_BYTES :],
        b"S" + codec.delivery("a", {})[1 + UNIQUE_BYTES :],
        b"D" + codec.settled("a", 1, [], None)[1:],
        b"G" + bytes(3),
        b"D\x01",
        b"\xff" * 40,
    ],
)
def test_a_damaged_or_foreign_entry_is_counted_and_the_next_one_read(
    inbox: Inbox, entry: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert inbox.events([entry, codec.kept("a", 1)]) == [Kept("a", 1)]
    assert inbox.undecodable_count == 1
    assert "Skipped an entry of inbox interface.x!" in caplog.text
