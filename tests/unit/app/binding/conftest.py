"""A project with an application of models, its two databases, and what groups got."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from towpath.binding import registry
from towpath.channels import ConfiguredLayer, Message, Outbox, channel_layers
from towpath.layers.contract import Content, Envelope, GroupSend
from towpath.layers.memory import MemoryChannelLayer

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]

if not settings.configured:
    settings.configure()
if not apps.ready:
    settings.SECRET_KEY = "for tests"
    settings.INSTALLED_APPS = APPS
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    django.setup(set_prefix=False)


class RecordingLayer(MemoryChannelLayer):
    """A layer that keeps what is sent to groups."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, Content]] = []

    def send_group(self, group: str, message: Content) -> None:
        self.sent.append((group, message))


@dataclass
class Groups:
    """The messages to groups since they were read last."""

    layer: RecordingLayer

    def taken(self) -> list[tuple[str, Any]]:
        """Return groups and payloads."""
        sent, self.layer.sent = self.layer.sent, []
        return [(group, json.loads(content["text"])["payload"]) for group, content in sent]

    def actions(self) -> list[tuple[str, str, Any]]:
        """Return groups, actions and keys."""
        return [(group, payload["action"], payload["pk"]) for group, payload in self.taken()]


@pytest.fixture(scope="module", autouse=True)
def harbour() -> Iterator[Any]:
    """The application, its tables, and a second database with the same ones."""
    sys.path.insert(0, str(Path(__file__).parent / "apps"))
    installed = [config.name for config in apps.get_app_configs()]
    connections.settings["other"] = dict(connections.settings["default"])
    with override_settings(INSTALLED_APPS=[*installed, "harbour"]):
        tables = [model for model in apps.get_app_config("harbour").get_models() if not model._meta.proxy]
        for alias in ("default", "other"):
            with connections[alias].schema_editor() as editor:
                for model in tables:
                    editor.create_model(model)
        yield import_module("harbour.models")
        for alias in ("default", "other"):
            with connections[alias].schema_editor() as editor:
                for model in reversed(tables):
                    editor.delete_model(model)
    BaseDatabaseWrapper.close(connections["other"])  # the one of SQLite leaves a database in memory open
    del connections["other"], connections.settings["other"]
    sys.path.remove(str(Path(__file__).parent / "apps"))


@pytest.fixture(autouse=True)
def bindings(harbour: Any) -> Iterator[None]:
    """No bindings and no rows but those of a test."""
    before = dict(registry.registered)
    registry.registered.clear()
    yield
    registry.registered.clear()
    registry.registered.update(before)
    for alias in ("default", "other"):
        for model in (
            harbour.Log,
            harbour.Stay,
            harbour.Berth,
            harbour.Ferry,
            harbour.Boat,
            harbour.Crew,
            harbour.Town,
            harbour.Buoy,
            harbour.Flag,
        ):
            model.objects.using(alias).all().delete()


@pytest.fixture
def groups() -> Iterator[Groups]:
    layer = RecordingLayer()
    before = channel_layers.set("default", ConfiguredLayer(layer))
    yield Groups(layer)
    channel_layers.set("default", before)


@pytest.fixture
def frame() -> Callable[..., list[GroupSend | Envelope]]:
    """Run a consumer with the payload of a frame; return what it sent."""

    def run(consumer: Callable[..., Any], payload: Any, kind: str = "receive", **kwargs: Any) -> Any:
        layer = channel_layers["default"]
        content = {"reply_channel": "interface.one!1", "path": "/", "text": json.dumps(payload)}
        message = Message(content, f"websocket.{kind}", layer, 1)
        outbox = Outbox(layer)
        with outbox.holding():
            consumer(message, **kwargs)
        return outbox.sends

    return run
