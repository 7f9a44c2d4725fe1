"""Messages that a test makes by hand, as tests of 1.x do: they are read, or what is wrong with them is said."""

from typing import Any

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from towpath.auth import channel_session_user
from towpath.channels import Channel, Message
from towpath.channels.events import MalformedEvent
from towpath.channels.exceptions import DenyConnection
from towpath.generic.websockets import JsonWebsocketConsumer
from towpath.handler import AsgiRequest
from towpath.routing import route
from towpath.security.websockets import allowed_hosts_only
from towpath.sessions import channel_and_http_session, channel_session, http_session
from towpath.testing import Client, WSClient, apply_routes

REQUEST: dict[str, Any] = {"reply_channel": "test!one", "method": "GET", "path": "/page/"}


def page(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.get_host()} {request.GET.get('a')}")


@pytest.fixture(autouse=True)
def site(channel_layer: Any) -> Any:
    urls = type("urls", (), {"urlpatterns": [path("page/", page)]})
    with override_settings(ROOT_URLCONF=urls, ALLOWED_HOSTS=["example.com"], MIDDLEWARE=[]):
        yield


@pytest.mark.parametrize("headers", [{"host": b"example.com"}, {"Host": "example.com"}, [["host", "example.com"]]])
@pytest.mark.parametrize("query", ["a=b", b"a=b"])
@pytest.mark.parametrize("path", ["/page/", b"/page/"])
def test_requests_with_text_and_bytes_are_answered(headers: Any, query: Any, path: Any) -> None:
    content = {**REQUEST, "headers": headers, "query_string": query, "path": path}
    assert AsgiRequest(Message(dict(content), "http.request", None)).GET["a"] == "b"  # type: ignore[arg-type]
    client = Client(reply_channel="test!one")
    Channel("http.request").send(content)
    client.consume("http.request")
    assert client.receive()["content"] == b"example.com b"
    client.send_and_consume("http.request", content)
    assert client.receive()["content"] == b"example.com b"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": None}, "a message on http.request has no 'method'"),
        ({"path": None}, "a message on http.request has no 'path'"),
        ({"path": 5}, "has 'path': 5; it is a str"),
        ({"body": "a=b"}, "has 'body': 'a=b'; it is bytes"),
        ({"headers": [[b"host", None]]}, "headers are pairs of bytes"),
        ({"headers": [b"host"]}, "headers are pairs of bytes"),
        ({"query_string": 1}, "has 'query_string': 1; it is bytes"),
    ],
)
def test_a_request_that_cannot_be_read_is_an_error_that_says_why(change: dict[str, Any], said: str) -> None:
    content = {**REQUEST, **change}
    with pytest.raises(MalformedEvent, match=said):
        AsgiRequest(Message(content, "http.request", None))  # type: ignore[arg-type]
    with pytest.raises(MalformedEvent, match=said):
        Client().send("http.request", content)
    Channel("http.request").send(content)
    with pytest.raises(MalformedEvent, match=said):
        Client().consume("http.request")


@pytest.mark.parametrize("decorator", [channel_session, channel_session_user, channel_and_http_session])
def test_a_message_without_a_channel_and_a_layer_has_a_session(decorator: Any) -> None:
    """As tests of 1.x make them, to call a consumer directly."""

    @decorator
    def consumer(message: Any) -> Any:
        message.channel_session["a"] = 1
        return message.channel_session["a"]

    message = Message({"reply_channel": "test-reply"}, None, None)  # type: ignore[arg-type]
    assert consumer(message) == 1
    with pytest.raises(ValueError, match="a message on None has no reply_channel, so no channel session either"):
        consumer(Message({}, None, None))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", [lambda text: {"cookie": text.encode()}, lambda text: [["cookie", text]]])
def test_sessions_are_found_by_text_cookies(form: Any) -> None:
    session = SessionStore()
    session["seen"] = 1
    session.save()
    consumer = http_session(lambda message: message.http_session["seen"])
    headers = form(f"sessionid={session.session_key}")
    message = Message({"headers": headers, "query_string": "a=b"}, "websocket.connect", None)  # type: ignore[arg-type]
    assert consumer(message) == 1


def test_origins_are_checked_in_text_headers() -> None:
    consumer = allowed_hosts_only(lambda message: "connected")

    def connect(origin: str) -> Any:
        return consumer(Message({"headers": {"origin": origin}}, "websocket.connect", None))  # type: ignore[arg-type]

    assert connect("http://example.com") == "connected"
    with pytest.raises(DenyConnection):
        connect("http://example.org")


class Echo(JsonWebsocketConsumer):
    def receive(self, content: Any, **kwargs: Any) -> None:
        self.send(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "Echo takes JSON as text, and the message on websocket.receive has none"),
        ({"text": {"a": 1}}, r"Echo takes JSON as text: 'text' is a str, not \{'a': 1\}"),
        ({"bytes": b"{}"}, "Echo takes JSON as text, and got a binary frame"),
    ],
)
def test_a_json_consumer_says_what_frame_it_misses(content: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Echo(Message({"reply_channel": "test!one", "path": "/", **content}, "websocket.receive", None))  # type: ignore[arg-type]


def test_a_frame_of_another_type_is_refused_where_it_is_sent() -> None:
    with pytest.raises(MalformedEvent, match="has 'text': b'x'; it is a str"):
        WSClient().send("websocket.receive", {"text": b"x"})
    with apply_routes(route("own", lambda message: message["text"])):
        assert Client().send_and_consume("own", {"text": b"x"}) == b"x"
