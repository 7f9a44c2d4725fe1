"""Options that a command cannot work with end it with one line, before it starts anything."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from towpath.channels.configured import channel_layers
from towpath.management.commands import runinterface, runserver, runworker


@pytest.fixture(autouse=True)
def layer() -> Iterator[None]:
    if not apps.ready:
        apps.populate(["django.contrib.staticfiles"])
    layers = {"default": {"BACKEND": "towpath.layers.redis.RedisChannelLayer", "ROUTING": []}}
    before = channel_layers.set("default", None)
    with override_settings(CHANNEL_LAYERS=layers, ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        yield
    channel_layers.set("default", before)


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        (runworker.Command(), {"threads": 0}, "a worker process has at least one thread, not 0"),
        (runworker.Command(), {"max_messages": 0}, "the limit messages of a worker process is a number above 0"),
        (runworker.Command(), {"layer": "other"}, "CHANNEL_LAYERS has no layer 'other'"),
        (runinterface.Command(), {"port": 70000}, "port cannot be 70000"),
        (runserver.Command(), {"http_timeout": -1.0, "use_reloader": False}, "http_timeout_seconds cannot be -1.0"),
    ],
)
def test_it_is_named(command: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command(command, **options)


urlpatterns: list[Any] = []
