"""Channel and Group, as application code uses them."""

from unittest.mock import Mock

import pytest

from towpath.channels import Channel, Group, Outbox
from towpath.layers.contract import Envelope, GroupSend
from towpath.layers.errors import ChannelFull, EncodeError, InvalidName, NoHistory

CHANNEL = Channel("one", channel_layer=Mock())


def test_a_channel_outside_a_consumer_sends_at_once(layer):
    Channel("chat", channel_layer=layer).send({"text": "hello"})
    assert layer.sent == [Envelope("chat", {"text": "hello"})]


def test_a_channel_shows_its_name_and_layer(layer):
    channel = Channel(b"chat", channel_layer=layer)
    assert (channel.name, str(channel), repr(channel)) == ("chat", "chat", "Channel('chat')")
    assert channel.channel_layer is layer


@pytest.mark.parametrize("name", ["", "a b", "ä".encode(), "x" * 100, None, 5])
def test_a_bad_name_is_refused_when_the_channel_is_made(layer, name):
    with pytest.raises(InvalidName):
        Channel(name, channel_layer=layer)
    with pytest.raises(InvalidName):
        Group(name, channel_layer=layer)


def test_a_full_channel_is_the_senders_error(layer):
    layer.full.add("chat")
    with pytest.raises(ChannelFull):
        Channel("chat", channel_layer=layer).send({})


@pytest.mark.parametrize("content", [None, "text", [("a", 1)]])
def test_what_is_not_a_dict_is_a_type_error_on_a_channel_and_a_value_error_on_a_group(layer, content):
    with pytest.raises(TypeError, match="a message is a dict"):
        Channel("chat", channel_layer=layer).send(content)
    with pytest.raises(ValueError, match="a message to a group is a dict"):
        Group("chat", channel_layer=layer).send(content)


def test_a_value_that_cannot_travel_is_named_by_its_key(layer):
    with pytest.raises(EncodeError, match=r"message\['when'\]"):
        Group("chat", channel_layer=layer).send({"when": object()})


def test_a_group_outside_a_consumer_sends_at_once(layer):
    group = Group(b"room", channel_layer=layer)
    group.send({"text": "hello"})
    assert layer.sent == [GroupSend("room", {"text": "hello"})]
    assert (str(group), repr(group)) == ("room", "Group('room')")


@pytest.mark.parametrize(
    ("exclude", "names"),
    [("one", ("one",)), (b"", ()), (["one", "name!a"], ("one", "name!a")), (CHANNEL, ("one",))],
)
def test_a_group_send_passes_on_the_channels_that_it_excludes_held_or_not(layer, exclude, names):
    group = Group("room", channel_layer=layer)
    for immediately in (True, False):
        group.send({}, immediately, exclude=exclude)
    with Outbox(layer).holding() as outbox:
        group.send({}, exclude=exclude)
    assert [*layer.sent, *outbox.sends] == [GroupSend("room", {}, exclude=names)] * 3


def test_a_wrong_name_in_exclude_is_refused_at_the_call(layer):
    with pytest.raises(InvalidName, match="channel name 'a b' is not valid"):
        Group("room", channel_layer=layer).send({}, exclude=["a b"])


def test_a_group_of_a_layer_without_histories_says_so(layer):
    group = Group("room", channel_layer=layer)
    for ask in (group.history, group.position):
        with pytest.raises(NoHistory, match="keeps no history of groups, such as 'room'"):
            ask()


def test_a_group_takes_and_drops_channels_and_names(layer):
    group = Group("room", channel_layer=layer)
    group.add(Channel("one", channel_layer=layer))
    group.add("two")
    assert layer.group_channels("room") == ["one", "two"]
    group.discard("one")
    group.discard(Channel("two", channel_layer=layer))
    assert layer.group_channels("room") == []
