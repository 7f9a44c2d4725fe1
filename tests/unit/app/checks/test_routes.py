"""Routes that can be imported and never get a message are warned of before anything starts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from towpath.checks.routes import TEXT_KEYS, check_routes
from towpath.generic.websockets import WebsocketConsumer
from towpath.routing import include, route, route_class


def first(message: object, **kwargs: Any) -> None:
    """Stand for a consumer."""


def second(message: object, **kwargs: Any) -> None:
    """Stand for another consumer."""


class OwnRouting:
    """A project's own routing object."""

    def channel_names(self) -> set[str]:
        return {"websocket.connect"}

    def match(self, message: object) -> None:
        """Match nothing."""


def found(routing: Any) -> list[CheckMessage]:
    layer = {"BACKEND": "towpath.layers.memory.MemoryChannelLayer", "ROUTING": routing}
    with override_settings(CHANNEL_LAYERS={"default": layer}):
        return check_routes()


NESTED = [route("websocket.connect", first, path="^/a/$")]
SOUND: list[Any] = [
    [route("websocket.connect", first, path="^/a/$"), route("websocket.connect", second, path="^/b/$")],
    [route("websocket.connect", first, path="^/a/$"), route("websocket.connect", second)],
    [route("websocket.connect", first), route("websocket.receive", first)],
    [route("websocket.connect", first, path="^/a/$", scheme="^wss$"), route("websocket.connect", second, path="^/a/$")],
    [include(NESTED, path="^/x"), include(NESTED, path="^/y")],
    [include([route("websocket.connect", first)], path="^/x"), route("websocket.connect", first)],
    [route("jobs", first, kind="^a$"), route("jobs", second, kind="^b$")],
    [route(channel, first, **dict.fromkeys(keys, ".")) for channel, keys in TEXT_KEYS.items()],
    [OwnRouting(), route("websocket.connect", first), OwnRouting()],
    {"websocket.connect": first},
]


@pytest.mark.parametrize("routing", SOUND)
def test_sound_routing_is_not_warned_of(routing: Any) -> None:
    assert found(routing) == []


SHADOWED: list[Sequence[Any]] = [
    [route("websocket.connect", first), route("websocket.connect", second)],
    [route("websocket.connect", first, path="^/a"), route("websocket.connect", second, path="^/a")],
    [route("websocket.connect", first, path="^/a"), route("websocket.connect", second, scheme="ws", path="^/a")],
    [route("websocket.connect", first), route("websocket.connect", second, path="/<slug:room>/")],
    [route(["websocket.connect", "jobs"], first), include([include(NESTED, path="/x")])],
    [include([route("websocket.connect", first)], path="/x"), include([include(NESTED, path="/y")], path="/x")],
    [include([*NESTED, route("websocket.connect", second, path="^/a/$")], path="^/x")],
    [route_class(WebsocketConsumer, path="^/a/$"), *NESTED],
]


@pytest.mark.parametrize("routing", SHADOWED)
def test_a_route_behind_one_that_takes_everything_is_warned_of(routing: Any) -> None:
    [message] = found(routing)
    assert message.id == "towpath.W004"
    assert message.msg.startswith("CHANNEL_LAYERS['default']['ROUTING']: <route(")
    assert "never gets a message on 'websocket.connect': <route" in message.msg
    assert message.hint is not None
    assert "Take one of the two out" in message.hint


@pytest.mark.parametrize(
    ("channel", "filters", "key"),
    [
        ("websocket.receive", {"method": "^GET$"}, "method"),
        ("websocket.disconnect", {"query_string": "a"}, "query_string"),
        ("websocket.connect", {"text": "^hello"}, "text"),
        ("websocket.connect", {"order": "0"}, "order"),
        ("http.request", {"paht": "^/a"}, "paht"),
        ("http.disconnect", {"method": "^GET$"}, "method"),
    ],
)
def test_a_filter_on_a_key_that_is_never_there_is_warned_of(channel: str, filters: Mapping[str, str], key: str) -> None:
    for routing in ([route(channel, first, **filters)], [include([route(channel, first)], **filters)]):
        [message] = found(routing)
        assert message.id == "towpath.W005"
        assert f"a message on {channel!r} has no text under {key!r}, so <route({channel!r} ->" in message.msg
        assert message.hint is not None
        assert message.hint.endswith(f"filter on one of {', '.join(TEXT_KEYS[channel])}.")


def test_the_keys_of_a_projects_own_channels_are_its_own() -> None:
    assert found([route("jobs", first, anything=".")]) == []


def test_routing_that_cannot_be_imported_is_the_affair_of_another_check() -> None:
    assert found("no.such.routes") == []
