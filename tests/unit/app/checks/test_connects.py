"""Routes of frames whose WebSocket no route opens: 1.x accepted it, here it is refused."""

from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from towpath.checks.connects import check_connects
from towpath.generic import BaseConsumer
from towpath.generic.websockets import WebsocketConsumer
from towpath.routing import include, route, route_class


def consumer(message: object, **kwargs: Any) -> None:
    """Stand for a consumer."""


class Frames(BaseConsumer):
    """A class of 1.x without a method for websocket.connect."""

    method_mapping = {"websocket.receive": "frame"}

    def frame(self, message: object, **kwargs: Any) -> None:
        """Take a frame."""


class OwnRouting:
    """A project's own routing object."""

    def channel_names(self) -> set[str]:
        return {"websocket.connect"}

    def match(self, message: object) -> None:
        """Match an unknown path."""


def found(routing: Any) -> list[CheckMessage]:
    layer = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": routing}
    with override_settings(CHANNEL_LAYERS={"default": layer}):
        return check_connects()


RECEIVE = route("websocket.receive", consumer, path=r"^/chat/(?P<room>[\w-]+)/$")


@pytest.mark.parametrize(
    ("routing", "path"),
    [
        ([RECEIVE], "/chat/a/"),
        ([route("websocket.receive", consumer)], "/"),
        ([route_class(Frames, path="/quiz/<int:number>/")], "/quiz/1/"),
        ([route("websocket.connect", consumer, path="^/chta/"), RECEIVE], "/chat/a/"),
        ([include([route("websocket.receive", consumer, path="^/b/?$")], path=r"^/(?P<year>\d{4})")], "/2026/b/"),
        ([route("websocket.receive", consumer, path=rb"^/v1\.0/(?:feed/)?$")], "/v1.0/"),
    ],
)
def test_frames_of_a_socket_that_is_refused_are_warned_of(routing: list[Any], path: str) -> None:
    [message] = found(routing)
    assert message.id == "towpath.W015"
    assert f"no route of 'websocket.connect' takes a path such as {path!r}" in message.msg
    assert message.hint is not None
    assert "towpath.routing.connect_consumer" in message.hint


@pytest.mark.parametrize(
    "routing",
    [
        [RECEIVE, route("websocket.connect", consumer, path=r"^/chat/")],
        [RECEIVE, route("websocket.connect", consumer)],
        [RECEIVE, route("websocket.connect", consumer, scheme="^wss$", path="^/other/")],
        [RECEIVE, OwnRouting()],
        [RECEIVE, include([OwnRouting()])],
        [route_class(WebsocketConsumer, path="/quiz/<int:number>/")],
        [route("websocket.receive", consumer, path=r"^/(?=[a-c]{9}x)[a-z]+/$")],
        [route("websocket.disconnect", consumer)],
    ],
)
def test_frames_of_a_socket_that_may_open_are_not_warned_of(routing: list[Any]) -> None:
    assert found(routing) == []
