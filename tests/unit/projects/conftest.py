"""A project in memory: its modules as text, its settings, one worker, and the sockets of its visitors."""

import asyncio
import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from towpath import channel_layers
from towpath.binding import registry
from towpath.layers import Envelope, Grouped, Replies, Settled
from towpath.layers.inbox_events import InboxEvent
from towpath.worker import Worker

MEMORY = "towpath.layers.memory.MemoryChannelLayer"
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]

if not settings.configured:
    settings.configure()
if not apps.ready:
    settings.SECRET_KEY = "for tests"
    settings.INSTALLED_APPS = APPS
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    django.setup(set_prefix=False)


class Site:
    """A project as its visitors see it."""

    def __init__(self, routing: object) -> None:
        layers = {"default": {"BACKEND": MEMORY, "ROUTING": routing}}
        with override_settings(CHANNEL_LAYERS=layers):
            self.layer = channel_layers["default"]
            self._worker = Worker(self.layer)
        self._edge = self.layer.edge()
        asyncio.run(self._edge.open())
        self._states: dict[str, bytes | None] = {}
        self._turns = 0
        self.seen: dict[str, list[Any]] = {}

    def event(self, socket: str, kind: str, path: str = "/", **content: Any) -> list[Any]:
        """Let something happen on a socket, and all that comes of it; return what the socket got."""
        self._edge.opened(socket)
        self._turns += 1
        content = {"reply_channel": self._edge.inbox + socket, "path": path, "query_string": b"", **content}
        channel = f"websocket.{kind}"
        assert not self.layer.send_many([Envelope(channel, content, self._turns, self._states.get(socket))])
        return self.run(socket)

    def run(self, socket: str) -> list[Any]:
        """Run the worker until nothing is left to do; return what a socket got."""
        while self._worker.run_one():
            """Go on."""
        self._deliver()
        return self.seen.pop(socket, [])

    def _deliver(self) -> None:
        self.layer.send(self._edge.inbox + "last", {"text": "behind all others"})
        is_last = False
        while not is_last:
            for event in asyncio.run(self._edge.receive()):
                is_last = is_last or (isinstance(event, Replies) and event.local == "last")
                self._take(event)
        del self.seen["last"]

    def _take(self, event: InboxEvent) -> None:
        match event:
            case Settled(local=local, replies=replies, session_state=session_state):
                self.seen.setdefault(local, []).extend(replies)
                if session_state is not None:
                    self._states[local] = session_state or None
            case Replies(local=local, contents=contents):
                self.seen.setdefault(local, []).extend(contents)
            case Grouped(locals=members, content=content):
                for local in members:
                    self.seen.setdefault(local, []).append(content)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Make a project: `project("mysite.routing.channel_routing", **{"mysite.routing": "...source..."})`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    with ExitStack() as stack:
        stack.callback(channel_layers.set, "default", channel_layers.set("default", None))

        def make(routing: object, **modules: str) -> Site:
            for name, source in modules.items():
                file = tmp_path / f"{name.replace('.', '/')}.py"
                file.parent.mkdir(exist_ok=True)
                file.write_text(textwrap.dedent(source))
            importlib.invalidate_caches()
            channel_layers.set("default", None)
            return Site(routing)

        yield make
        for name in set(sys.modules) - before:
            if any(folder.name == name.partition(".")[0] for folder in tmp_path.iterdir()):
                del sys.modules[name]


@pytest.fixture
def database() -> Iterator[None]:
    """Empty tables of Django's own applications."""
    labels = [config.label for config in apps.get_app_configs()]
    with override_settings(MIGRATION_MODULES=dict.fromkeys(labels)):
        call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    call_command("flush", interactive=False, verbosity=0)
    connections.close_all()


@pytest.fixture
def project_with_models(project: Callable[..., Any], database: None) -> Iterator[Callable[..., Any]]:
    """Make a project, one of whose packages is an application with models; return its site and its models."""
    before = dict(registry.registered)
    with ExitStack() as stack:
        stack.callback(registry.registered.update, before)
        stack.callback(registry.registered.clear)

        def make(application: str, routing: str, **modules: str) -> tuple[Any, Any]:
            apps.all_models.pop(application, None)  # of another test that had an application of this name
            project([], **{f"{application}.__init__": "", **modules})
            installed = [config.name for config in apps.get_app_configs()]
            stack.callback(apps.clear_cache)
            stack.callback(apps.all_models.pop, application)
            stack.enter_context(override_settings(INSTALLED_APPS=[*installed, "towpath", application]))
            for model in apps.get_app_config(application).get_models():
                with connections["default"].schema_editor() as editor:
                    editor.create_model(model)
                stack.callback(drop, model)
            return project(routing), importlib.import_module(f"{application}.models")

        yield make


def drop(model: Any) -> None:
    """Drop the table of a model."""
    with connections["default"].schema_editor() as editor:
        editor.delete_model(model)
