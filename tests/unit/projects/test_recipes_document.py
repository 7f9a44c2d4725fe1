"""The code in `docs/recipes.md` runs as it stands there. A Celery worker of its own is in `tests/redis`."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from weakref import WeakSet

import jwt
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.test import override_settings

from towpath.channels.configured import LayerSettings
from towpath.layers.contract import Envelope
from towpath.layers.operations import delays

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "recipes.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\.py\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
MODULES = {match["path"].replace("/", "."): match["text"] for match in BLOCK.finditer(TEXT)}
WITH_MODELS = ("chat", "shop", "news", "papers")
KEY = "a key for tests, at least thirty-two bytes long"
REQUEST: dict[str, Any] = {
    "method": "GET", "path": "/news/", "headers": [], "body": b"", "http_version": "1.1", "scheme": "http",
    "root_path": "", "client": None, "server": None,
}  # fmt: skip


@pytest.fixture
def site(project: Callable[..., Any], database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The project of the recipes, with its models' tables and its receivers while the test runs."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "mysite.settings")
    monkeypatch.setattr(post_save, "receivers", list(post_save.receivers))
    monkeypatch.setattr("celery._state._on_app_finalizers", set())  # where shared tasks stay
    monkeypatch.setattr("celery._state._apps", WeakSet())
    project([], **MODULES)
    options = {
        "INSTALLED_APPS": [*settings.INSTALLED_APPS, *WITH_MODELS],
        "ROOT_URLCONF": "news.urls",
        "ALLOWED_HOSTS": ["*"],
        "MIDDLEWARE": [],
        "JWT_KEY": KEY,
        "CELERY_TASK_ALWAYS_EAGER": True,
    }
    try:
        with override_settings(**options):
            models = [model for label in WITH_MODELS for model in apps.get_app_config(label).get_models()]
            with connection.schema_editor() as editor:
                for model in models:
                    editor.create_model(model)
            yield project("mysite.routing.channel_routing")
            with connection.schema_editor() as editor:
                for model in models:
                    editor.delete_model(model)
    finally:
        post_save.sender_receivers_cache.clear()
        for label in WITH_MODELS:
            apps.all_models.pop(label, None)
        apps.clear_cache()


@pytest.fixture
def anna(site: Any) -> User:
    return User.objects.create_user("anna")


def cookie(user: User) -> list[list[bytes]]:
    """Log a user in to a browser; return the headers that it sends then."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(user.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]


def texts(replies: list[Any]) -> list[Any]:
    """Return the JSON of the texts among replies."""
    return [json.loads(reply["text"]) for reply in replies if "text" in reply]


def test_who_comes_later_to_a_room_reads_what_was_said(site: Any, anna: User) -> None:
    tea: dict[str, Any] = {"path": "/chat/tea/", "headers": cookie(anna)}
    assert texts(site.event("a", "connect", **tea)) == [{"lines": []}]
    said = {"lines": [{"id": 1, "author": "anna", "text": "hello"}]}
    assert texts(site.event("a", "receive", "/chat/tea/", text='{"text": "hello"}')) == [said]
    for wrong in ("[]", "{}", '{"text": 7}', '{"text": ""}', json.dumps({"text": "x" * 2001})):
        assert site.event("a", "receive", "/chat/tea/", text=wrong) == []
    assert texts(site.event("b", "connect", **tea)) == [said]
    assert texts(site.event("c", "connect", "/chat/milk/", headers=cookie(anna))) == [{"lines": []}]
    assert site.event("d", "connect", "/chat/tea/", headers=[]) == [{"close": True}]
    anna.is_active = False
    anna.save()
    assert site.event("a", "receive", "/chat/tea/", text='{"text": "still me"}') == [{"close": 4401}]


def test_the_owner_of_an_order_is_notified_at_the_commit(site: Any, anna: User) -> None:
    bert = User.objects.create_user("bert")
    for name, user in (("a", anna), ("b", bert)):
        assert site.event(name, "connect", "/orders/", headers=cookie(user)) == [{"accept": True}]
    assert site.event("c", "connect", "/orders/", headers=[]) == [{"close": True}]
    order_class = import_module("shop.models").Order
    with transaction.atomic():
        order = order_class.objects.create(owner=anna)
        assert site.run("a") == []
    assert texts(site.run("a")) == [{"order": order.pk, "status": "new"}]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        order_class.objects.create(owner=anna)
        _ = 1 / 0
    assert site.run("a") == site.run("b") == []


def test_an_eager_task_sends_when_its_consumer_ends(site: Any, anna: User) -> None:
    assert site.event("a", "connect", "/reports/", headers=cookie(anna)) == [{"accept": True}]
    pages = texts(site.event("a", "receive", "/reports/", text="3"))
    assert pages == [{"page": page, "of": 3} for page in (1, 2, 3)]
    assert site.event("a", "receive", "/reports/", text="many") == []
    assert len(site.event("a", "receive", "/reports/", text="1000000")) == 100


def test_a_socket_ends_with_its_token(site: Any, anna: User) -> None:
    request = HttpRequest()
    request.user = anna
    token = import_module("live.views").token(request).content
    assert site.event("a", "connect", "/live/", headers=[[b"sec-websocket-protocol", b"bearer, " + token]]) == [
        {"accept": True, "subprotocol": "bearer"}
    ]
    assert 290 < site.layer.deliver_due() <= 300
    assert site.event("a", "receive", "/live/", text="") == [{"text": "You are anna"}]


def test_a_token_that_is_late_anothers_endless_or_nobodys_is_refused(site: Any, anna: User) -> None:
    good = {"sub": str(anna.pk), "aud": "live", "exp": int(time.time()) + 60}
    for changes in ({"exp": 1}, {"aud": "another"}, {"exp": None}, {"sub": "999"}):
        claims = {name: value for name, value in {**good, **changes}.items() if value is not None}
        headers = [[b"authorization", b"Bearer " + jwt.encode(claims, KEY, algorithm="HS256").encode()]]
        assert site.event("a", "connect", "/live/", headers=headers) == [{"close": True}], changes


def poll(site: Any, name: str, query: bytes = b"") -> list[Any]:
    """Ask for news; return the answers so far."""
    content = {**REQUEST, "reply_channel": site._edge.inbox + name, "query_string": query}
    site._edge.opened(name)
    site.layer.send_many([Envelope("http.request", content, 1)])
    return site.run(name)


def titles(replies: list[Any]) -> list[list[str]]:
    return [[item["title"] for item in json.loads(reply["content"])["items"]] for reply in replies]


def test_a_poll_waits_for_news(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    item_class = import_module("news.models").Item
    assert poll(site, "a") == []
    item = item_class.objects.create(title="tea is ready")
    replies = site.run("a")
    assert titles(replies) == [["tea is ready"]]
    assert [b"Cache-Control", b"no-store"] in [[bytes(part) for part in pair] for pair in replies[0]["headers"]]
    assert titles(poll(site, "b")) == [["tea is ready"]]
    assert poll(site, "c", f"since={item.pk}".encode()) == []
    assert poll(site, "d", b"since=yesterday")[0]["status"] == 400


def test_a_poll_without_news_is_answered_in_the_end(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import_module("news.polling")
    monkeypatch.setattr("news.polling.LONGEST_WAIT", timedelta(milliseconds=1))
    assert poll(site, "a") == []
    deadline = time.monotonic() + 10
    while not (replies := site.run("a")):
        assert time.monotonic() < deadline
        site.layer.deliver_due()
    assert titles(replies) == [[]]


def test_a_paper_goes_through_all_steps_and_one_that_was_lost_comes_again(site: Any) -> None:
    models = import_module("papers.models")
    site.layer.group_add("papers", "papers.bell")
    paper = models.Paper.hand_in("three short words")
    site.run("")
    done = {"text": json.dumps({"paper": paper.pk, "words": 3})}
    assert site.layer.receive(["papers.bell"]) == ("papers.bell", done)
    lost = models.Paper.hand_in("lost")
    assert site.layer.receive(["papers.read"])[1] == {"paper": lost.pk}
    site.layer.send("papers.resume", {})
    site.run("")
    assert not models.Paper.objects.get(pk=lost.pk).words
    models.Paper.objects.filter(pk=lost.pk).update(queued_at=lost.queued_at - models.PATIENCE)
    site.layer.send("papers.resume", {})
    site.run("")
    assert models.Paper.objects.get(pk=lost.pk).words == 1
    site.layer.receive(["papers.bell"])
    site.layer.send("papers.read", {"paper": lost.pk})
    site.run("")
    assert site.layer.receive(["papers.bell"]) == (None, None)


def test_the_layer_of_the_pipeline_is_a_good_one(site: Any) -> None:
    layer = LayerSettings.read("default", import_module("mysite.layers").CHANNEL_LAYERS["default"])
    assert [entry.channel for entry in layer.schedule] == ["papers.resume"]


def test_streams_share_a_socket(site: Any, anna: User) -> None:
    assert site.event("a", "connect", "/desk/", headers=cookie(anna)) == [{"accept": True}]
    assert site.event("b", "connect", "/desk/", headers=[]) == [{"close": True}]
    question = json.dumps({"stream": "people", "payload": {"beginning": "an"}})
    assert texts(site.event("a", "receive", "/desk/", text=question)) == [
        {"stream": "people", "payload": {"people": ["anna"]}}
    ]
    import_module("desk.consumers").tell(anna, "write to bert")
    assert texts(site.run("a")) == [{"stream": "tasks", "payload": {"task": "write to bert"}}]


def test_every_block_is_a_file_and_every_link_leads_somewhere() -> None:
    scripts = TEXT.count("```js")  # run in Chromium: tests/e2e/browser/test_document_scripts.py
    assert len(MODULES) == TEXT.count("```python") == TEXT.count("```") / 2 - scripts
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert [link for link in links if not (DOCS / link).exists()] == []
    headings = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"^## (.+)$", TEXT, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) == headings
    assert f"at most {delays.DELAYED_CAPACITY:,} of them" in TEXT
