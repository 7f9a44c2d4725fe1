"""The exceptions of consumers."""

import pytest

from towpath.channels import ChannelSocketException, DenyConnection, Message, WebsocketCloseException
from towpath.layers.contract import Envelope
from towpath.layers.errors import InvalidReply, TowpathError


@pytest.mark.parametrize("code", [None, 1000, 1001, 1008, 1014, 3000, 4999])
def test_a_socket_is_closed_with_a_code_that_applications_may_use(layer, code):
    message = Message({"reply_channel": "interface.x!1"}, "websocket.receive", layer)
    WebsocketCloseException(code).run(message)
    assert layer.sent == [Envelope("interface.x!1", {"close": True if code is None else code})]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, "1000", True, 1000.0])
def test_another_code_is_refused(code):
    with pytest.raises(ValueError, match="a WebSocket is closed with"):
        WebsocketCloseException(code)


def test_closing_needs_a_connection(layer):
    with pytest.raises(ValueError, match=r"'chat' has no connection"):
        WebsocketCloseException().run(Message({}, "chat", layer))


def test_the_base_class_does_nothing_by_itself(layer):
    with pytest.raises(NotImplementedError, match="has to define run"):
        ChannelSocketException().run(Message({}, "chat", layer))


def test_everything_a_consumer_raises_has_one_root():
    assert issubclass(WebsocketCloseException, TowpathError)


def test_a_close_may_have_a_reason(layer):
    message = Message({"reply_channel": "interface.x!1"}, "websocket.receive", layer)
    WebsocketCloseException(4401, "gone").run(message)
    WebsocketCloseException(reason="bye").run(message)
    assert [send.content for send in layer.sent] == [
        {"close": 4401, "reason": "gone"},
        {"close": True, "reason": "bye"},
    ]
    for reason in ("é" * 62, b"gone"):
        with pytest.raises(ValueError, match="'reason' of a reply to a WebSocket is a str of at most 123 bytes"):
            WebsocketCloseException(4401, reason)


@pytest.mark.parametrize(
    ("parts", "reply"),
    [
        ({}, None),
        ({"status": 404}, {"accept": False, "status": 404}),
        ({"headers": [["a", "b"]], "content": b"c"}, {"accept": False, "headers": [["a", "b"]], "content": b"c"}),
    ],
)
def test_a_refusal_may_have_parts_of_a_response(parts, reply):
    assert DenyConnection("a reason", **parts).reply == reply
    assert str(DenyConnection("a reason", **parts)) == "a reason"


@pytest.mark.parametrize("parts", [{"status": 200}, {"status": "404"}, {"headers": {"a": "b"}}, {"content": "text"}])
def test_a_wrong_refusal_is_an_error_where_it_is_raised(parts):
    with pytest.raises(InvalidReply):
        DenyConnection(**parts)
