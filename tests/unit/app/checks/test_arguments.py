"""Consumers that do not take the arguments of their route are warned of before any message comes."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from towpath import Message
from towpath.auth import channel_session_user
from towpath.checks.arguments import check_arguments
from towpath.generic import BaseConsumer
from towpath.generic.websockets import JsonWebsocketConsumer, WebsocketConsumer, WebsocketDemultiplexer
from towpath.routing import include, route, route_class
from towpath.security.websockets import allowed_hosts_only
from towpath.sessions import channel_session

PATH = r"^/chat/(?P<room>\w+)/$"


def alone(message: Message) -> None: ...
def with_room(message: Message, room: str) -> None: ...
def with_rooms(message: Message, rooms: str) -> None: ...
def with_default(message: Message, room: str, page: int = 1) -> None: ...
def with_all(message: Message, **kwargs: Any) -> None: ...
def nothing() -> None: ...


@channel_session_user
@allowed_hosts_only
@channel_session
def decorated(message: Message) -> None: ...


def room_of_the_database(consumer: Callable[..., None]) -> Callable[..., None]:
    """Give a consumer an argument that its route does not."""

    @wraps(consumer)
    def inside(message: Message, room: str) -> None:
        consumer(message, room=room, row=7)

    return inside


@room_of_the_database
@channel_session
def adapted(message: Message, room: str, row: int) -> None: ...


@channel_session
@room_of_the_database
def adapted_inside(message: Message, room: str, row: int) -> None: ...


class Callable1x:
    def __call__(self, message: Message) -> None: ...


class Plain:
    def __init__(self, message: Message, rooms: str) -> None: ...


class Base(BaseConsumer):
    method_mapping = {"websocket.connect": "opened"}

    def opened(self, message: Message) -> None: ...


class Connect(WebsocketConsumer):
    def connect(self, message: Message) -> None: ...  # type: ignore[override]


class Receive(WebsocketConsumer):
    def receive(self, text: str | None = None) -> None: ...  # type: ignore[override]


class Groups(WebsocketConsumer):
    def connection_groups(self, quiz: int) -> list[str]: ...  # type: ignore[override,empty-body]


class Json(JsonWebsocketConsumer):
    def receive(self, content: Any, quiz: int) -> None: ...  # type: ignore[override]


class Sound(JsonWebsocketConsumer):
    def connect(self, message: Message, room: str) -> None: ...  # type: ignore[override]
    def receive(self, content: Any, room: str) -> None: ...  # type: ignore[override]


class Stream(JsonWebsocketConsumer):
    def receive(self, content: Any, room: str) -> None: ...  # type: ignore[override]


class Streams(WebsocketDemultiplexer):
    consumers = {"stream": Stream, "function": with_room}


def found(routing: Any) -> list[CheckMessage]:
    layer = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": routing}
    with override_settings(CHANNEL_LAYERS={"default": layer}):
        return check_arguments()


WRONG: list[tuple[Any, str]] = [
    (alone, "alone"),
    (with_rooms, "with_rooms"),
    (nothing, "nothing"),
    (decorated, "decorated"),
    (channel_session(decorated), "decorated"),
    (Callable1x(), "Callable1x"),
    (Plain, "Plain"),
    (channel_session(Plain), "Plain.__init__"),
    (partial(with_rooms), "partial"),
]


@pytest.mark.parametrize(("consumer", "name"), WRONG)
def test_a_consumer_that_does_not_take_its_arguments_is_warned_of(consumer: Any, name: str) -> None:
    [message] = found([route("websocket.connect", consumer, path=PATH)])
    assert message.id == "towpath.W013"
    assert f"{name} with a message and room, which fails: " in message.msg


@pytest.mark.parametrize(
    ("consumer", "methods"),
    [
        (Base, ["Base.opened"]),
        (Connect, ["Connect.connect"]),
        (Receive, ["Receive.receive"]),
        (Groups, ["Groups.connection_groups"]),
        (Json, ["Json.receive"]),
        (Streams, ["Stream.receive", "with_room"]),
    ],
)
def test_a_method_that_does_not_take_the_arguments_is_warned_of(consumer: Any, methods: list[str]) -> None:
    messages = found([route_class(consumer, path=PATH)])
    assert [message.id for message in messages] == ["towpath.W013"] * len(methods)
    for message, method in zip(messages, methods, strict=True):
        assert f"{method} with a message and room, which fails: " in message.msg


@pytest.mark.parametrize(
    "routing",
    [
        [route("websocket.connect", each, path=PATH) for each in (with_room, with_default, with_all, dict)],
        [route("websocket.connect", each, path=PATH) for each in (adapted, adapted_inside)],
        [route("websocket.connect", each) for each in (alone, decorated, with_all, Callable1x())],
        [route_class(each, path=PATH) for each in (Sound, WebsocketConsumer, WebsocketDemultiplexer)],
        [include([route("websocket.connect", with_room, path="^/$")], path="/<slug:room>")],
        [route("jobs", with_room, kind="(?P<room>a|b)")],
    ],
)
def test_a_consumer_that_takes_its_arguments_is_not_warned_of(routing: list[Any]) -> None:
    assert found(routing) == []


def test_an_argument_that_the_route_does_not_give_is_warned_of() -> None:
    [message] = found([route("websocket.connect", with_room, path="^/chat/$")])
    assert "with_room with a message alone, which fails: missing a required argument: 'room'." in message.msg
    assert message.hint == "Name the parameters as the groups of the route's filters, or take **kwargs."
