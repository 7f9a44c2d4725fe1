"""Decorators on one consumer: every order that makes sense works, and any other is an error when it is defined."""

from collections.abc import Callable
from importlib import import_module
from itertools import permutations
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.test import override_settings

from towpath.auth import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
)
from towpath.auth.users import log_in
from towpath.channels import DenyConnection, Message
from towpath.generic.websockets import WebsocketConsumer
from towpath.layers.errors import ConfigurationError
from towpath.security.websockets import BaseOriginValidator, allowed_hosts_only
from towpath.sessions import channel_and_http_session, channel_session, enforce_ordering, http_session

ORIGIN = [b"origin", b"http://testserver"]


@pytest.fixture
def headers(database: None) -> list[list[bytes]]:
    """The handshake of a browser in which anna is logged in."""
    anna = User.objects.create_user("anna")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(anna.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = anna.get_session_auth_hash()
    session.save()
    return [ORIGIN, [b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]


def event(layer: Any, kind: str = "connect", before: Message | None = None, **content: Any) -> Message:
    state = None if before is None else before.session_state
    return Message({"reply_channel": "interface.one!1", **content}, f"websocket.{kind}", layer, 1, state)


def stacked(consumer: Callable[..., Any], decorators: Any) -> Any:
    for decorate in decorators:
        consumer = decorate(consumer)
    return consumer


def look(message: Any) -> Any:
    """Be a consumer that says whom it sees, and marks the connection."""
    message.channel_session["seen"] = True
    return str(message.user), getattr(message, "http_session", None) is not None


STACKS = [
    (allowed_hosts_only, enforce_ordering, channel_session_user_from_http),
    (channel_session, channel_session_user, channel_session_user_from_http),
    (channel_session, http_session, channel_and_http_session, channel_and_http_session_user_from_http),
    (channel_session_user_from_http, channel_and_http_session),
    (channel_session, http_session_user),
    (channel_and_http_session, http_session_user),
]


@pytest.mark.parametrize("stack", [order for stack in STACKS for order in permutations(stack)])
def test_every_order_that_makes_sense_finds_session_and_user(layer: Any, headers: Any, stack: Any) -> None:
    message = event(layer, headers=headers)
    assert stacked(look, stack)(message) == ("anna", True)
    assert message.session_state_changed


LATER = [(channel_and_http_session, http_session_user), (channel_and_http_session_user_from_http, http_session)]


@pytest.mark.parametrize("stack", [order for stack in LATER for order in permutations(stack)])
def test_later_events_have_both_in_every_order(layer: Any, headers: Any, stack: Any) -> None:
    consumer = stacked(look, stack)
    first = event(layer, headers=headers)
    consumer(first)
    assert consumer(event(layer, "receive", first)) == ("anna", True)


ALL = {
    decorate.__name__: decorate
    for decorate in (
        channel_session,
        http_session,
        channel_and_http_session,
        enforce_ordering,
        channel_session_user,
        http_session_user,
        channel_session_user_from_http,
        channel_and_http_session_user_from_http,
        allowed_hosts_only,
    )
}
#: Decorator -> the session that its user is from: that of the connection, of the browser, or of the browser for both.
USERS = {
    "channel_session_user": "channel",
    "http_session_user": "http",
    "channel_session_user_from_http": "from http",
    "channel_and_http_session_user_from_http": "from http",
}
OF_HANDSHAKES = allowed_hosts_only.__name__
PAIRS = [(outer, inner) for outer in ALL for inner in ALL]


@pytest.fixture
def state(layer: Any, database: None) -> bytes | None:
    """The state of a connection to which berta is logged in, by other means than the cookie."""

    @channel_session
    def connect(message: Any) -> None:
        log_in(message.channel_session, User.objects.create_user("berta"))

    message = event(layer)
    connect(message)
    return message.session_state


def expected_user(outer: str, inner: str) -> str | None:
    """Return who is `message.user` in a handshake with anna's cookie on a connection of berta's; None: it has none."""
    sources = [USERS[name] for name in (outer, inner) if name in USERS]
    if not sources:
        return None
    return "anna" if sources[-1] != "channel" or "from http" in sources else "berta"


@pytest.mark.parametrize("kind", ["function", "method", "class"])
@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_of_two_decorators_the_inner_one_decides_who_the_user_is(
    layer: Any, headers: Any, state: bytes | None, outer: str, inner: str, kind: str
) -> None:
    seen: list[str | None] = []

    def consume(message: Any) -> None:
        seen.append(str(message.user) if hasattr(message, "user") else None)

    class Chat(WebsocketConsumer):
        def connect(self, message: Message, **kwargs: Any) -> None:
            consume(message)

    message = Message({"reply_channel": "interface.one!1", "headers": headers}, "websocket.connect", layer, 1, state)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        if kind == "function":
            ALL[outer](ALL[inner](consume))(message)
        elif kind == "class":
            ALL[outer](ALL[inner](Chat))(message)
        else:
            Chat.connect = ALL[outer](ALL[inner](Chat.connect))  # type: ignore[method-assign]
            Chat(message)
    assert seen == [expected_user(outer, inner)]


@pytest.mark.parametrize(("outer", "inner"), [pair for pair in PAIRS if OF_HANDSHAKES not in pair])
def test_any_two_decorators_can_be_on_the_consumer_of_a_later_event(
    layer: Any, state: bytes | None, outer: str, inner: str
) -> None:
    """Without a cookie the browser's user is anonymous, and the connection's is berta."""

    def consume(message: Any) -> str | None:
        return str(message.user) if hasattr(message, "user") else None

    message = Message({"reply_channel": "interface.one!1", "text": ""}, "websocket.receive", layer, 1, state)
    sources = [USERS[name] for name in (outer, inner) if name in USERS]
    user = None if not sources else "AnonymousUser" if sources[-1] == "http" else "berta"
    assert ALL[outer](ALL[inner](consume))(message) == user


@pytest.mark.parametrize("attribute", ["channel_session_user", "http_user", "http_user_and_session"])
def test_a_decorator_on_a_method_decides_before_an_attribute_of_its_class(
    layer: Any, headers: Any, state: bytes | None, attribute: str
) -> None:
    seen = []

    class Chat(WebsocketConsumer):
        @http_session_user
        def connect(self, message: Any, **kwargs: Any) -> None:
            seen.append(str(message.user))

    setattr(Chat, attribute, True)
    Chat(Message({"reply_channel": "interface.one!1", "headers": headers}, "websocket.connect", layer, 1, state))
    assert seen == ["anna"]


def test_a_user_that_a_decorator_of_the_project_has_set_stays(layer: Any, headers: Any) -> None:
    message: Any = event(layer, headers=headers)
    message.user = "set by hand"
    assert http_session_user(channel_session_user(lambda message: message.user))(message) == "set by hand"


DECORATORS = [channel_session, http_session_user, enforce_ordering, allowed_hosts_only]


@pytest.mark.parametrize("decorate", DECORATORS)
@pytest.mark.parametrize("kind", [classmethod, staticmethod])
def test_a_decorator_above_a_classmethod_is_an_error(decorate: Any, kind: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"@\w+ stands above @{kind.__name__}: put @{kind.__name__} above it"):
        decorate(kind(look))


def test_below_it_is_right(layer: Any) -> None:
    class Chat:
        @classmethod
        @channel_session
        def receive(cls, message: Any) -> str:
            return f"{cls.__name__} {message.channel_session.get('n')}"

        @staticmethod
        @channel_session
        def static(message: Any) -> Any:
            return message.channel_session.get("n", 5)

    assert (Chat.receive(event(layer)), Chat().static(event(layer))) == ("Chat None", 5)


async def asynchronous(message: Any) -> None:
    """Be a coroutine that is not awaited."""


@pytest.mark.parametrize("decorate", DECORATORS)
@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("chat.receive", r"\('chat.receive'\): decorate the consumer itself, not its dotted path"),
        (
            WebsocketConsumer.as_route(),
            r"decorates a consumer .*, not <route_class.*; to route a decorated one, write ro",
        ),
        (asynchronous, "asynchronous is async, and consumers are plain functions"),
    ],
)
def test_only_consumers_can_be_decorated(decorate: Any, wrong: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        decorate(wrong)


def test_a_decorator_has_its_name_for_errors() -> None:
    assert [decorate.__name__ for decorate in (channel_session, http_session_user)] == [
        "channel_session",
        "http_session_user",
    ]


def test_a_callable_object_can_be_decorated(layer: Any) -> None:
    class Counter:
        def __call__(self, message: Any) -> Any:
            return message.channel_session.get("n", 7)

    assert channel_session(Counter())(event(layer)) == 7


def test_a_class_keeps_its_name_and_stays_usable_without_its_decorator(layer: Any) -> None:
    class Chat(WebsocketConsumer):
        """Talks."""

        def receive(self, **kwargs: Any) -> None:
            self.seen = hasattr(self.message, "channel_session")

    decorated: Any = channel_session(Chat)
    assert (decorated.__name__, decorated.__doc__, decorated.__module__) == ("Chat", "Talks.", Chat.__module__)
    assert decorated(event(layer, "receive", text="")).seen is True
    assert Chat(event(layer, "receive", text="")).seen is False


def test_an_origin_is_checked_at_the_handshake_of_a_class(layer: Any) -> None:
    seen = []

    class Chat(WebsocketConsumer):
        def connect(self, message: Message, **kwargs: Any) -> None:
            seen.append("connect")

        def receive(self, **kwargs: Any) -> None:
            seen.append("receive")

    with override_settings(ALLOWED_HOSTS=["testserver"]):
        for consumer in (allowed_hosts_only(Chat), channel_session(allowed_hosts_only(channel_session(Chat)))):
            assert consumer.as_route().channel_names() == Chat.channel_names()
            consumer(event(layer, headers=[ORIGIN]))
            consumer(event(layer, "receive", text=""))
            with pytest.raises(DenyConnection):
                consumer(event(layer, headers=[[b"origin", b"http://elsewhere"]]))
    assert seen == ["connect", "receive"] * 2
    assert isinstance(allowed_hosts_only(look), BaseOriginValidator)
