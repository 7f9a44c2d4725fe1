"""Origin checks in front of consumers of `websocket.connect`."""

from typing import Any

import pytest
from django.test import override_settings

from towpath.channels import DenyConnection, Message
from towpath.security.websockets import BaseOriginValidator, allowed_hosts_only


def handshake(layer: Any, *origins: bytes) -> Message:
    headers = [[b"host", b"testserver"], *[[b"origin", origin] for origin in origins]]
    return Message({"reply_channel": "interface.one!1", "headers": headers}, "websocket.connect", layer)


@allowed_hosts_only
def connect(message: Message, room: str = "") -> str:
    """Let a page in."""
    return f"accepted {room}"


@pytest.mark.parametrize("origin", [b"http://testserver", b"https://testserver:8443", b"http://TESTSERVER"])
def test_pages_of_allowed_hosts_are_let_in(origin: bytes, layer: Any) -> None:
    assert connect(handshake(layer, origin), room="lobby") == "accepted lobby"


@pytest.mark.parametrize(
    "origins",
    [
        (),
        (b"",),
        (b"null",),
        (b"file://",),
        (b"http://elsewhere.example",),
        (b"http://testserver.example",),
        (b"http://testserver@elsewhere.example",),
        (b"http://testserver\xff",),
        (b"http://[testserver",),
        (b"http://testserver", b"http://testserver"),
    ],
)
def test_other_origins_are_denied(origins: tuple[bytes, ...], layer: Any) -> None:
    with pytest.raises(DenyConnection):
        connect(handshake(layer, *origins))


@override_settings(ALLOWED_HOSTS=["*"])
def test_even_where_all_hosts_are_allowed_there_has_to_be_one(layer: Any) -> None:
    assert connect(handshake(layer, b"http://anything"))
    with pytest.raises(DenyConnection):
        connect(handshake(layer))


@pytest.mark.parametrize("origin", [b"http://localhost:8000", b"http://127.0.0.1", b"http://[::1]:8000"])
def test_a_developer_needs_no_setting(origin: bytes, layer: Any) -> None:
    with override_settings(ALLOWED_HOSTS=[], DEBUG=True):
        assert connect(handshake(layer, origin))
    with override_settings(ALLOWED_HOSTS=[], DEBUG=False), pytest.raises(DenyConnection):
        connect(handshake(layer, origin))


def test_methods_can_be_decorated(layer: Any) -> None:
    class Chat:
        @allowed_hosts_only
        def connect(self, message: Message, room: str) -> Any:
            return self, room

    chat = Chat()
    assert chat.connect(handshake(layer, b"http://testserver"), room="lobby") == (chat, "lobby")


def test_a_decorated_consumer_keeps_its_name() -> None:
    assert (connect.__name__, connect.__doc__) == ("connect", "Let a page in.")


def test_a_rule_of_the_projects_own(layer: Any) -> None:
    class Partner(BaseOriginValidator):
        def validate_origin(self, message: Message, origin: str | None) -> bool:
            return origin == "https://partner.example" and self.get_header(message, b"host") == b"testserver"

    consumer = Partner(lambda message: "accepted")
    assert consumer(handshake(layer, b"https://partner.example")) == "accepted"
    with pytest.raises(DenyConnection):
        consumer(handshake(layer, b"http://testserver"))


def test_a_validator_has_to_have_a_rule(layer: Any) -> None:
    with pytest.raises(NotImplementedError):
        BaseOriginValidator(lambda message: None)(handshake(layer))
