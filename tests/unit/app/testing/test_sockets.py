"""A WebSocket that a test plays: handshake, cookies, login, frames."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.http import HttpResponse, parse_cookie
from django.test import override_settings
from django.urls import path

from towpath.auth import channel_session_user, channel_session_user_from_http, http_session_user
from towpath.channels import Message
from towpath.channels.exceptions import DenyConnection
from towpath.routing import route
from towpath.testing import HttpClient, WSClient, apply_routes

pytestmark = pytest.mark.usefixtures("channel_layer")


class People:
    """An authentication backend without a database."""

    def authenticate(self, request: Any, username: str, password: str) -> User | None:
        return person(username) if password == "right" else None

    def get_user(self, pk: Any) -> User:
        return person("ann", int(pk))


def person(name: str, pk: int = 7) -> User:
    user = User(pk=pk, username=name, password=make_password("right", "salt", "md5"))
    user.save = lambda **_: None  # type: ignore[method-assign,assignment]
    return user


@pytest.fixture(autouse=True)
def backend() -> Any:
    people = override_settings(
        AUTHENTICATION_BACKENDS=[f"{__name__}.People"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    with people, pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, __name__, SimpleNamespace(People=People))
        patch.setattr("django.contrib.auth.models.update_last_login", lambda *_, **__: None)
        yield


def accept(message: Message) -> None:
    message.reply_channel.send({"accept": True})


def test_a_handshake_looks_as_the_interface_server_makes_it() -> None:
    client = WSClient()
    client.set_cookie("theme", "dark; blue")
    client.set_header("X-Forwarded-For", "192.0.2.1")
    client.send("websocket.connect", path="/chat/?room=1&x=y")
    message = client.get_next_message("websocket.connect")
    assert message is not None
    content = message.content
    assert (content["path"], content["query_string"], content["order"]) == ("/chat/", b"room=1&x=y", 0)
    headers = {bytes(name): bytes(value) for name, value in content["headers"]}
    assert headers == {
        b"host": b"testserver",
        b"origin": b"http://testserver",
        b"x-forwarded-for": b"192.0.2.1",
        b"cookie": b'theme="dark\\073 blue"',
    }
    assert client.get_cookies() == {"theme": "dark; blue"}
    assert content["reply_channel"] == client.reply_channel


def test_events_after_it_have_its_path_their_number_and_no_headers() -> None:
    client = WSClient()
    client.send("websocket.connect", path="/chat/?room=1")
    client.send("websocket.receive", text={"number": 1})
    client.send("websocket.receive", {"bytes": b"\0"})
    client.send("websocket.disconnect", {"code": 1000})
    first, second = (client.get_next_message("websocket.receive") for _ in range(2))
    last = client.get_next_message("websocket.disconnect")
    assert first is not None
    assert second is not None
    assert last is not None
    to = {"reply_channel": client.reply_channel, "path": "/chat/"}
    assert first.content == {**to, "text": '{"number": 1}', "order": 1}
    assert second.content == {**to, "bytes": b"\0", "order": 2}
    assert last.content == {**to, "code": 1000, "order": 3}


def test_the_accept_is_checked_and_what_came_with_it_is_received() -> None:
    def greet(message: Message) -> None:
        message.reply_channel.send({"accept": True, "text": "hello"})
        message.reply_channel.send({"text": '{"a": 1}'})
        message.reply_channel.send({"bytes": b"\1"})
        message.reply_channel.send({"close": 4000})

    client = WSClient()
    with apply_routes(route("websocket.connect", greet)):
        client.send_and_consume("websocket.connect")
    assert client.receive(json=False) == "hello"
    assert client.receive() == {"a": 1}
    assert client.receive() == b"\1"
    assert client.receive() == {"close": 4000}
    assert client.receive() is None


def test_headers_of_an_accept_are_not_a_message_of_their_own() -> None:
    def greet(message: Message) -> None:
        message.reply_channel.send({"accept": True, "headers": [["Set-Cookie", "a=1"]]})

    client = WSClient()
    with apply_routes(route("websocket.connect", greet)):
        client.send_and_consume("websocket.connect")
        assert client.receive() is None
        client.send_and_consume("websocket.connect", check_accept=False)
    assert client.receive() == {"accept": True, "headers": [["Set-Cookie", "a=1"]]}


def test_a_text_accepts_too() -> None:
    client = WSClient()
    with apply_routes(route("websocket.connect", lambda message: message.reply_channel.send({"text": "1"}))):
        client.send_and_consume("websocket.connect")
    assert client.receive() == 1


def deny(message: Message) -> None:
    raise DenyConnection


@pytest.mark.parametrize(
    ("consumer", "said"),
    [
        (deny, "the handshake is refused: {'close': True}"),
        (lambda message: message.reply_channel.send({"accept": False, "text": "no"}), "the handshake is refused"),
        (lambda message: None, "the handshake is not answered"),
    ],
)
def test_a_socket_that_is_not_accepted_is_a_failure(consumer: Any, said: str) -> None:
    with apply_routes(route("websocket.connect", consumer)):
        with pytest.raises(AssertionError, match=f"^Connection rejected: {said}"):
            WSClient().send_and_consume("websocket.connect")
        WSClient().send_and_consume("websocket.connect", check_accept=False)


@channel_session_user_from_http
def enter(message: Any) -> None:
    message.reply_channel.send({"accept": True})


@channel_session_user
def who(message: Any) -> None:
    message.reply_channel.send({"text": message.user.username or "nobody"})


ROUTES = [route("websocket.connect", enter), route("websocket.receive", who)]


@apply_routes(ROUTES)
def test_a_login_reaches_the_consumers_of_the_socket() -> None:
    client = WSClient()
    assert not client.login(username="ann", password="wrong")
    assert client.login(username="ann", password="right")
    client.send_and_consume("websocket.connect")
    client.send_and_consume("websocket.receive")
    assert client.receive(json=False) == "ann"


@apply_routes([ROUTES])
def test_a_forced_login_and_a_logout() -> None:
    client = HttpClient()
    client.force_login(person("ann"))
    client.send_and_consume("websocket.connect")
    client.send_and_consume("websocket.receive")
    assert client.receive(json=False) == "ann"
    client.logout()
    assert client.get_cookies() == {}
    again = WSClient()
    again.send_and_consume("websocket.connect")
    again.send_and_consume("websocket.receive")
    assert again.receive(json=False) == "nobody"


@apply_routes(ROUTES)
def test_a_login_reaches_a_consumer_without_a_handshake() -> None:
    client = WSClient()
    client.force_login(person("ann"))
    client.send_and_consume("websocket.receive")
    assert client.receive(json=False) == "ann"
    client.send_and_consume("websocket.receive")
    assert client.receive(json=False) == "ann"
    stranger = WSClient()
    stranger.send_and_consume("websocket.receive")
    assert stranger.receive(json=False) == "nobody"


@apply_routes(ROUTES)
@override_settings(CHANNEL_SESSION_ENGINE="django.contrib.sessions.backends.cache")
def test_a_login_without_a_handshake_is_kept_in_the_session_engine_too() -> None:
    client = WSClient()
    client.force_login(person("ann"))
    client.send_and_consume("websocket.receive")
    assert client.receive(json=False) == "ann"


@apply_routes([route("websocket.connect", accept), route("websocket.receive", who)])
def test_a_login_after_a_handshake_that_does_not_read_it_stays_unknown() -> None:
    client = WSClient()
    client.force_login(person("ann"))
    client.send_and_consume("websocket.connect")
    client.send_and_consume("websocket.receive")
    assert client.receive(json=False) == "nobody"


@http_session_user
def browser_user(message: Any) -> None:
    message.reply_channel.send({"text": message.user.username or "nobody"})


@pytest.mark.parametrize("channel", ["websocket.receive", "websocket.disconnect", "chat.receive"])
def test_cookies_travel_with_events_of_a_test_without_a_handshake(channel: str) -> None:
    client = WSClient()
    client.force_login(person("ann"))
    with apply_routes(route(channel, browser_user)):
        client.send_and_consume(channel)
    assert client.receive(json=False) == "ann"


def page(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.method} {request.get_full_path()} {request.COOKIES.get('theme')}")


def test_a_request_has_the_keys_and_cookies_of_a_browsers() -> None:
    client = WSClient()
    client.set_cookie("theme", "dark")
    urls = type("urls", (), {"urlpatterns": [path("page/", page)]})
    with override_settings(ROOT_URLCONF=urls, ALLOWED_HOSTS=["testserver"], MIDDLEWARE=[]):
        client.send_and_consume("http.request", path="/page/?a=b")
        assert client.receive()["content"] == b"GET /page/?a=b dark"
        client.send_and_consume("http.request", {"method": "PUT"})
        assert client.receive()["content"] == b"PUT /page/?a=b dark"


def test_the_end_of_a_socket_has_a_code() -> None:
    client = WSClient()
    with apply_routes(route("websocket.disconnect", lambda message: message["code"])):
        assert client.send_and_consume("websocket.disconnect") == 1000
        assert client.send_and_consume("websocket.disconnect", {"code": 1001}) == 1001


def test_a_text_in_the_content_becomes_json_too() -> None:
    client = WSClient()
    with apply_routes(route("websocket.receive", lambda message: message["text"])):
        assert client.send_and_consume("websocket.receive", {"text": {"a": 1}}) == '{"a": 1}'
        assert client.send_and_consume("websocket.receive", {"text": "one"}, text="two") == "one"


def test_cookies_and_headers_may_be_any_text() -> None:
    client = WSClient()
    client.set_cookie("city", "хлеб")
    client.set_header("X-City", "хлеб")
    headers = dict(client.headers)  # type: ignore[arg-type]  # pairs are lists
    assert parse_cookie(headers[b"cookie"].decode()) == {"city": "хлеб"}
    assert headers[b"x-city"] == "хлеб".encode()


def test_the_browsers_session_is_one() -> None:
    client = WSClient()
    session = client.session
    session["seen"] = 1
    session.save()
    assert client.session["seen"] == 1


def test_cookies_are_no_header() -> None:
    with pytest.raises(ValueError, match=r"set_cookie\(key, value\)"):
        WSClient().set_header("Cookie", "a=b")
