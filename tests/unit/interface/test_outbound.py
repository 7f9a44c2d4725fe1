"""Messages of one tick leave in one send, one flush at a time; full channels and an absent store are waited for."""

import logging

import pytest

from towpath.interface.availability import Availability
from towpath.interface.blocked import FIRST_WIDTH, MOST_PAUSE_SECONDS, BlockedChannel
from towpath.interface.outbound import FLUSH_MAX, Outcome
from towpath.layers.backoff import STEADY_SECONDS, Backoff
from towpath.layers.contract import Envelope
from towpath.layers.errors import EncodeError, LayerUnavailable, PartlyRefused


class Reports:
    """Hears outcomes, and keeps trying after those named."""

    def __init__(self, *keeps: Outcome) -> None:
        self.heard: list[tuple[object, Outcome]] = []
        self.keeps = keeps

    def __call__(self, envelope: Envelope, outcome: Outcome) -> bool:
        self.heard.append((envelope.content.get("n"), outcome))
        return outcome in self.keeps

    def numbers(self, outcome: Outcome) -> list[object]:
        return [number for number, heard in self.heard if heard is outcome]


def message(number: int = 0, channel: str = "x") -> Envelope:
    return Envelope(channel, {"n": number})


async def test_messages_of_one_tick_leave_in_one_send(make_world):
    world, reports = make_world(), Reports()
    for number in range(3):
        world.hub.outbound.post(message(number), reports)
    assert world.edge.batches == []
    await world.arrive()
    assert [len(batch) for batch in world.edge.batches] == [3]
    assert reports.numbers(Outcome.ACCEPTED) == [0, 1, 2]
    assert world.hub.outbound.is_idle()


async def test_what_is_posted_during_a_flush_leaves_with_the_next(make_world):
    world = make_world()
    world.edge.gate.clear()
    world.hub.outbound.post(message(0))
    await world.arrive()
    world.hub.outbound.post(message(1))
    world.hub.outbound.post(message(2))
    assert not world.hub.outbound.is_idle()
    world.edge.gate.set()
    await world.arrive()
    assert [len(batch) for batch in world.edge.batches] == [1, 2]


async def test_a_flush_is_bounded(make_world):
    world = make_world()
    for number in range(FLUSH_MAX + 1):
        world.hub.outbound.post(message(number))
    await world.arrive()
    assert [len(batch) for batch in world.edge.batches] == [FLUSH_MAX, 1]


async def test_a_refused_message_is_dropped_if_its_poster_wants_that(make_world):
    world, reports = make_world(), Reports()
    world.edge.full = {"x"}
    world.hub.outbound.post(message(), reports)
    world.hub.outbound.post(message(1))
    await world.arrive()
    assert reports.heard == [(0, Outcome.FULL)]
    assert world.hub.outbound.is_idle()


async def test_a_full_channel_is_tried_again_in_order_and_others_are_not_held_up(make_world):
    world, reports = make_world(), Reports(Outcome.FULL)
    world.edge.full = {"x"}
    for number in range(3):
        world.hub.outbound.post(message(number), reports)
    await world.arrive()
    world.hub.outbound.post(message(3), reports)
    world.hub.outbound.post(message(4, "y"), reports)
    await world.arrive()
    assert world.edge.channels() == ["y"]
    world.edge.full = set()
    await world.advance(0.1, step=0.005)
    assert [envelope.content["n"] for envelope in world.edge.sent] == [4, 0, 1, 2, 3]
    assert world.hub.outbound.is_idle()


async def test_pauses_for_a_full_channel_grow(make_world):
    world, reports = make_world(), Reports(Outcome.FULL)
    world.edge.full = {"x"}
    world.hub.outbound.post(message(), reports)
    await world.arrive()
    await world.advance(0.1, step=0.005)
    tries_at_first = len(world.edge.batches)
    await world.advance(10, step=0.05)
    assert tries_at_first > 3
    assert len(world.edge.batches) - tries_at_first <= 10 / MOST_PAUSE_SECONDS
    assert world.edge.sent == []


async def test_a_poster_that_gives_up_on_a_full_channel_is_forgotten(make_world):
    world, reports = make_world(), Reports(Outcome.FULL)
    world.edge.full = {"x"}
    world.hub.outbound.post(message(), reports)
    await world.arrive()
    reports.keeps = ()
    await world.advance(1, step=0.05)
    assert world.hub.outbound.is_idle()


async def test_while_the_store_is_unavailable_nothing_is_tried_and_posters_choose(make_world):
    world = make_world()
    patient, hasty = Reports(Outcome.AWAY), Reports()
    world.hub.availability.went_away(LayerUnavailable("gone"))
    world.hub.outbound.post(message(1), patient)
    world.hub.outbound.post(message(2), hasty)
    world.hub.outbound.post(message(3), patient)
    await world.arrive()
    assert world.edge.batches == []
    assert hasty.heard == [(2, Outcome.AWAY)]
    assert not world.hub.outbound.is_idle()
    world.hub.availability.came_back()
    await world.arrive()
    assert [envelope.content["n"] for envelope in world.edge.sent] == [1, 3]
    assert world.hub.outbound.is_idle()


@pytest.mark.parametrize(("is_clean", "outcome"), [(True, Outcome.AWAY), (False, Outcome.FAILED)])
async def test_a_store_that_refuses_some_messages_says_of_each_what_it_did(make_world, is_clean, outcome):
    world, reports = make_world(), Reports(Outcome.FULL, Outcome.AWAY)
    world.edge.errors = [PartlyRefused("out of memory", [True, None, False], is_clean)]
    for number in range(3):
        world.hub.outbound.post(message(number, "xyz"[number]), reports)
    await world.arrive()
    assert reports.heard[:3] == [(0, Outcome.ACCEPTED), (1, outcome), (2, Outcome.FULL)]
    world.hub.availability.came_back()
    await world.advance(0.1, step=0.005)
    assert sorted(envelope.content["n"] for envelope in world.edge.sent) == ([1, 2] if is_clean else [2])
    assert world.hub.outbound.is_idle()


async def test_a_send_that_was_not_answered_is_repeated_as_it_was_before_anything_else(make_world):
    world = make_world()
    again, never = Reports(Outcome.UNKNOWN, Outcome.AWAY), Reports()
    world.edge.loses_answer = True
    world.hub.outbound.post(message(1), never)
    world.hub.outbound.post(message(2), again)
    world.hub.outbound.post(message(3))
    await world.arrive()
    assert world.hub.availability.is_away
    assert (never.heard, again.heard) == ([(1, Outcome.UNKNOWN)], [(2, Outcome.UNKNOWN)])
    world.edge.loses_answer = False
    world.hub.outbound.post(message(4), again)
    await world.arrive()
    assert not world.hub.outbound.is_idle()
    world.hub.availability.came_back()
    await world.arrive()
    assert [envelope.content["n"] for envelope in world.edge.sent] == [1, 2, 3, 4]
    assert never.heard == [(1, Outcome.UNKNOWN)]
    assert again.numbers(Outcome.ACCEPTED) == [2, 4]
    assert world.hub.outbound.is_idle()


async def test_messages_sent_one_by_one_stop_at_the_first_that_is_not_answered(make_world, caplog):
    world, reports = make_world(), Reports(Outcome.UNKNOWN, Outcome.AWAY)
    world.hub.outbound.post(Envelope("x", {"n": object()}))
    for number in (1, 2):
        world.hub.outbound.post(message(number), reports)
    world.edge.loses_answer = True
    await world.arrive()
    assert reports.heard == [(1, Outcome.UNKNOWN), (2, Outcome.AWAY)]
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert [envelope.content["n"] for envelope in world.edge.sent] == [1, 2]


async def test_a_full_channel_waits_while_the_store_is_unavailable(make_world):
    world, reports = make_world(), Reports(Outcome.FULL, Outcome.AWAY)
    world.edge.full = {"x"}
    world.hub.outbound.post(message(1), reports)
    await world.arrive()
    world.hub.availability.went_away(LayerUnavailable("gone"))
    await world.advance(5)
    assert len(world.edge.batches) == 1
    world.edge.full = set()
    world.hub.availability.came_back()
    await world.arrive()
    await world.advance(1)
    assert [envelope.content["n"] for envelope in world.edge.sent] == [1]


async def test_a_message_that_cannot_be_sent_does_not_take_the_others_with_it(make_world, caplog):
    world, reports = make_world(), Reports()
    world.hub.outbound.post(message(1), reports)
    world.hub.outbound.post(Envelope("x", {"n": object()}), reports)
    world.hub.outbound.post(message(3), reports)
    await world.arrive()
    assert reports.numbers(Outcome.ACCEPTED) == [1, 3]
    assert len(reports.heard) == 3
    assert "cannot be sent" in caplog.text
    assert EncodeError.__name__ in caplog.text


async def test_an_error_of_the_layer_is_logged_and_the_next_messages_leave(make_world, caplog):
    world, reports = make_world(), Reports()
    world.edge.errors = [ZeroDivisionError("ours")]
    world.hub.outbound.post(message(1), reports)
    world.hub.outbound.post(message(2), reports)
    await world.arrive()
    assert reports.numbers(Outcome.FAILED) == [1, 2]
    assert "ZeroDivisionError" in caplog.text
    world.hub.outbound.post(message(3), reports)
    await world.arrive()
    assert reports.numbers(Outcome.ACCEPTED) == [3]


async def test_an_error_in_a_report_does_not_stop_the_others(make_world, caplog):
    world, reports = make_world(), Reports()

    def fails(envelope, outcome):
        raise ZeroDivisionError

    world.hub.outbound.post(message(1), fails)
    world.hub.outbound.post(message(2), reports)
    await world.arrive()
    assert reports.numbers(Outcome.ACCEPTED) == [2]
    assert "ZeroDivisionError" in caplog.text


async def test_the_hub_tells_how_a_post_went(make_world):
    world, heard = make_world(), []
    world.hub.post("x", {}, heard.append)
    await world.arrive()
    world.edge.full = {"x"}
    world.hub.post("x", {}, heard.append)
    await world.arrive()
    world.hub.availability.went_away(LayerUnavailable("gone"))
    world.hub.post("x", {}, heard.append)
    await world.arrive()
    assert heard == [Outcome.ACCEPTED, Outcome.FULL, Outcome.AWAY]


async def test_the_hub_does_not_tell_how_a_post_went_before_it_is_known(make_world):
    world, heard = make_world(), []
    world.edge.loses_answer = True
    world.hub.post("x", {}, heard.append)
    await world.arrive()
    assert heard == []
    world.edge.loses_answer = False
    world.hub.availability.came_back()
    await world.arrive()
    assert heard == [Outcome.ACCEPTED]


async def test_a_channel_is_dropped_and_a_failure_only_logged(make_world, caplog):
    caplog.set_level(logging.INFO)
    world = make_world()
    done: list[str] = []
    world.hub.drop_channel("http.request.body?a", lambda: done.append("a"))
    await world.arrive()
    world.edge.is_away = True
    world.hub.drop_channel("http.request.body?b", lambda: done.append("b"))
    await world.arrive()
    assert done == ["a", "b"]
    assert world.edge.dropped == ["http.request.body?a"]
    assert "http.request.body?b is left to expire" in caplog.text


def test_a_try_takes_few_at_first_and_more_after_each_success():
    blocked: BlockedChannel[int] = BlockedChannel()
    for number in range(10 * FIRST_WIDTH):
        blocked.add(number)
    assert blocked.take() == list(range(FIRST_WIDTH))
    blocked.tried([])
    assert blocked.pause_seconds == 0
    assert len(blocked.take()) == 2 * FIRST_WIDTH


def test_what_was_refused_comes_to_the_front_and_the_pause_begins_small():
    blocked: BlockedChannel[int] = BlockedChannel()
    for number in range(4):
        blocked.add(number)
    blocked.take()
    blocked.add(9)
    blocked.tried([2, 3])
    pause = blocked.pause_seconds
    assert 0 < pause <= 0.01
    assert blocked.take() == [2, 3, 9]
    blocked.tried([2, 3, 9])
    assert blocked.pause_seconds == 2 * pause


async def test_one_warning_when_the_layer_goes_and_one_when_it_is_back(caplog):
    now = 100.0
    availability = Availability(lambda: now)
    for _ in range(3):
        availability.went_away(LayerUnavailable("no route"))
    now = 107.0
    for _ in range(3):
        availability.came_back()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "no route" in caplog.messages[0]
    assert "7.0 s" in caplog.messages[1]
    await availability.wait_until_back()


def test_pauses_grow_to_their_bound_and_are_short_again_after_a_steady_time():
    class Chance:
        def random(self) -> float:
            return 1.0

    pauses = Backoff(0.1, 5.0, Chance())
    assert [pauses.after_failure(0.0) for _ in range(8)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])
    assert pauses.after_failure(6.0) == 5.0
    assert pauses.after_failure(11.0 + STEADY_SECONDS + 0.1) == 0.1


def test_pauses_are_jittered():
    pauses = [Backoff(1.0, 5.0).after_failure(0.0) for _ in range(50)]
    assert all(0.5 <= pause <= 1.0 for pause in pauses)
    assert len(set(pauses)) > 10
