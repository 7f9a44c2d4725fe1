"""Settlements become as few writes as order allows."""

import logging
from datetime import date

import pytest

from towpath.layers.contract import Envelope, GroupSend, Settlement
from towpath.layers.entries import EntryCodec
from towpath.layers.inbox import Inbox
from towpath.layers.inbox_events import Replies, Settled
from towpath.layers.plan import Plan, Planner, inbox_entries, plain_member_sends

codec = EntryCodec()
OWN = "interface.x!me"


def planned(*settlement: Settlement) -> Plan:
    return Planner(codec).plan(settlement)


def events(plan: Plan, marks: dict[str, list[str]] | None = None) -> list[object]:
    reader = Inbox("interface.x!", codec)
    reader.events([codec.join("room", "me")])
    return list(reader.events(inbox_entries(plan, marks or {})["interface.x!"]))


def test_replies_to_the_own_connection_ride_in_the_settlement() -> None:
    plan = planned(Settlement([Envelope(OWN, {"n": 1}), Envelope(OWN, {"n": 2})], OWN, 3, b"s"))
    assert not plan.queues
    assert not plan.groups
    assert events(plan) == [Settled("me", 3, [{"n": 1}, {"n": 2}], b"s")]


def test_a_reply_before_a_group_send_is_delivered_before_it() -> None:
    sends = [Envelope(OWN, {"n": 1}), GroupSend("room", {"n": 2}), Envelope(OWN, {"n": 3})]
    found = events(planned(Settlement(sends, OWN, 1)), {"room": ["interface.x!"]})
    assert [type(event).__name__ for event in found] == ["Replies", "Grouped", "Settled"]
    assert found[0] == Replies("me", ({"n": 1},))
    assert found[2] == Settled("me", 1, [{"n": 3}], None)


def test_replies_that_are_too_long_together_are_delivered_before_the_settlement() -> None:
    reply = {"bytes": b"x" * (6 * 1024 * 1024)}
    found = events(planned(Settlement([Envelope(OWN, reply)] * 3, OWN, 1, b"s")))
    assert found == [Replies("me", (reply,))] * 3 + [Settled("me", 1, [], b"s")]


def test_named_channels_go_first_and_keep_their_order() -> None:
    sends = [Envelope("work", {"n": 1}), Envelope(OWN, {}), Envelope("work", {"n": 2}), Envelope("other", {})]
    plan = planned(Settlement(sends, OWN, 1))
    bodies = [codec.open_queue_entry("work", bytes(16) + body).content for body in plan.queues["work"]]
    assert bodies == [{"n": 1}, {"n": 2}]
    assert list(plan.queues) == ["work", "other"]


def test_a_run_without_a_reply_channel_settles_nothing() -> None:
    plan = planned(Settlement([Envelope(OWN, {"n": 1})]))
    assert events(plan) == [Replies("me", ({"n": 1},))]


def test_a_group_send_goes_once_to_each_inbox_and_to_plain_members() -> None:
    plan = planned(Settlement([GroupSend("room", {"n": 1})]))
    marks = {"room": ["interface.x!", "interface.y!", "archive"]}
    assert {inbox: len(new) for inbox, new in inbox_entries(plan, marks).items()} == {
        "interface.x!": 1,
        "interface.y!": 1,
    }
    assert plain_member_sends(plan, marks) == [Envelope("archive", {"n": 1})]


def test_a_send_that_cannot_be_encoded_is_logged_and_the_rest_goes(caplog: pytest.LogCaptureFixture) -> None:
    sends = [GroupSend("room", {"when": date(2026, 1, 1)}), Envelope(OWN, {"n": 1})]
    with caplog.at_level(logging.ERROR):
        plan = planned(Settlement(sends, OWN, 1))
    assert events(plan, {"room": []}) == [Settled("me", 1, [{"n": 1}], None)]
    assert "A held send was dropped" in caplog.text


def test_replies_that_cannot_be_encoded_still_end_the_turn(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        plan = planned(Settlement([Envelope(OWN, {"when": date(2026, 1, 1)})], OWN, 1, b"s"))
    assert events(plan) == [Settled("me", 1, [], None)]
    assert "its turn ends" in caplog.text
