"""The code in `docs/sending.md` runs as it stands there, and what the page says of names and numbers is so."""

import re
import unittest
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import path

from towpath.channels.configured import LayerSettings
from towpath.layers.contract import Envelope
from towpath.layers.operations import delays

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "sending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\.py\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
MODULES = {match["path"].replace("/", "."): match["text"] for match in BLOCK.finditer(TEXT)}

MakeSite = Callable[..., Any]


@pytest.fixture
def site(project: MakeSite) -> Any:
    routing = {
        "websocket.connect": "shop.consumers.connect",
        "orders.remind": "shop.consumers.remind",
        "report.make": "reports.consumers.make",
    }
    return project(routing, **MODULES)


def contents(layer: Any, channel: str) -> list[Any]:
    found = []
    while (content := layer.receive([channel])[1]) is not None:
        found.append(content)
    return found


@pytest.mark.usefixtures("database")
def test_an_order_is_announced_once_it_is_committed(site: Any) -> None:
    site.layer.group_add("kitchen", "kitchen.bell")
    order = User(username="anna")
    import_module("shop.orders").place(order)
    assert contents(site.layer, "orders.pack") == [{"order": order.pk}]
    assert contents(site.layer, "kitchen.bell") == [{"text": f"order {order.pk}"}]
    assert site.layer.channel_statistics("orders.remind")["messages_delayed"] == 1
    with pytest.raises(AttributeError):
        import_module("shop.orders").place(object())
    assert contents(site.layer, "orders.pack") == []


@pytest.mark.usefixtures("database")
def test_the_test_case_passes(site: Any) -> None:
    case = import_module("shop.tests").OrderTests("test_an_order_is_packed")
    result = unittest.TestResult()
    unittest.TestSuite([case]).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])


def test_a_consumer_sends_later(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.event("a", "connect") == [{"accept": True}]
    seconds = site.layer.deliver_due()
    assert 290 < seconds <= 300
    site.layer.send("orders.remind", {"order": 7})
    site.run("a")
    assert contents(site.layer, "mail.send") == [{"order": 7, "subject": "Your order waits for you"}]


@pytest.mark.usefixtures("site")
def test_the_schedule_is_a_good_one() -> None:
    layers = import_module("mysite.settings").CHANNEL_LAYERS
    schedule = LayerSettings.read("default", layers["default"]).schedule
    assert [(entry.name, entry.channel) for entry in schedule] == [
        ("clean-up", "sessions.clean"),
        ("report", "report.send"),
    ]


class Urls:
    urlpatterns = (path("report", lambda request: import_module("reports.views").report(request)),)


@override_settings(ROOT_URLCONF=Urls, ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
def test_a_request_is_answered_later(site: Any) -> None:
    content = {"reply_channel": f"{site._edge.inbox}r", "method": "GET", "path": "/report", "headers": [], "body": b""}
    more = {"http_version": "1.1", "scheme": "http", "root_path": "", "query_string": b"", "client": None}
    site.layer.send_many([Envelope("http.request", {**content, **more, "server": None}, 1)])
    [answer] = site.run("r")
    assert (answer["status"], answer["content"]) == (200, b'{"pages": 3}')


def test_every_block_is_a_file_and_is_covered_here() -> None:
    assert len(MODULES) == TEXT.count("```python")
    covered = {"shop.orders", "shop.tests", "shop.consumers", "mysite.settings", "reports.views", "reports.consumers"}
    assert set(MODULES) == covered


def test_numbers_links_and_checks_are_right() -> None:
    assert f"At most {delays.DELAYED_CAPACITY:,} wait" in TEXT
    assert f"at most {delays.MAX_DELAY_SECONDS // 86_400} days" in TEXT
    assert delays.OVERDUE_SECONDS == 7 * 86_400
    assert delays.FULL_SECONDS == 1
    links = [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in link]
    assert [link for link in links if not (DOCS / link).exists()] == []
    documented = import_module("towpath.checks").__doc__ or ""
    assert [name for name in re.findall(r"`(towpath\.[EW]\d+)`", TEXT) if f"| {name} " not in documented] == []
