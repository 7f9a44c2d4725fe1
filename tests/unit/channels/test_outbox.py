"""Held sends."""

import contextvars
import threading

import pytest

from towpath.channels import Channel, ConfiguredLayer, Group, Outbox
from towpath.channels.delivery import deliver
from towpath.layers.contract import Envelope, GroupSend
from towpath.layers.errors import ChannelFull, EncodeError


def test_sends_are_held_in_call_order(layer):
    outbox = Outbox(layer)
    with outbox.holding():
        Channel("a", channel_layer=layer).send({"n": 1})
        Group("g", channel_layer=layer).send({"n": 2})
        Channel("b", channel_layer=layer).send({"n": 3})
    assert layer.sent == []
    assert outbox.sends == [Envelope("a", {"n": 1}), GroupSend("g", {"n": 2}), Envelope("b", {"n": 3})]


def test_immediately_does_not_wait_and_shows_a_full_channel(layer):
    layer.full.add("full")
    with Outbox(layer).holding() as outbox:
        Channel("a", channel_layer=layer).send({"n": 1}, immediately=True)
        Group("g", channel_layer=layer).send({"n": 2}, immediately=True)
        with pytest.raises(ChannelFull):
            Channel("full", channel_layer=layer).send({}, immediately=True)
    assert layer.sent == [Envelope("a", {"n": 1}), GroupSend("g", {"n": 2})]
    assert outbox.sends == []


def test_groups_are_joined_and_left_at_once(layer):
    with Outbox(layer).holding():
        Group("g", channel_layer=layer).add("a")
        assert layer.group_channels("g") == ["a"]
        Group("g", channel_layer=layer).discard("a")
        assert layer.group_channels("g") == []


def test_held_content_is_checked_at_the_call(layer):
    with Outbox(layer).holding() as outbox:
        with pytest.raises(EncodeError, match=r"message\['who'\]\['at'\]"):
            Channel("a", channel_layer=layer).send({"who": {"at": object()}})
        with pytest.raises(EncodeError, match=r"message\['who'\]\[0\]"):
            Group("a", channel_layer=layer).send({"who": [{1}]})
    assert outbox.sends == []


def test_later_changes_of_the_sender_are_not_seen(layer):
    content = {"flat": "x", "list": [1, {"deep": [2]}], "tuple": (1, [2]), "dict": {"a": {}}}
    with Outbox(layer).holding() as outbox:
        Channel("a", channel_layer=layer).send(content)
    content["flat"] = "y"
    content["list"][1]["deep"].append(3)
    content["tuple"][1].append(3)
    content["dict"]["a"]["b"] = 1
    assert outbox.sends[0].content == {"flat": "x", "list": [1, {"deep": [2]}], "tuple": [1, [2]], "dict": {"a": {}}}


def test_held_sends_stay_when_the_run_raises(layer):
    outbox = Outbox(layer)
    with pytest.raises(KeyError), outbox.holding():
        Channel("a", channel_layer=layer).send({})
        raise KeyError
    assert outbox.sends == [Envelope("a", {})]
    Channel("b", channel_layer=layer).send({})
    assert layer.sent == [Envelope("b", {})]


def test_a_configured_layer_and_the_layer_inside_are_the_same(layer):
    configured = ConfiguredLayer(layer)
    with Outbox(configured).holding() as outbox:
        Channel("a", channel_layer=layer).send({})
        Channel("b", channel_layer=configured).send({})
    assert outbox.sends == [Envelope("a", {}), Envelope("b", {})]


def test_sends_to_another_layer_are_kept_apart(layer, other_layer):
    with Outbox(layer).holding() as outbox:
        Channel("a", channel_layer=other_layer).send({"n": 1})
        Group("g", channel_layer=other_layer).send({"n": 2})
    assert outbox.sends == []
    assert outbox.foreign == {other_layer: [Envelope("a", {"n": 1}), GroupSend("g", {"n": 2})]}


def test_the_inner_of_two_outboxes_holds(layer):
    with Outbox(layer).holding() as outer:
        with Outbox(layer).holding() as inner:
            Channel("inner", channel_layer=layer).send({})
        Channel("outer", channel_layer=layer).send({})
    assert [send.channel for send in inner.sends] == ["inner"]
    assert [send.channel for send in outer.sends] == ["outer"]


def test_other_threads_send_at_once(layer):
    with Outbox(layer).holding() as outbox:
        thread = threading.Thread(target=Channel("a", channel_layer=layer).send, args=({},))
        thread.start()
        thread.join()
    assert layer.sent == [Envelope("a", {})]
    assert outbox.sends == []


def test_a_context_that_outlives_the_run_sends_at_once(layer):
    with Outbox(layer).holding() as outbox:
        context = contextvars.copy_context()
        context.run(Channel("a", channel_layer=layer).send, {})
    context.run(Channel("late", channel_layer=layer).send, {})
    context.run(Group("late", channel_layer=layer).send, {})
    assert outbox.sends == [Envelope("a", {})]
    assert layer.sent == [Envelope("late", {}), GroupSend("late", {})]


def test_delivery_sends_everything_through_a_layer(layer):
    assert deliver(layer, [Envelope("a", {}), GroupSend("g", {})]) == []
    assert layer.sent == [Envelope("a", {}), GroupSend("g", {})]


def test_delivery_gives_up_on_a_full_channel_and_says_so(layer, caplog):
    layer.full.add("full")
    refused = deliver(layer, [Envelope("a", {}), Envelope("full", {})], patience_seconds=0)
    assert refused == [Envelope("full", {})]
    assert layer.sent == [Envelope("a", {})]
    assert "dropped a message to full" in caplog.text


def test_delivery_tries_again_while_a_channel_is_full(layer, monkeypatch):
    layer.full.add("full")
    monkeypatch.setattr("towpath.channels.delivery.time.sleep", lambda seconds: layer.full.clear())
    assert deliver(layer, [Envelope("full", {})]) == []
    assert layer.sent == [Envelope("full", {})]
