"""WebSockets as classes: frames in and out, groups, sessions, and the errors of wrong use."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User

from towpath.auth import channel_session_user
from towpath.channels import Message
from towpath.generic.websockets import JsonWebsocketConsumer, WebsocketConsumer
from towpath.layers.errors import ConfigurationError
from towpath.sessions import channel_session


class Echo(WebsocketConsumer):
    """Sends back what comes."""

    def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
        self.send(text=text, bytes=bytes)


def test_a_class_says_what_it_handles() -> None:
    assert Echo.channel_names() == {"websocket.connect", "websocket.receive", "websocket.disconnect"}


def test_a_socket_is_accepted_and_may_say_nothing(socket: Any) -> None:
    socket.event(WebsocketConsumer, "connect")
    socket.event(WebsocketConsumer, "receive", text="hello")
    socket.event(WebsocketConsumer, "disconnect", code=1000)
    assert socket.replies == [{"accept": True}]


@pytest.mark.parametrize("content", [{"text": "tea"}, {"text": ""}, {"bytes": b"\x00"}, {"bytes": b""}])
def test_frames_come_and_go_also_empty_ones(socket: Any, content: dict[str, Any]) -> None:
    socket.event(Echo, "receive", **content)
    absent = {"text": None, "bytes": None} | content
    socket.event(Echo, "receive", **absent)
    assert socket.replies == [content, content]


def test_the_groups_of_its_route_are_joined_before_connect_and_left_before_disconnect(socket: Any) -> None:
    class Room(WebsocketConsumer):
        def connection_groups(self, **kwargs: Any) -> list[str]:
            return [f"room-{kwargs['room']}", "everyone"]

        def connect(self, message: Message, **kwargs: Any) -> None:
            seen.append((self.path, *map(socket.layer.group_channels, ("room-1", "everyone"))))

        disconnect = connect

    seen: list[Any] = []
    socket.event(Room, "connect", {"room": "1"})
    socket.event(Room, "disconnect", {"room": "1"})
    assert seen == [("/chat/", ["interface.one!1"], ["interface.one!1"]), ("/chat/", [], [])]


def test_groups_may_be_an_attribute(socket: Any) -> None:
    class Everyone(WebsocketConsumer):
        groups = ("everyone",)

    socket.event(Everyone, "connect")
    assert socket.layer.group_channels("everyone") == ["interface.one!1"]


def test_one_name_for_groups_is_an_error_that_says_to_make_it_a_list(socket: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Wrong.groups is a list of names: write \['everyone'\]"):

        class Wrong(WebsocketConsumer):
            groups = "everyone"

    class Late(WebsocketConsumer):
        def connection_groups(self, **kwargs: Any) -> Any:
            return "everyone"

    with pytest.raises(ConfigurationError, match=r"connection_groups returns a list of names, such as \['everyone'\]"):
        socket.event(Late, "connect")


def test_a_group_gets_frames_from_the_class(socket: Any) -> None:
    class Telling(Echo):
        def connect(self, message: Message, **kwargs: Any) -> None:
            self.group_send("everyone", text="hello")
            Telling.group_send("everyone", bytes=b"bye", close=True)
            TellingJson.group_send("everyone", {"n": 1}, close=4000)

    class TellingJson(JsonWebsocketConsumer):
        pass

    socket.event(Telling, "connect")
    assert socket.group_sends == [
        ("everyone", {"text": "hello"}),
        ("everyone", {"bytes": b"bye", "close": True}),
        ("everyone", {"text": '{"n": 1}', "close": 4000}),
    ]


def test_a_socket_is_closed_with_a_reason(socket: Any) -> None:
    class Closing(WebsocketConsumer):
        def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
            self.close(4401, text)

    socket.event(Closing, "receive", text="gone")
    assert socket.replies == [{"close": 4401, "reason": "gone"}]
    with pytest.raises(ValueError, match="at most 123 bytes of UTF-8"):
        socket.event(Closing, "receive", text="x" * 124)


def test_a_socket_is_closed_with_or_without_a_last_message(socket: Any) -> None:
    class Closing(WebsocketConsumer):
        def receive(self, text: str | None = None, **kwargs: Any) -> None:
            self.close()
            self.close(4001)
            self.send("bye", close=1008)

    socket.event(Closing, "receive", text="")
    assert socket.replies == [{"close": True}, {"close": 4001}, {"text": "bye", "close": 1008}]


WRONG_SENDS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda consumer: consumer.send(), ValueError, "send text or bytes: neither was given"),
    (lambda consumer: consumer.send("a", b"b"), ValueError, "send text or bytes: both were given"),
    (lambda consumer: consumer.send({"n": 1}), TypeError, "text is a str, not dict: encode it, or use JsonWebsocketC"),
    (lambda consumer: consumer.send(bytes="a"), TypeError, "bytes is bytes, not str: send a str as text"),
    (lambda consumer: consumer.send("a", close=2000), ValueError, "a code of 1000 to 1003, 1007 to 1014, or 3000 to 4"),
    (lambda consumer: consumer.close(False), ValueError, "not False"),
    (lambda consumer: consumer.close("4000"), ValueError, "not '4000'"),
    (lambda consumer: consumer.group_send("everyone"), ValueError, "neither was given"),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG_SENDS)
def test_what_cannot_be_sent_is_an_error_where_it_is_sent(
    socket: Any, call: Callable[[Any], Any], kind: type[Exception], text: str
) -> None:
    class Wrong(WebsocketConsumer):
        def receive(self, **kwargs: Any) -> None:
            call(self)

    with pytest.raises(kind, match=text):
        socket.event(Wrong, "receive", text="")
    assert socket.replies == []


def test_without_a_reply_channel_no_answer_is_sent(socket: Any) -> None:
    with pytest.raises(ValueError, match=r"a message on 'websocket.receive' has no reply_channel"):
        socket.event(Echo, "receive", reply_channel=None, text="hello")


def test_slight_ordering_is_an_error_when_the_class_is_defined() -> None:
    with pytest.raises(ConfigurationError, match=r"Slight.slight_ordering was removed: take it out"):
        type("Slight", (WebsocketConsumer,), {"slight_ordering": True})
    with pytest.raises(ValueError, match="slight_ordering"):
        WebsocketConsumer.as_route(attrs={"slight_ordering": True})


class Numbers(JsonWebsocketConsumer):
    """Adds one to what comes."""

    def receive(self, content: Any, **kwargs: Any) -> None:
        self.send({"n": content["n"] + 1}, close=bool(content.get("last")))


def test_json_comes_and_goes(socket: Any) -> None:
    socket.event(Numbers, "receive", text='{"n": 1}')
    socket.event(Numbers, "receive", text='{"n": 2, "last": true}')
    assert socket.replies == [{"text": '{"n": 2}'}, {"text": '{"n": 3}', "close": True}]


def test_json_is_written_by_djangos_encoder() -> None:
    from datetime import date
    from decimal import Decimal

    from django.utils.translation import gettext_lazy

    text = JsonWebsocketConsumer.encode_json(
        {"day": date(2026, 2, 3), "sum": Decimal("1.10"), "title": gettext_lazy("a")}
    )
    assert text == '{"day": "2026-02-03", "sum": "1.10", "title": "a"}'


def test_what_browsers_cannot_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        JsonWebsocketConsumer.encode_json(float("nan"))
    with pytest.raises(TypeError, match="JSON"):
        JsonWebsocketConsumer.encode_json(object())


@pytest.mark.parametrize(("content", "text"), [({"bytes": b"{}"}, "got a binary frame"), ({"text": "{"}, "Expecting")])
def test_invalid_json_is_a_value_error(socket: Any, content: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        socket.event(Numbers, "receive", **content)


def test_encoding_can_be_overridden(socket: Any) -> None:
    class Lines(Numbers):
        @classmethod
        def decode_json(cls, text: str) -> Any:
            return {"n": int(text)}

        @classmethod
        def encode_json(cls, content: Any) -> str:
            return str(content["n"])

    socket.event(Lines, "receive", text="4")
    assert socket.replies == [{"text": "5"}]


@pytest.fixture
def cookie(database: None) -> list[list[bytes]]:
    """The headers of a browser in which anna is logged in."""
    anna = User.objects.create_user("anna")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(anna.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = anna.get_session_auth_hash()
    session.save()
    return [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]


class Who(WebsocketConsumer):
    """Says who is there and which sessions are open."""

    def connect(self, message: Message, **kwargs: Any) -> None:
        self.receive()

    def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
        message: Any = self.message
        user = getattr(message, "user", None)
        http = getattr(message, "http_session", None)
        self.send(f"{user} {hasattr(message, 'channel_session')} {http is not None and auth.SESSION_KEY in http}")


@pytest.mark.parametrize(
    ("attributes", "at_connect", "later"),
    [
        ({}, "None False False", "None False False"),
        ({"strict_ordering": True}, "None True False", "None True False"),
        ({"channel_session": True}, "None True False", "None True False"),
        ({"channel_session_user": True}, "AnonymousUser True False", "AnonymousUser True False"),
        ({"http_user": True}, "anna True True", "anna True False"),
        ({"http_user": True, "strict_ordering": True}, "anna True True", "anna True False"),
        ({"http_user_and_session": True}, "anna True True", "anna True True"),
    ],
)
def test_attributes_open_sessions_and_users(
    socket: Any, cookie: Any, attributes: dict[str, bool], at_connect: str, later: str
) -> None:
    consumer = type("Who", (Who,), attributes)
    socket.event(consumer, "connect", headers=cookie)
    socket.event(consumer, "receive", text="")
    assert [reply["text"] for reply in socket.replies] == [at_connect, later]


def test_decorators_work_on_the_class_and_on_each_of_its_methods(socket: Any) -> None:
    class Counting(WebsocketConsumer):
        @channel_session
        def connect(self, message: Any, **kwargs: Any) -> None:
            message.channel_session["n"] = 1

        @channel_session_user
        def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
            self.send(f"{self.message.channel_session['n']} {self.message.user}")  # type: ignore[attr-defined]

    for consumer in (Counting, channel_session(Counting)):
        socket.event(consumer, "connect")
        socket.event(consumer, "receive", text="")
    assert [reply["text"] for reply in socket.replies] == ["1 AnonymousUser"] * 2
