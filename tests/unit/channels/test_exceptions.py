"""What consumers raise."""

import pytest

from towpath.channels import ChannelSocketException, Message, WebsocketCloseException
from towpath.layers.contract import Envelope
from towpath.layers.errors import TowpathError


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
