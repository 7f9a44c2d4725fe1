"""Login by token: with JWTs, over every place, for later events, and without a trace in any log."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import override_settings

from towpath.auth import (
    TokenCheckFailed,
    TokenLogin,
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
    token_user,
    transfer_user,
)
from towpath.auth import users as auth_module
from towpath.channels import DenyConnection, Message, Outbox
from towpath.generic.websockets import WebsocketConsumer
from towpath.layers.contract import Content
from towpath.layers.errors import ConfigurationError, InvalidReply
from towpath.sessions import channel_session

KEY = "a key for tests, at least thirty-two bytes long"
BACKENDS = [f"django.contrib.auth.backends.{name}" for name in ("ModelBackend", "AllowAllUsersModelBackend")]


def make_token(subject: str, seconds: float = 60, key: str = KEY) -> str:
    end = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return jwt.encode({"sub": subject, "exp": end}, key, algorithm="HS256")


def user_of(token: str) -> TokenLogin | None:
    """Check a token as the documentation does."""
    try:
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError:
        return None
    user = User.objects.filter(username=claims["sub"]).first()
    return user and TokenLogin(user, expires_at=claims["exp"])


@pytest.fixture
def anna(database: None) -> User:
    return User.objects.create_user("anna", password="secret")


class Socket:
    """One connection: its state from event to event, and what was replied."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.state: bytes | None = None
        self.replies: list[Content] = []

    def connect(self, consumer: Any, token: str | None = None, **content: Any) -> Any:
        """Shake hands, with the token as browsers send it."""
        headers = [] if token is None else [[b"sec-websocket-protocol", f"bearer, {token}".encode()]]
        return self.event(consumer, "connect", **{"headers": headers, "query_string": b"", **content})

    def event(self, consumer: Callable[..., Any], kind: str = "receive", **content: Any) -> Any:
        content = {"reply_channel": "interface.one!1", "path": "/chat/", **content}
        message = Message(content, f"websocket.{kind}", self.layer, 1, self.state)
        outbox = Outbox(self.layer)
        try:
            with outbox.holding():
                return consumer(message)
        finally:
            self.state = message.session_state
            self.replies += [send.content for send in outbox.sends]


@pytest.fixture
def socket(layer: Any) -> Socket:
    return Socket(layer)


def accept(message: Any) -> Any:
    """Be a consumer that accepts, and returns who is there."""
    message.reply_channel.send({"accept": True})
    return message.user


connect = token_user(user_of)(accept)


@channel_session_user
def receive(message: Any) -> Any:
    """Be a later consumer that looks at its user."""
    return message.user if message.user.is_authenticated else AnonymousUser()


def test_a_valid_token_logs_the_connection_in(socket: Socket, anna: User) -> None:
    assert socket.connect(connect, make_token("anna")) == anna
    assert socket.event(receive) == anna
    assert socket.event(token_user(user_of)(lambda message: message.user)) == anna
    assert make_token("anna").encode() not in (socket.state or b"")


@pytest.mark.parametrize(
    "token",
    [make_token("anna", seconds=-10), make_token("anna", key=KEY + "!"), make_token("nobody"), "nonsense", "a.b.c"],
)
def test_a_token_that_is_not_valid_is_refused(socket: Socket, anna: User, token: str) -> None:
    with pytest.raises(DenyConnection, match="not valid"):
        socket.connect(connect, token)
    assert (socket.replies, socket.state) == ([], None)


def test_a_handshake_without_a_token_is_refused(socket: Socket, anna: User) -> None:
    with pytest.raises(DenyConnection, match="no token"):
        socket.connect(connect)
    with pytest.raises(DenyConnection):
        socket.connect(connect, headers=[[b"sec-websocket-protocol", b"bearer"]])


def test_guests_may_be_let_in_and_a_wrong_token_is_refused_all_the_same(socket: Socket, anna: User) -> None:
    guests_too = token_user(user_of, required=False)(accept)
    assert socket.connect(guests_too) == AnonymousUser()
    assert socket.event(receive) == AnonymousUser()
    with pytest.raises(DenyConnection):
        socket.connect(guests_too, "nonsense")


def test_a_header_or_the_query_string_will_do(socket: Socket, anna: User) -> None:
    token = make_token("anna")
    assert socket.connect(connect, headers=[[b"authorization", f"Bearer {token}".encode()]]) == anna
    in_query = token_user(user_of, query="token")(accept)
    assert socket.connect(in_query, query_string=f"token={token}".encode()) == anna
    with pytest.raises(DenyConnection):
        socket.connect(connect, query_string=f"token={token}".encode())
    assert socket.replies == [{"accept": True}] * 2


def test_the_name_beside_the_token_is_accepted_and_never_the_token(socket: Socket, anna: User) -> None:
    socket.connect(connect, make_token("anna"))
    assert socket.replies == [{"accept": True, "subprotocol": "bearer"}]


@override_settings(CHANNELS_WS_PROTOCOLS=["chat.v2"])
def test_a_subprotocol_of_the_projects_goes_before_it(socket: Socket, anna: User) -> None:
    offered = f"chat.v1, chat.v2, bearer, {make_token('anna')}".encode()
    socket.connect(connect, headers=[[b"sec-websocket-protocol", offered]])
    assert socket.replies == [{"accept": True, "subprotocol": "chat.v2"}]


@pytest.mark.parametrize(
    ("sends", "replies"),
    [
        ([{"accept": True, "subprotocol": "mine"}], [{"accept": True, "subprotocol": "mine"}]),
        ([{"text": "hi"}, {"text": "ho"}], [{"accept": True, "text": "hi", "subprotocol": "bearer"}, {"text": "ho"}]),
        ([{"bytes": b""}], [{"accept": True, "bytes": b"", "subprotocol": "bearer"}]),
        ([{"accept": False}], [{"accept": False}]),
        ([{"close": True}], [{"close": True}]),
    ],
)
def test_what_opens_the_socket_names_the_subprotocol(socket: Socket, anna: User, sends: Any, replies: Any) -> None:
    def consumer(message: Any) -> None:
        for content in sends:
            message.reply_channel.send(content)

    socket.connect(token_user(user_of)(consumer), make_token("anna"))
    assert socket.replies == replies


def test_accepting_the_token_as_a_subprotocol_is_an_error(socket: Socket, anna: User) -> None:
    def echo(message: Any) -> None:
        offered = message["headers"][0][1].decode().split(", ")
        message.reply_channel.send({"accept": True, "subprotocol": offered[-1]})

    with pytest.raises(ValueError, match="is the token itself: leave it out") as caught:
        socket.connect(token_user(user_of)(echo), make_token("anna"))
    assert make_token("anna")[:20] not in str(caught.value)


def test_an_invalid_message_is_the_error_of_the_channel(socket: Socket, anna: User) -> None:
    with pytest.raises(TypeError, match="a message is a dict"):
        socket.connect(token_user(user_of)(lambda message: message.reply_channel.send("hi")), make_token("anna"))


def test_a_login_ends_when_its_token_does(socket: Socket, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    socket.connect(connect, make_token("anna", seconds=60))
    now = datetime.now(timezone.utc).timestamp()
    monkeypatch.setattr(auth_module, "time", type("Clock", (), {"time": staticmethod(lambda: now + 61)}))
    assert socket.event(receive) == AnonymousUser()
    monkeypatch.undo()
    assert socket.event(receive) == AnonymousUser()  # it does not come back


def test_the_end_may_be_a_datetime_or_missing(socket: Socket, anna: User) -> None:
    for end in (datetime.now(timezone.utc) + timedelta(seconds=60), None):
        assert socket.connect(token_user(lambda token, end=end: TokenLogin(anna, end))(accept), "abc") == anna
        assert socket.event(receive) == anna
    over = token_user(lambda token: TokenLogin(anna, datetime.now(timezone.utc) - timedelta(seconds=1)))(accept)
    with pytest.raises(DenyConnection, match="time is up"):
        socket.connect(over, "abc")


def test_a_plain_user_is_logged_in_for_good(socket: Socket, anna: User) -> None:
    assert socket.connect(token_user(lambda token: anna)(accept), "abc") == anna
    anna.set_password("another")
    anna.save()
    assert socket.event(receive) == AnonymousUser()


def test_a_user_who_may_not_log_in_is_refused_and_leaves_no_session(socket: Socket, anna: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(DenyConnection, match="may not log in"):
        socket.connect(connect, make_token("anna"))
    assert socket.state is None


def test_of_several_backends_the_user_says_which(socket: Socket, anna: User) -> None:
    with override_settings(AUTHENTICATION_BACKENDS=BACKENDS):
        with pytest.raises(ConfigurationError, match=r"there are 2 AUTHENTICATION_BACKENDS: set user.backend"):
            socket.connect(connect, make_token("anna"))
        anna.backend = BACKENDS[1]
        assert socket.connect(token_user(lambda token: anna)(accept), "abc") == anna


@pytest.mark.parametrize("answer", [{"sub": "anna"}, "anna", AnonymousUser(), User(username="new"), TokenLogin(5)])  # type: ignore[arg-type]
def test_a_check_that_returns_no_user_is_an_error_that_says_what_to_return(
    socket: Socket, anna: User, answer: Any
) -> None:
    with pytest.raises(
        ConfigurationError, match=r"returned a \w+, and not a saved auth.User, a TokenLogin with one, or N"
    ):
        socket.connect(token_user(lambda token: answer)(accept), "abc")


async def asynchronous(token: str) -> None:
    """Be a check that is not awaited."""


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (accept, "takes the function that checks tokens, .*: write @token_user"),
        (WebsocketConsumer, "takes the function that checks tokens"),
        (None, "takes the function that checks tokens, not None"),
        (asynchronous, "asynchronous is async"),
    ],
)
def test_a_check_that_is_none_is_an_error_at_start(check: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        token_user(check)


def test_a_check_may_be_built_in(socket: Socket, anna: User) -> None:
    assert socket.connect(token_user({"abc": anna}.get)(accept), "abc") == anna
    assert token_user(getattr).__name__ == "token_user"  # which has no signature to look at


def test_a_request_is_the_affair_of_views(layer: Any) -> None:
    with pytest.raises(ConfigurationError, match="token_user is for WebSockets; in a view"):
        connect(Message({"reply_channel": "interface.one!1", "headers": []}, "http.request", layer))


@pytest.mark.parametrize(
    "rival", [channel_session_user_from_http, channel_and_http_session_user_from_http, http_session_user]
)
def test_a_token_and_a_cookie_are_two_logins(rival: Any) -> None:
    for first, second in ((rival, token_user(user_of)), (token_user(user_of), rival)):
        with pytest.raises(
            ConfigurationError, match=r"cannot both be on accept: the one takes the user from a token, .*: keep one"
        ):
            second(first(accept))


@pytest.mark.parametrize("attribute", ["http_user", "http_user_and_session"])
def test_a_token_and_an_attribute_that_takes_the_cookie_are_two_logins(attribute: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot both be on .*Chat: the one takes the user from a token"):
        token_user(user_of)(type("Chat", (WebsocketConsumer,), {attribute: True}))


def test_a_wrong_reply_is_an_error_at_the_call_with_a_token_too(socket: Socket, anna: User) -> None:
    with pytest.raises(InvalidReply, match="unknown key 'txt'"):
        socket.connect(
            token_user(user_of)(lambda message: message.reply_channel.send({"txt": "hi"})), make_token("anna")
        )


def test_it_stacks_with_what_reads_the_connections_session(socket: Socket, anna: User) -> None:
    decorated = channel_session(token_user(user_of)(channel_session_user(accept)))
    assert socket.connect(decorated, make_token("anna")) == anna
    assert socket.connect(channel_session_user(connect), make_token("anna")) == anna


def test_it_works_on_a_class(socket: Socket, anna: User) -> None:
    @token_user(user_of)
    class Chat(WebsocketConsumer):
        def receive(self, text: str | None = None, bytes: bytes | None = None, **kwargs: Any) -> None:
            self.send(f"{self.message.user}: {text}")  # type: ignore[attr-defined]

    socket.connect(Chat, make_token("anna"))
    socket.event(Chat, text="hello")
    assert socket.replies == [{"accept": True, "subprotocol": "bearer"}, {"text": "anna: hello"}]


def test_a_transferred_login_ends_as_well(socket: Socket, anna: User) -> None:
    ends: dict[str, Any] = {}

    @token_user(user_of)
    def look(message: Any) -> None:
        transfer_user(message.channel_session, ends)  # type: ignore[arg-type]

    socket.connect(look, make_token("anna"))
    assert "_auth_user_expires_at" in ends


def test_no_log_line_and_no_error_has_the_token(socket: Socket, anna: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = make_token("anna")

    def broken(given: str) -> None:
        raise LookupError(f"no such token: {given}")

    def failing(given: str) -> None:
        raise LookupError("the store is unavailable")

    with pytest.raises(
        TokenCheckFailed, match=r"broken raised, with the token in its text:\n(.*\n)*.*no such token: \[t"
    ) as caught:
        socket.connect(token_user(broken)(accept), token)
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert token not in str(caught.value)
    with pytest.raises(LookupError, match="the store is unavailable"):
        socket.connect(token_user(failing)(accept), token)
    with pytest.raises(DenyConnection):
        socket.connect(connect, token + "!")
    with pytest.raises(DenyConnection, match="visible ASCII") as denied:
        socket.connect(connect, headers=[[b"authorization", b"Bearer " + token.encode() + b"\xff"]])
    assert token not in str(denied.value)
    socket.connect(connect, token)
    assert token not in caplog.text
