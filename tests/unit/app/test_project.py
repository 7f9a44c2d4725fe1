"""The parts of the project that a command needs, and the errors about them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import override_settings

from towpath.channels.configured import channel_layers
from towpath.project import configured_layer, project_router, shared_layer

MEMORY = "towpath.layers.memory.MemoryChannelLayer"
REDIS = "towpath.layers.redis.RedisChannelLayer"


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """Set the default layer; what is not given is a memory layer without routes."""
    changes: list[override_settings] = []
    before = channel_layers.set("default", None)

    def configure(**options: Any) -> None:
        change = override_settings(CHANNEL_LAYERS={"default": {"BACKEND": MEMORY, "ROUTING": [], **options}})
        change.enable()
        changes.append(change)

    yield configure
    for change in reversed(changes):
        change.disable()
    channel_layers.set("default", before)


def test_a_layer_that_is_not_there_is_named_with_those_that_are(configure: Callable[..., None]) -> None:
    configure()
    with pytest.raises(CommandError, match=r"CHANNEL_LAYERS has no layer 'other'; it has \['default'\]"):
        configured_layer("other")


def test_a_layer_that_cannot_be_built_says_which_option(configure: Callable[..., None]) -> None:
    configure(BACKEND=REDIS, CONFIG={"hosts": []})
    with pytest.raises(CommandError, match="hosts holds one Redis"):
        configured_layer("default")


def test_a_process_of_its_own_needs_a_layer_that_others_reach(configure: Callable[..., None]) -> None:
    configure()
    with pytest.raises(CommandError, match="lives in the memory of one process, so a worker would reach no client"):
        shared_layer("default", "a worker")
    channel_layers.set("default", None)
    configure(BACKEND=REDIS)
    assert shared_layer("default", "a worker") is configured_layer("default")


def test_wrong_routing_is_named_with_its_layer(configure: Callable[..., None]) -> None:
    configure(ROUTING="nowhere.routing.routes")
    with pytest.raises(CommandError, match=r"CHANNEL_LAYERS\['default'\]\['ROUTING'\]: .*nowhere"):
        project_router(configured_layer("default"), static_files=False)
