"""The code in `docs/consumers.md` and `docs/authentication.md` runs as it stands there."""

import json
import re
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.test import override_settings

from towpath import route

DOCS = Path(__file__).parents[3] / "docs"
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\.py\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
KEY = "a key for tests, at least thirty-two bytes long"

MakeSite = Callable[..., Any]


def modules_of(document: str) -> dict[str, str]:
    """Return the files of a document, by the names they are imported as."""
    text = (DOCS / document).read_text(encoding="utf-8")
    found = {match["path"].replace("/", "."): match["text"] for match in BLOCK.finditer(text)}
    assert len(found) == text.count("```python"), "a block does not begin with the path of its file"
    return found


@pytest.fixture
def consumers_md(project: MakeSite) -> MakeSite:
    """Make the site of `consumers.md`, with the routing of one of its parts."""
    return lambda routing: project(routing, **modules_of("consumers.md"))


def test_functions_and_paths(consumers_md: MakeSite) -> None:
    site = consumers_md("mysite.routing.channel_routing")
    for name in ("a", "b"):
        assert site.event(name, "connect", "/chat/tea-room/") == [{"accept": True}]
    assert site.event("a", "receive", "/chat/tea-room/", text="hello") == [{"text": "hello"}]
    assert site.run("b") == [{"text": "hello"}]
    site.event("b", "disconnect", "/chat/tea-room/", code=1000)
    assert site.run("a") == [{"text": "somebody left"}]
    assert site.event("c", "connect", "/chat/tea-room/more/") == [{"close": True}]


def test_a_prefix_and_converted_arguments(consumers_md: MakeSite) -> None:
    site = consumers_md("mysite.routing.channel_routing")
    assert site.event("a", "connect", "/shops/canal/orders/7/") == [{"accept": True}]
    assert len(site.layer.group_channels("canal-000007")) == 1


def test_a_class(consumers_md: MakeSite) -> None:
    site = consumers_md("quiz.routing.channel_routing")
    connected = site.event("a", "connect", "/quiz/5/", headers=[])
    assert connected == [{"accept": True}, {"text": '{"welcome": "AnonymousUser"}'}]
    assert site.event("a", "receive", "/quiz/5/", text='{"answer": 42}') == [{"text": '{"score": 1}'}]
    assert site.event("a", "receive", "/quiz/5/", text='{"answer": 41}') == [{"text": '{"score": 1}'}]


def test_streams(consumers_md: MakeSite) -> None:
    site = consumers_md("board.routing.channel_routing")
    for name in ("a", "b"):
        assert site.event(name, "connect", "/board/") == [{"accept": True}]
    tick = json.dumps({"stream": "clock", "payload": {"tick": 1}})
    assert site.event("a", "receive", "/board/", text=tick) == [{"text": '{"stream": "clock", "payload": {"tick": 2}}'}]
    note = json.dumps({"stream": "notes", "payload": {"note": "tea"}})
    site.event("a", "receive", "/board/", text=note)
    assert site.run("b") == [{"text": '{"stream": "notes", "payload": {"note": "tea"}}'}]


def test_a_session(consumers_md: MakeSite) -> None:
    site = consumers_md({"websocket.receive": "counter.consumers.receive"})
    assert [site.event("a", "receive", text="")[0]["text"] for _ in range(3)] == ["1", "2", "3"]


def test_the_table_of_paths_says_what_is_so() -> None:
    text = (DOCS / "consumers.md").read_text(encoding="utf-8")
    wrong = re.search(r'a mixture: `"([^"]+)"`', text)
    assert wrong is not None
    with pytest.raises(ValueError, match="mixes"):
        route("websocket.connect", "a.b", path=wrong[1])
    named = {f"towpath.{name}" for name in re.findall(r"`(?:towpath\.)?([EW]\d{3})`", text)}
    documented = set(re.findall(r"^\| (towpath\.\w+) ", import_module("towpath.checks").__doc__ or "", re.MULTILINE))
    assert named <= documented


def test_login_by_cookie(project: MakeSite, database: None) -> None:
    anna = User.objects.create_user("anna")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(anna.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = anna.get_session_auth_hash()
    session.save()
    routing = {f"websocket.{kind}": f"chat.consumers.{kind}" for kind in ("connect", "receive")}
    site = project(routing, **modules_of("authentication.md"))
    cookie = [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]
    assert site.event("a", "connect", headers=cookie) == [{"accept": True}]
    assert site.event("a", "receive", text="") == [{"text": "Hello anna"}]
    assert site.event("b", "connect", headers=[]) == [{"close": True}]


@override_settings(JWT_KEY=KEY)
def test_login_by_token(project: MakeSite, database: None) -> None:
    anna = User.objects.create_user("anna")
    routing = {f"websocket.{kind}": f"notices.consumers.{kind}" for kind in ("connect", "receive")}
    site = project(routing, **modules_of("authentication.md"))
    good, late = (
        jwt.encode({"sub": str(anna.pk), "exp": int(time.time()) + seconds}, KEY, algorithm="HS256")
        for seconds in (60, -60)
    )
    headers = [[b"sec-websocket-protocol", f"bearer, {good}".encode()]]
    assert site.event("a", "connect", headers=headers) == [{"accept": True, "subprotocol": "bearer"}]
    assert site.event("a", "receive", text="") == [{"text": "You are anna"}]
    assert len(site.layer.group_channels(f"user-{anna.pk}")) == 1
    for wrong in (late, "nonsense"):
        assert site.event("b", "connect", headers=[[b"authorization", f"Bearer {wrong}".encode()]]) == [{"close": True}]


@pytest.mark.parametrize("document", ["consumers.md", "authentication.md"])
def test_every_link_and_every_import_leads_somewhere(document: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (DOCS / link).exists()] == []
    for module in set(re.findall(r"`(towpath(?:\.[a-z_]+)+)`", text)):
        assert import_module(module)
