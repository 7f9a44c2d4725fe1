"""Sends that are due later."""

from datetime import timedelta

import pytest

from towpath.channels import Channel, Outbox
from towpath.channels.delivery import deliver
from towpath.layers.contract import Delayed, Envelope
from towpath.layers.errors import ChannelFull, EncodeError
from towpath.layers.operations.delays import MAX_DELAY_SECONDS

MINUTE = timedelta(minutes=1)


@pytest.fixture
def channel(layer):
    return Channel("jobs", channel_layer=layer)


def test_the_layer_keeps_a_delayed_message(layer, channel):
    channel.send({"n": 1}, delay=MINUTE)
    channel.send({"n": 2}, delay=timedelta(milliseconds=1500))
    assert layer.later == [Delayed("jobs", {"n": 1}, 60.0), Delayed("jobs", {"n": 2}, 1.5)]
    assert layer.sent == []


def test_no_delay_at_all_and_a_delay_of_nothing_differ_in_nothing_but_the_way(layer, channel):
    channel.send({}, delay=timedelta())
    channel.send({}, delay=None)
    assert (layer.later, layer.sent) == ([Delayed("jobs", {}, 0.0)], [Envelope("jobs", {})])


def test_in_a_consumer_it_is_held_beside_what_leaves_with_the_turn(layer, other_layer, channel):
    content = {"n": [1]}
    with Outbox(layer).holding() as outbox:
        channel.send(content, delay=MINUTE)
        Channel("jobs", channel_layer=other_layer).send({}, delay=MINUTE)
        channel.send({"n": 2}, delay=MINUTE, immediately=True)
        content["n"].append(2)
    assert outbox.foreign == {layer: [Delayed("jobs", {"n": [1]}, 60.0)], other_layer: [Delayed("jobs", {}, 60.0)]}
    assert outbox.sends == []
    assert layer.later == [Delayed("jobs", {"n": 2}, 60.0)]


def test_after_the_end_of_the_consumer_it_is_not_held(layer, channel):
    outbox = Outbox(layer)
    with outbox.holding():
        outbox.close()
        channel.send({}, delay=MINUTE)
    assert outbox.foreign == {}
    assert len(layer.later) == 1


def test_too_many_delayed_messages_are_the_senders_error(layer, channel):
    layer.full.add("jobs")
    with pytest.raises(ChannelFull, match="too many messages wait for their time on channel 'jobs'"):
        channel.send({}, delay=MINUTE)


@pytest.mark.parametrize("delay", [60, 1.5, "1m"])
def test_a_delay_says_its_unit(channel, delay):
    with pytest.raises(TypeError, match=r"a timedelta, such as timedelta\(seconds=30\), not"):
        channel.send({}, delay=delay)


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), timedelta(days=367), timedelta.max])
def test_a_delay_has_bounds(channel, delay):
    with pytest.raises(ValueError, match="from 0 to 366 days"):
        channel.send({}, delay=delay)


def test_the_longest_delay_is_one_that_layers_keep(channel, layer):
    channel.send({}, delay=timedelta(days=366))
    assert layer.later[0].seconds == MAX_DELAY_SECONDS


def test_what_cannot_travel_is_refused_at_the_call(channel):
    with pytest.raises(EncodeError, match=r"message\['at'\]"):
        channel.send({"at": object()}, delay=MINUTE)


def test_delivery_sends_both_kinds_and_gives_up_on_what_is_full(layer, caplog):
    layer.full.add("full")
    sends = [Delayed("a", {}, 1.0), Envelope("b", {}), Delayed("full", {}, 1.0)]
    assert deliver(layer, sends, patience_seconds=0) == [Delayed("full", {}, 1.0)]
    assert (layer.later, layer.sent) == ([Delayed("a", {}, 1.0)], [Envelope("b", {})])
    assert "dropped a message to full" in caplog.text
