"""The code in `docs/binding.md` runs as it stands there, and its tables name what is there."""

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User

from towpath.binding.websockets import WebsocketBindingWithMembers

DOCUMENT = Path(__file__).parents[3] / "docs" / "binding.md"
BLOCK = re.compile(r"^```python\n# (?P<path>\S+)\.py\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

MakeSite = Callable[..., Any]


@pytest.fixture
def boats(project_with_models: MakeSite) -> MakeSite:
    """Make the site of the document, with the routing of one of its parts; return its model, too."""
    text = DOCUMENT.read_text(encoding="utf-8")
    modules = {match["path"].replace("/", "."): match["text"] for match in BLOCK.finditer(text)}
    assert len(modules) == text.count("```python")

    def make(routing: str) -> tuple[Any, Any]:
        site, models = project_with_models("boats", routing, **modules)
        return site, models.Boat

    return make


def payloads(replies: list[Any]) -> list[Any]:
    """Return what was sent on streams."""
    return [json.loads(reply["text"])["payload"] for reply in replies if "text" in reply]


def actions(replies: list[Any]) -> list[Any]:
    """Return actions and names."""
    return [(payload["action"], payload["data"]["name"]) for payload in payloads(replies)]


def cookie_of(user: Any) -> list[list[bytes]]:
    """Return the headers of a browser in which a user is logged in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(user.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return [[b"cookie", f"{settings.SESSION_COOKIE_NAME}={session.session_key}".encode()]]


def test_docks(boats: MakeSite) -> None:
    site, boat_model = boats("mysite.routing.channel_routing")
    cookie = cookie_of(User.objects.create_user("anna"))
    for dock, headers in (("north", cookie), ("south", [])):
        assert site.event(dock, "connect", f"/docks/{dock}/", headers=headers) == [{"accept": True}]
    boat = boat_model.objects.create(name="Ada", dock="north", price="9.50")
    example = re.search(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert payloads(site.run("north")) == [json.loads(example[1])["payload"] | {"pk": boat.pk}]

    def send(dock: str, **payload: Any) -> list[Any]:
        frame = json.dumps({"stream": "boats", "payload": payload})
        replies: list[Any] = site.event(dock, "receive", f"/docks/{dock}/", text=frame)
        return replies

    moved = send("north", action="update", pk=boat.pk, data={"dock": "south", "is_checked": True})
    assert actions(moved) == [("delete", "Ada")]
    assert actions(site.run("south")) == [("create", "Ada")]
    assert boat_model.objects.get().is_checked is False
    for dock in ("north", "south"):
        assert send(dock, action="delete", pk=boat.pk) == []
    boat_model.objects.filter(dock="south").update(name="Eva")
    assert actions(site.run("south")) == [("update", "Eva")]


def test_prices(boats: MakeSite) -> None:
    site, boat_model = boats("boats.prices.channel_routing")
    assert site.event("a", "connect", "/prices/") == [{"accept": True}]
    boat = boat_model.objects.create(name="Ada", dock="north")
    assert site.run("a") == []
    boat_model.objects.update(is_checked=True)
    (payload,) = payloads(site.run("a"))
    assert (payload["action"], payload["data"]) == ("create", {"price": "0.00", "name__upper": "ADA"})

    def send(**payload: Any) -> list[Any]:
        frame = json.dumps({"stream": "prices", "payload": payload})
        return payloads(site.event("a", "receive", "/prices/", text=frame))

    assert [payload["data"]["price"] for payload in send(action="update", pk=boat.pk, data={"price": "12"})] == [
        "12.00"
    ]
    (refused,) = send(action="update", pk=boat.pk, data={"price": "a lot"})
    assert refused["action"] == "refused"
    assert list(refused["errors"]) == ["price"]
    assert send(action="delete", pk=boat.pk) == [{"action": "refused", "pk": boat.pk, "errors": None}]


def test_the_reference_names_what_is_there() -> None:
    reference = DOCUMENT.read_text(encoding="utf-8").partition("## Reference")[2].partition("## ")[0]
    named = {
        name for cells in re.findall(r"^\| (`.*?) \|", reference, re.MULTILINE) for name in re.findall(r"`(\w+)", cells)
    }
    assert len(named) > 20
    assert [
        name for name in sorted(named) if name not in dir(WebsocketBindingWithMembers) and name != "model_label"
    ] == []


def test_the_check_that_it_names_is_there() -> None:
    assert "| towpath.W010 |" in (import_module("towpath.checks").__doc__ or "")
