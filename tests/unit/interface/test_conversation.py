"""A conversation sends one event at a time, delivers what comes back in order, and carries the session state."""

import logging

import pytest

from towpath.interface.connections import TooManyConnections
from towpath.interface.conversation import LOOK_SECONDS, SESSION_STATE_MAX_BYTES, UNANSWERED_SECONDS, Conversation
from towpath.interface.counters import Count
from towpath.layers.inbox_events import Grouped, Kept, Replies, Settled


async def emitted(world, conversation, *channels, insist=True):
    for channel in channels:
        conversation.emit(channel, {"reply_channel": conversation.reply_channel}, insist=insist)
    await world.arrive()


async def test_a_conversation_has_an_unguessable_reply_channel_in_the_inbox(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    assert conversation.reply_channel == world.edge.inbox + conversation.local
    assert len(conversation.local) == 16
    assert world.edge.open_locals == {conversation.local}


async def test_events_leave_one_turn_at_a_time_and_turns_are_numbered(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    await emitted(world, conversation, "a", "b", "c")
    assert [(sent.channel, sent.turn) for sent in world.edge.sent] == [("a", 1)]
    await world.settle()
    await world.settle()
    assert [(sent.channel, sent.turn) for sent in world.edge.sent] == [("a", 1), ("b", 2), ("c", 3)]


async def test_replies_are_delivered_in_order_before_the_next_event_leaves(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a")
    await world.arrive(Replies(conversation.local, [{"n": 1}, {"n": 2}]))
    await world.settle({"n": 3}, {"n": 4})
    assert owner.heard == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]


async def test_session_state_travels_with_the_next_events(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    for session_state in (b"one", None, b"", None):
        await emitted(world, conversation, "a")
        await world.settle(session_state=session_state)
    await emitted(world, conversation, "a")
    assert [sent.session_state for sent in world.edge.sent] == [None, b"one", b"one", None, None]


async def test_a_session_over_its_bound_is_dropped_counted_and_logged(make_world, make_owner, caplog):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    await emitted(world, conversation, "a")
    await world.settle(session_state=b"x" * SESSION_STATE_MAX_BYTES)
    await emitted(world, conversation, "a")
    await world.settle(session_state=b"y" * (SESSION_STATE_MAX_BYTES + 1))
    await emitted(world, conversation, "a")
    assert world.edge.sent[-1].session_state == b"x" * SESSION_STATE_MAX_BYTES
    assert world.hub.counters.totals[Count.SESSIONS_TOO_LARGE] == 1
    assert "65537 bytes" in caplog.text


async def test_a_late_settlement_is_dropped_and_counted(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a", "b")
    for turn in (0, 2, 7):
        await world.arrive(Settled(conversation.local, turn, [{"n": 1}], b"late"))
    assert owner.heard == []
    assert world.edge.channels() == ["a"]
    assert world.hub.counters.totals[Count.SETTLEMENTS_LATE] == 3


async def test_what_comes_for_a_connection_that_has_gone_is_dropped(make_world):
    world = make_world()
    await world.arrive(
        Replies("gone", [{}]), Settled("gone", 1, [], None), Kept("gone", 1), Grouped("group", ["gone"], {})
    )
    assert world.hub.counters.totals.total() == 0


async def test_a_turn_that_takes_long_is_looked_for_and_lost_if_nothing_is_left_of_its_event(
    make_world, make_owner, caplog
):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a", "b")
    await world.advance(LOOK_SECONDS - 1)
    await world.look()
    assert world.edge.checks == []
    await world.advance(2)
    await world.look()
    assert world.edge.checks == [({conversation.local: 1}, ["a"])]
    assert owner.heard == ["lost"]
    assert world.edge.channels() == ["a", "b"]
    world.hub.counters.report()
    assert "turns lost" in caplog.text
    assert "1 a, 1 in all" in caplog.text


async def test_a_turn_whose_event_is_queued_or_in_flight_goes_on_however_long_it_takes(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    world.edge.outstanding = {conversation.local}
    await emitted(world, conversation, "a", "b")
    for _ in range(30):
        await world.advance(LOOK_SECONDS + 1)
        await world.look()
    assert owner.heard == []
    assert world.edge.channels() == ["a"]
    assert len(world.edge.checks) == 30
    await world.settle()
    assert world.edge.channels() == ["a", "b"]


async def test_a_turn_whose_consumer_runs_is_not_looked_for(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a")
    for _ in range(60):
        await world.advance(3)
        await world.arrive(Kept(conversation.local, 1))
        await world.look()
    assert world.edge.checks == []
    await world.advance(LOOK_SECONDS + 1)
    await world.look()
    assert owner.heard == ["lost"]


async def test_a_sign_of_life_for_another_turn_changes_nothing(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a")
    await world.advance(LOOK_SECONDS - 1)
    await world.arrive(Kept(conversation.local, 2))
    await world.advance(2)
    await world.look()
    assert owner.heard == ["lost"]


async def test_one_timer_serves_many_turns(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    for _ in range(50):
        await emitted(world, conversation, "a")
        await world.settle()
        assert len(world.clock.getDelayedCalls()) <= 1
    await world.advance(LOOK_SECONDS + 1)
    assert world.clock.getDelayedCalls() == []
    await emitted(world, conversation, "a")
    assert len(world.clock.getDelayedCalls()) == 1


async def test_the_first_event_is_refused_if_its_channel_is_full(make_world, make_owner):
    world, owner = make_world(), make_owner()
    world.edge.full = {"a"}
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a", insist=False)
    assert owner.heard == ["refused"]
    assert world.hub.counters.totals[Count.EVENTS_REFUSED] == 1
    conversation.close()
    assert len(world.hub.connections) == 0


async def test_the_first_event_is_refused_while_the_layer_is_unavailable(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    world.edge.is_away = True
    await emitted(world, conversation, "other")  # how it is noticed
    second = make_owner()
    await emitted(world, Conversation(world.hub, second), "a", insist=False)
    assert owner.heard == []  # its event may have arrived: the layer is asked again
    assert second.heard == ["refused"]


async def test_an_event_that_insists_waits_for_a_full_channel_without_losing_its_turn(make_world, make_owner):
    world, owner = make_world(), make_owner()
    world.edge.full = {"a"}
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a", "b")
    await world.advance(300, step=0.5)
    assert owner.heard == []
    world.edge.full = set()
    await world.advance(1, step=0.1)
    assert world.edge.channels() == ["a"]
    await world.settle()
    assert world.edge.channels() == ["a", "b"]


async def test_an_event_that_may_have_arrived_keeps_its_turn_until_the_layer_is_asked_again(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    world.edge.loses_answer = True
    await emitted(world, conversation, "a", "b")
    assert (owner.heard, world.edge.channels()) == ([], ["a"])
    await world.advance(300)
    await world.look()
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert (owner.heard, world.edge.channels()) == ([], ["a"])
    await world.settle()
    assert world.edge.channels() == ["a", "b"]


async def test_the_first_event_that_may_have_arrived_is_asked_for_again_and_its_client_waits(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    world.edge.loses_answer = True
    await emitted(world, conversation, "a", insist=False)
    await world.advance(UNANSWERED_SECONDS - 1)
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    await world.advance(UNANSWERED_SECONDS)
    await world.settle({"status": 200})
    assert owner.heard == [{"status": 200}]
    assert world.edge.channels() == ["a"]


async def test_a_client_whose_first_event_may_have_arrived_waits_for_some_seconds_and_the_last_event_follows(
    make_world, make_owner
):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    world.edge.loses_answer = True
    await emitted(world, conversation, "a", insist=False)
    assert owner.heard == []
    await world.advance(UNANSWERED_SECONDS + 1)
    assert owner.heard == ["lost"]
    conversation.close("bye", {"reply_channel": conversation.reply_channel})
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert world.edge.channels() == ["a"]
    await world.settle({"status": 200})
    assert world.edge.channels() == ["a", "bye"]
    assert owner.heard == ["lost"]


async def test_a_last_event_whose_answer_was_lost_is_sent_once(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    world.edge.loses_answer = True
    conversation.close("websocket.disconnect", {"reply_channel": conversation.reply_channel})
    await world.arrive()
    assert len(world.hub.connections) == 1
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert world.edge.channels() == ["websocket.disconnect"]
    assert len(world.hub.connections) == 0


async def test_a_settlement_may_overtake_the_answer_to_its_send(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    world.edge.gate.clear()
    await emitted(world, conversation, "a", "b")
    world.edge.loses_answer = True
    await world.arrive(Settled(conversation.local, 1, [{"n": 1}], None))
    world.edge.gate.set()
    await world.arrive()
    assert owner.heard == [{"n": 1}]  # the turn that is out now is not lost for the one before
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert world.edge.channels() == ["a", "b"]


async def test_too_many_waiting_events_congest_the_owner_until_half_are_gone(make_world, make_owner):
    world, owner = make_world(incoming_max_events=4), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, *"abcdef")
    assert owner.heard == ["congested"]
    for _ in range(3):
        await world.settle()
    assert owner.heard == ["congested", "relieved"]


async def test_after_the_close_waiting_events_are_handled_and_the_last_one_follows(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a", "b")
    conversation.close("bye", {"reply_channel": conversation.reply_channel})
    assert world.edge.closed_locals == [conversation.local]
    await world.settle({"text": "too late"})
    await world.settle()
    assert world.edge.channels() == ["a", "b", "bye"]
    assert owner.heard == []
    assert len(world.hub.connections) == 0
    assert world.clock.getDelayedCalls() == []


async def test_a_close_is_delivered_once(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    for _ in range(2):
        conversation.close("bye", {})
    await world.arrive()
    assert world.edge.channels() == ["bye"]
    with pytest.raises(ValueError, match="after the last one"):
        conversation.emit("a", {}, insist=True)


async def test_an_owner_may_close_while_replies_are_delivered(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "a")
    owner.deliver = lambda content: conversation.close()
    await world.settle({"n": 1}, {"n": 2})
    assert len(world.hub.connections) == 0
    assert world.edge.channels() == ["a"]


async def test_the_disconnect_of_a_socket_waits_for_a_full_channel_without_an_end(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    world.edge.full = {"websocket.disconnect"}
    conversation.close("websocket.disconnect", {})
    await world.advance(300, step=0.5)
    assert len(world.hub.connections) == 1
    world.edge.full = set()
    await world.advance(1, step=0.1)
    assert world.edge.channels() == ["websocket.disconnect"]
    assert len(world.hub.connections) == 0


async def test_another_last_event_is_given_up_if_its_channel_stays_full(make_world, make_owner):
    world = make_world()
    conversation = Conversation(world.hub, make_owner())
    world.edge.is_away = True
    conversation.close("bye", {})
    await world.arrive()
    world.edge.is_away = False
    world.edge.full = {"bye"}
    world.hub.availability.came_back()
    await world.advance(60, step=0.5)
    assert len(world.hub.connections) == 1
    await world.advance(20, step=0.5)
    assert len(world.hub.connections) == 0
    assert world.hub.counters.totals[Count.TURNS_LOST] == 1


async def test_a_connection_more_than_allowed_is_refused(make_world, make_owner):
    world = make_world(max_connections=2)
    first = Conversation(world.hub, make_owner())
    Conversation(world.hub, make_owner())
    with pytest.raises(TooManyConnections, match="max_connections"):
        Conversation(world.hub, make_owner())
    first.close()
    Conversation(world.hub, make_owner())
    assert len(world.hub.connections) == 2


async def test_an_error_in_an_owner_is_logged_closes_it_and_ends_its_turn(make_world, make_owner, caplog):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)

    def fails(content):
        raise ZeroDivisionError

    owner.deliver = fails
    await emitted(world, conversation, "a", "b")
    await world.settle({"n": 1})
    assert "ZeroDivisionError" in caplog.text
    assert owner.heard == ["failed"]
    assert world.edge.channels() == ["a", "b"]
    assert world.hub.counters.totals[Count.HANDLERS_FAILED] == 1


async def test_group_messages_reach_the_members_that_are_still_there(make_world, make_owner, caplog):
    world = make_world()
    owners = [make_owner() for _ in range(3)]
    locals_ = [Conversation(world.hub, owner).local for owner in owners]
    owners[1].deliver = lambda content: 1 / 0
    await world.arrive(Grouped("group", [*locals_, "gone"], {"status": 200}))
    assert owners[0].heard == owners[2].heard == [{"status": 200}]
    assert "ZeroDivisionError" in caplog.text


async def test_a_group_larger_than_one_slice_is_served_whole(make_world, make_owner):
    world, owner = make_world(), make_owner()
    locals_ = [Conversation(world.hub, owner).local for _ in range(300)]
    await world.arrive(Grouped("group", locals_, {"status": 200}))
    assert len(owner.heard) == 300


async def test_counts_are_reported_in_one_line_and_only_when_there_is_news(make_world, caplog):
    caplog.set_level(logging.WARNING)
    counters = make_world().hub.counters
    counters.report()
    assert caplog.messages == []
    for _ in range(1000):
        counters.add(Count.TURNS_LOST, "websocket.receive")
    counters.add(Count.SLOW_CLIENTS)
    counters.report()
    counters.report()
    assert len(caplog.messages) == 1
    assert "1000 websocket.receive, 1000 in all" in caplog.messages[0]
    assert "slow clients cut off" in caplog.messages[0]


FLOW = "http.response.flow?x"


async def test_the_sender_of_a_part_that_comes_when_the_client_has_left_is_notified(make_world, make_owner):
    world, owner = make_world(), make_owner()
    conversation = Conversation(world.hub, owner)
    await emitted(world, conversation, "http.request")
    conversation.close("http.disconnect", {})
    part = {"status": 200, "content": b"", "more_content": True, "flow_channel": FLOW}
    await world.arrive(Replies(conversation.local, [part, part]))
    assert [(sent.channel, sent.content) for sent in world.edge.sent[1:]] == [(FLOW, {"closed": True})]
    assert owner.heard == []


async def test_the_sender_of_a_part_to_an_unknown_connection_is_notified(make_world):
    world = make_world()
    await world.arrive(Replies("gone", [{"flow_channel": FLOW}]), Replies("gone", [{"text": "a"}]))
    assert [(sent.channel, sent.content) for sent in world.edge.sent] == [(FLOW, {"closed": True})]
