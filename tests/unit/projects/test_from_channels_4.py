"""The code in `docs/from-channels-4.md` that takes the place of Channels 4's runs as it stands there."""

import ast
import asyncio
import re
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.utils.module_loading import import_string

from towpath.asgi import get_channel_layer
from towpath.channels.configured import LayerSettings

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "from-channels-4.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\.py\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
MODULES = {match["path"].replace("/", "."): match["text"] for match in BLOCK.finditer(TEXT)}
PATH = "/ws/chat/tea/"

MakeSite = Callable[..., Any]


@pytest.fixture
def line(database: None) -> Iterator[type[models.Model]]:
    """The model of the page, with its table."""

    class Line(models.Model):
        room = models.CharField(max_length=50)
        author = models.CharField(max_length=150)
        text = models.TextField()

        class Meta:
            app_label = "from_channels_4"  # other pages have a model of this name, too

    with connection.schema_editor() as editor:
        editor.create_model(Line)
    yield Line
    with connection.schema_editor() as editor:
        editor.delete_model(Line)
    del apps.all_models["from_channels_4"]
    apps.clear_cache()


@pytest.fixture
def site(project: MakeSite, line: type[models.Model], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The project of the page, in memory."""
    stored = types.ModuleType("chat.models")
    stored.Line = line  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chat.models", stored)
    return project("mysite.routing.channel_routing", **MODULES)


def test_functions(site: Any, line: Any) -> None:
    for name in ("a", "b"):
        assert site.event(name, "connect", PATH, headers=[]) == [{"accept": True}]
    assert site.event("a", "receive", PATH, text='{"message": "hello"}') == [{"text": '{"message": "hello"}'}]
    assert site.run("b") == [{"text": '{"message": "hello"}'}]
    assert [(each.room, each.text) for each in line.objects.all()] == [("tea", "hello")]
    assert site.event("c", "connect", "/elsewhere/", headers=[]) == [{"close": True}]


@pytest.mark.usefixtures("database")
def test_a_class(project: MakeSite) -> None:
    routing = "from chat.classes import Chat\nroutes = [Chat.as_route(path='/ws/chat/<slug:room>/')]\n"
    site = project("mysite.others.routes", **{"chat.classes": MODULES["chat.classes"], "mysite.others": routing})
    for name in ("a", "b"):
        assert site.event(name, "connect", PATH, headers=[]) == [{"accept": True}]
    site.event("a", "receive", PATH, text='{"message": "hello"}')
    assert site.run("b") == [{"text": '{"message": "hello"}'}]


def test_a_task_sends_without_an_event_loop(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    celery = types.ModuleType("celery")
    celery.shared_task = lambda function: function  # type: ignore[attr-defined]  # what it does is Celery's own matter
    monkeypatch.setitem(sys.modules, "celery", celery)
    site.layer.group_add("order-7", "receipts")
    import_module("shop.tasks").charge(7)
    assert site.layer.receive(["receipts"]) == ("receipts", {"text": "paid"})


def test_work_in_the_background_answers_the_socket(site: Any, tmp_path: Path) -> None:
    site.event("a", "connect", PATH, headers=[])
    picture = tmp_path / "canal.jpg"
    picture.write_bytes(bytes(1000))
    site.layer.send("thumbnails", {"path": str(picture), "answer_to": site._edge.inbox + "a"})
    assert site.run("a") == [{"text": "canal.small"}]
    assert (tmp_path / "canal.small").stat().st_size == 100


def test_a_task_for_each_socket_ends_with_it(project: MakeSite) -> None:
    ticks = {
        "prices.consumers": MODULES["prices.consumers"].replace("seconds=10", "seconds=0"),
        "prices.routing": MODULES["prices.routing"],
        "prices.feed": "def latest_price():\n    return 42\n",
    }
    prices = project("prices.routing.channel_routing", **ticks)
    assert prices.event("a", "connect", "/prices/") == [{"accept": True}, {"text": "price 42"}]
    for _ in range(2):
        prices.layer.deliver_due()
        assert prices.run("a") == [{"text": "price 42"}]
    prices._edge.closed("a")
    asyncio.run(prices._edge.renew())
    prices.layer.deliver_due()
    assert prices.run("a") == []
    assert prices.layer.deliver_due() is None


def test_the_test_case_passes(site: Any) -> None:
    case = import_module("chat.tests").ChatTests("test_chat")
    result = unittest.TestResult()
    unittest.TestSuite([case]).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])


@pytest.mark.usefixtures("site")
def test_the_settings_describe_a_layer_and_asgi_py_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = LayerSettings.read("default", import_module("mysite.settings").CHANNEL_LAYERS["default"])
    assert import_string(entry.backend)(**entry.config)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "mysite.settings")
    assert import_module("mysite.asgi").channel_layer is get_channel_layer()


def test_every_block_is_of_channels_4_or_is_covered_here() -> None:
    olds = re.findall(r"^```python\n# Channels 4: \S+\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert len(MODULES) + len(olds) == TEXT.count("```python")
    assert all(ast.parse(old) for old in olds)
    covered = {"chat.consumers", "chat.classes", "chat.tests", "shop.tasks", "pictures.consumers"}
    covered |= {"prices.consumers", "prices.routing"}
    assert set(MODULES) == covered | {"mysite.routing", "mysite.asgi", "mysite.settings"}


def test_every_name_of_ours_is_one() -> None:
    for path in set(re.findall(r"`(towpath(?:\.\w+)+)`", TEXT)):
        parent, _, name = path.rpartition(".")
        assert hasattr(import_module(parent), name) or import_module(path), path
