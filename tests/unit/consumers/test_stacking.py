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

from towpath.channels import DenyConnection, Message
from towpath.consumers.auth import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
)
from towpath.consumers.generic import WebsocketConsumer
from towpath.consumers.origin import BaseOriginValidator, allowed_hosts_only
from towpath.consumers.sessions import (
    channel_and_http_session,
    channel_session,
    enforce_ordering,
    http_session,
)
from towpath.layers.errors import ConfigurationError

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
    state = None if before is None else before.connection_state
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
    assert message.connection_state_changed


LATER = [(channel_and_http_session, http_session_user), (channel_and_http_session_user_from_http, http_session)]


@pytest.mark.parametrize("stack", [order for stack in LATER for order in permutations(stack)])
def test_later_events_have_both_in_every_order(layer: Any, headers: Any, stack: Any) -> None:
    consumer = stacked(look, stack)
    first = event(layer, headers=headers)
    consumer(first)
    assert consumer(event(layer, "receive", first)) == ("anna", True)


RIVALS = [
    (http_session_user, channel_session_user),
    (http_session_user, channel_session_user_from_http),
    (http_session_user, channel_and_http_session_user_from_http),
    (http_session_user, enforce_ordering, channel_session_user),
]


@pytest.mark.parametrize("stack", [order for stack in RIVALS for order in permutations(stack)])
def test_two_sources_of_one_user_are_an_error_when_they_are_put_together(stack: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot both be on look: both set message.user, .*: keep one; "):
        stacked(look, stack)


DECORATORS = [channel_session, http_session_user, enforce_ordering, allowed_hosts_only]


@pytest.mark.parametrize("decorate", DECORATORS)
@pytest.mark.parametrize("kind", [classmethod, staticmethod])
def test_a_decorator_above_a_classmethod_is_told_to_go_below(decorate: Any, kind: Any) -> None:
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
    """Be something nobody awaits."""


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
def test_what_is_no_consumer_cannot_be_decorated(decorate: Any, wrong: Any, text: str) -> None:
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
