"""Paths and channels of routes that leave a consumer without messages."""

from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from towpath.checks.paths import can_begin_with_slash, check_channels, check_paths
from towpath.generic.websockets import WebsocketConsumer
from towpath.routing import include, route, route_class


def consumer(message: object, **kwargs: Any) -> None:
    """Stand for a consumer."""


def found(routing: Any) -> list[CheckMessage]:
    layer = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": routing}
    with override_settings(CHANNEL_LAYERS={"default": layer}):
        return [*check_paths(), *check_channels()]


@pytest.mark.parametrize(
    "expression",
    [
        "/a/", "^/a/$", r"\A/a", r"^(?P<path>.+)$", "^(?:/a|/b)/$", "^(/a)?b", "^a?/b", "^a*/b", "^a{0,1}/b", "", ".*",
        r"^[/a]b", r"^[^a]b", r"^\W", r"^(?!a)", r"^(?i)/a", r"(?i)/A", r"^$|^/a", r"^\/a", "()/a",
    ],
)  # fmt: skip
def test_an_expression_that_may_begin_with_a_slash(expression: str) -> None:
    assert can_begin_with_slash(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "chat/",
        r"^chat/(?P<room>\w+)/$",
        r"\Achat",
        r"^(?P<room>\w+)/$",
        r"^\d+/",
        "^[a-z]+/",
        "(?i)chat",
        "^$",
        "((a))",
    ],
)
def test_an_expression_that_begins_without_a_slash(expression: str) -> None:
    assert not can_begin_with_slash(expression)


WRONG: list[tuple[list[Any], str, str]] = [
    (
        [route("websocket.connect", consumer, path=r"chat/(?P<room>\w+)/$")],
        "paths begin with a slash",
        r"Write '^/chat/(?P<room>\\w+)/$'",
    ),
    ([route_class(WebsocketConsumer, path="^chat/")], "paths begin with a slash", "Write '^/chat/'"),
    ([route("http.request", consumer, path=b"^api/")], "paths begin with a slash", "Write '^/api/'"),
    (
        [include([route("websocket.connect", consumer, path="^/b/$")], path="^a")],
        "paths begin with a slash",
        "Write '^/a'",
    ),
    (
        [include([route("websocket.connect", consumer, path="^/b/$")], path="^/a$")],
        "the prefix '^/a$' matches to the end",
        "Take the '$' out.",
    ),
    (
        [include([route("websocket.connect", consumer, path="/<slug:b>/")], path="^/a/")],
        "'/<slug:b>/' wants another one",
        "Take the slash at the end",
    ),
    (
        [include([include([route("websocket.connect", consumer, path="^/c")], path="/<int:b>/")], path="^/a")],
        "'^/c' wants another one",
        "Take the slash at the end",
    ),
]


@pytest.mark.parametrize(("routing", "text", "hint"), WRONG)
def test_a_route_that_matches_no_path_is_warned_of(routing: list[Any], text: str, hint: str) -> None:
    [message] = found(routing)
    assert message.id == "towpath.W011"
    assert text in message.msg
    assert message.hint is not None
    assert message.hint.startswith(hint)


@pytest.mark.parametrize(
    "routing",
    [
        [route("websocket.connect", consumer, path="^/chat/$"), route("websocket.connect", consumer)],
        [include([route("websocket.connect", consumer, path="^/b/$")], path="^/a")],
        [include([route("websocket.connect", consumer, path="b/$")], path="^/a/")],
        [include([route("websocket.connect", consumer)], path="^/a/$")],
        [include([route("websocket.connect", consumer, path="^/b/$")], scheme="^ws$")],
        [route("jobs", consumer, path="^no/slash/$")],
        [include([route("websocket.connect", consumer, path="^/b/$")], path=r"^/costs-\$")],
    ],
)
def test_a_route_that_matches_paths_is_not_warned_of(routing: list[Any]) -> None:
    assert found(routing) == []


@pytest.mark.parametrize(
    ("channel", "meant"),
    [
        ("websocket.recieve", "websocket.receive"),
        ("websocket.conect", "websocket.connect"),
        ("websockets.connect", "websocket.connect"),
        ("websocket-connect", "websocket.connect"),
        ("WebSocket.Disconnect", "websocket.disconnect"),
        ("http.requests", "http.request"),
        ("websocket.ping", ""),
    ],
)
def test_a_channel_that_interface_servers_do_not_send_on_is_warned_of(channel: str, meant: str) -> None:
    [message] = found([route(channel, consumer)])
    assert message.id == "towpath.W012"
    assert repr(channel) in message.msg
    assert message.hint is not None
    assert message.hint.startswith(f"Did you mean {meant!r}? " if meant else "Their channels are http.request, ")


@pytest.mark.parametrize("channel", ["jobs", "websocket.connect", "thumbnails.make", "orders.receive", "asgi.delay"])
def test_a_channel_of_the_project_is_not_warned_of(channel: str) -> None:
    assert found([route(channel, consumer)]) == []
