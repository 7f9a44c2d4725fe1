"""The user of a message: the login of the handshake's cookie, kept with the connection."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from towpath.auth import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
    transfer_user,
)
from towpath.channels import Message

MakeMessage = Callable[..., Message]


@pytest.fixture
def anna(database: None) -> User:
    return User.objects.create_user("anna", password="secret")


@pytest.fixture
def cookie(anna: User) -> list[list[bytes]]:
    """The headers of a browser in which anna is logged in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(anna.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = anna.get_session_auth_hash()
    session.save()
    return [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]


@pytest.fixture
def event(layer: Any) -> MakeMessage:
    def make(before: Message | None = None, **content: Any) -> Message:
        state = None if before is None else before.session_state
        content = {"reply_channel": "interface.one!1", **content}
        return Message(content, "websocket.receive", layer, turn=1, session_state=state)

    return make


def user_of(message: Any) -> str:
    return str(message.user.get_username())


connect = channel_session_user_from_http(user_of)
receive = channel_session_user(user_of)


def test_one_decorator_logs_a_socket_in(cookie: Any, event: MakeMessage) -> None:
    connecting = event(headers=cookie)
    assert connect(connecting) == "anna"
    assert receive(event(connecting)) == "anna"
    assert connect(event(connecting)) == "anna"


def test_who_has_no_cookie_is_anonymous(event: MakeMessage, database: None) -> None:
    @channel_session_user_from_http
    def look(message: Any) -> Any:
        return message.user

    assert look(event()) == AnonymousUser()
    assert http_session_user(user_of)(event()) == ""


def test_the_user_of_the_http_session(cookie: Any, event: MakeMessage) -> None:
    assert http_session_user(user_of)(event(headers=cookie)) == "anna"


def test_no_query_is_made_before_the_user_is_looked_at(cookie: Any, event: MakeMessage) -> None:
    connecting = event(headers=cookie)
    connect(connecting)
    users: list[Any] = []
    with CaptureQueriesContext(
        connection,
    ) as queries:
        channel_session_user(lambda message: users.append(message.user))(event(connecting))
        http_session_user(lambda message: None)(event(headers=cookie))
        assert len(queries) == 0
        assert users[0].is_authenticated
        assert users[0].username == "anna"
        assert len(queries) == 1


def test_both_sessions_and_the_user_are_there_on_later_events(cookie: Any, event: MakeMessage) -> None:
    @channel_and_http_session_user_from_http
    def both(message: Any) -> Any:
        return message.user.username, message.http_session[auth.SESSION_KEY]

    connecting = event(headers=cookie)
    assert both(connecting) == both(event(connecting)) == ("anna", str(User.objects.get().pk))


def test_a_changed_password_logs_the_socket_out_and_keeps_its_state(
    cookie: Any, event: MakeMessage, anna: User
) -> None:
    @channel_session_user_from_http
    def join(message: Any) -> None:
        message.channel_session["room"] = "lobby"

    @channel_session_user
    def look(message: Any) -> Any:
        return message.user.is_authenticated, message.channel_session["room"]

    connecting = event(headers=cookie)
    join(connecting)
    anna.set_password("another")
    anna.save()
    later = event(connecting)
    assert look(later) == (False, "lobby")
    assert later.session_state_changed


def test_a_renewed_secret_keeps_the_browsers_session(cookie: Any, event: MakeMessage) -> None:
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        for _ in range(2):
            assert http_session_user(user_of)(event(headers=cookie)) == "anna"
    with override_settings(SECRET_KEY="new"):
        assert http_session_user(user_of)(event(headers=cookie)) == "anna"


def test_a_user_is_transferred_whole_or_not_at_all() -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    source, target = store(), store()
    source[auth.SESSION_KEY] = "1"
    transfer_user(source, target)
    assert not target.modified
    source[auth.BACKEND_SESSION_KEY], source[auth.HASH_SESSION_KEY] = "backend", "hash"
    transfer_user(source, target)
    assert dict(target.items()) == dict(source.items())
