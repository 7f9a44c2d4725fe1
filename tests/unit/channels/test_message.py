"""The message that a consumer receives."""

from datetime import timedelta

import pytest

from towpath.channels import Message, Outbox
from towpath.channels.message import SESSION_STATE_MAX_BYTES
from towpath.layers.contract import Envelope
from towpath.layers.errors import EncodeError, InvalidName, InvalidReply, MessageTooLarge


def make(layer, content, **more):
    return Message(content, "websocket.receive", layer, **more)


def test_a_message_reads_like_its_content(layer):
    message = make(layer, {"text": "", "order": 1})
    assert message["text"] == ""
    message["more"] = 2
    assert "more" in message
    assert "absent" not in message
    assert message.get("absent") is None
    assert message.get("absent", 7) == 7
    assert list(message.keys()) == ["text", "order", "more"]
    assert list(message.values()) == ["", 1, 2]
    assert list(message.items()) == [("text", ""), ("order", 1), ("more", 2)]
    assert repr(message) == "<Message on 'websocket.receive'>"


def test_a_message_knows_its_channels(layer):
    message = make(layer, {"reply_channel": "interface.x!1"})
    assert message.channel.name == "websocket.receive"
    assert message.reply_channel.name == "interface.x!1"
    assert message.reply_channel is message.reply_channel
    assert message.channel.channel_layer is message.reply_channel.channel_layer is message.channel_layer is layer


def test_a_message_without_a_reply_channel_has_none(layer):
    assert make(layer, {}).reply_channel is None
    assert make(layer, {"reply_channel": None}).reply_channel is None


def test_a_reply_channel_that_is_not_a_name_is_an_error_when_it_is_used(layer):
    with pytest.raises(InvalidName):
        _ = make(layer, {"reply_channel": 5}).reply_channel


def test_a_changed_reply_channel_counts(layer):
    message = make(layer, {"reply_channel": "interface.x!1"})
    assert message.reply_channel.name == "interface.x!1"
    message["reply_channel"] = "elsewhere"
    assert message.reply_channel.name == "elsewhere"


@pytest.mark.parametrize("immediately", [False, True])
@pytest.mark.parametrize(
    ("channel", "wrong", "right"),
    [
        ("websocket.connect", {"accepted": True}, {"accept": True}),
        ("websocket.receive", {"close": 4401, "reasons": "gone"}, {"close": 4401, "reason": "gone"}),
        ("websocket.disconnect", {"text": 5}, {"text": "5"}),
        ("http.request", {"status": 200, "body": b""}, {"status": 200, "content": b""}),
    ],
)
def test_a_wrong_reply_is_an_error_at_the_call(layer, channel, wrong, right, immediately):
    reply_channel = Message({"reply_channel": "interface.x!1"}, channel, layer).reply_channel
    with Outbox(layer).holding() as outbox:
        with pytest.raises(InvalidReply):
            reply_channel.send(wrong, immediately=immediately)
        with pytest.raises(EncodeError, match="a message is a dict"):
            reply_channel.send("hello", immediately=immediately)
        reply_channel.send(right, immediately=immediately)
    assert [*outbox.sends, *layer.sent] == [Envelope("interface.x!1", right)]


def test_a_wrong_reply_that_is_due_later_is_an_error_at_the_call(layer):
    with pytest.raises(InvalidReply):
        make(layer, {"reply_channel": "interface.x!1"}).reply_channel.send({"txt": "a"}, delay=timedelta(seconds=1))
    assert layer.later == []


def test_replies_to_messages_of_an_application_are_its_own(layer):
    Message({"reply_channel": "answers"}, "websocket.receive", layer).reply_channel.send({"anything": 1})
    Message({"reply_channel": "interface.x!1"}, "jobs", layer).reply_channel.send({"anything": 2})
    assert [send.content for send in layer.sent] == [{"anything": 1}, {"anything": 2}]


def test_an_envelope_becomes_a_message(layer):
    message = Message.from_envelope(Envelope("chat", {"a": 1}, 7, b"state"), layer)
    assert (message.channel_name, message.content, message.turn) == ("chat", {"a": 1}, 7)
    assert (message.session_state, message.session_state_changed) == (b"state", False)


def test_setting_the_connection_state_marks_it_changed(layer):
    message = make(layer, {})
    assert message.session_state is None
    message.session_state = b"x" * SESSION_STATE_MAX_BYTES
    assert message.session_state_changed
    message.session_state = b""
    assert message.session_state is None
    assert message.session_state_changed


def test_a_connection_state_that_is_too_long_is_refused(layer):
    message = make(layer, {}, session_state=b"before")
    with pytest.raises(MessageTooLarge, match="at most 65536 bytes"):
        message.session_state = b"x" * (SESSION_STATE_MAX_BYTES + 1)
    assert (message.session_state, message.session_state_changed) == (b"before", False)


@pytest.mark.parametrize("value", ["text", None, 5])
def test_a_connection_state_is_bytes(layer, value):
    with pytest.raises(TypeError, match="session_state is bytes"):
        make(layer, {}).session_state = value


def test_a_copy_has_its_own_content_and_the_same_connection(layer):
    message = make(layer, {"list": [1]}, turn=3, session_state=b"old")
    copied = message.copy()
    copied["list"].append(2)
    copied.session_state = b"new"
    assert message["list"] == [1]
    assert (copied.turn, copied.channel_name, copied.channel_layer) == (3, "websocket.receive", layer)
    assert (message.session_state, message.session_state_changed) == (b"new", True)
