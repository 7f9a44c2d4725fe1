"""The running site in Django's admin: what viewers see, what operators do, and how often the page asks."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
expect = sync_api.expect

PAGE = "/admin/towpath_operations/runningsite/"
BLOG = "/liveblog/lock-to-lock/"
PEOPLE = """
from django.contrib.auth.models import Permission, User
for name, codes in {"viewer": ["view"], "operator": ["view", "change"]}.items():
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    user.set_password(name)
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=[code + "_runningsite" for code in codes]))
"""
LOG = """
from django.contrib.admin.models import LogEntry
for entry in LogEntry.objects.filter(content_type__model="runningsite").order_by("pk"):
    print(entry.user.username, entry.object_repr, entry.change_message, sep="|")
"""
#: A folder, to save the picture of the documentation in.
PICTURES = os.environ.get("TOWPATH_PICTURES")


@pytest.fixture(scope="module")
def people(site: Any) -> None:
    """One account that may see the page, and one that may give orders."""
    site.manage("shell", "-c", PEOPLE)


@pytest.fixture
def state_of(site: Any) -> Callable[[str], str]:
    """Ask for the state of a channel: empty, or paused."""

    def ask(channel: str) -> str:
        states = json.loads(site.manage("towpath", "channels", "--json"))
        return next(str(each["state"]) for each in states if each["channel"] == channel)

    return ask


def row(page: Any, name: str) -> Any:
    """Return the row of a channel or process."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def test_a_viewer_sees_the_site_without_buttons_and_may_give_no_orders(window: Any, people: None) -> None:
    page = window(PAGE, login="viewer")
    expect(row(page, "websocket.receive")).to_be_visible()
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("match.")).to_be_visible()
    for name in ("Pause", "Resume", "Purge", "Drain", "Close", "Restart"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    answer = page.request.post(
        f"{PAGE}orders/pause/", form={"channel": "websocket.receive", "confirmed": "1"}, headers={"X-CSRFToken": token}
    )
    assert (answer.status, "CSRF" in answer.text()) == (403, False)
    assert page.request.get(f"{PAGE}orders/pause/").status == 405


def test_the_page_asks_every_three_seconds_and_not_while_it_is_hidden(window: Any, people: None) -> None:
    page = window("/", login="viewer")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/state/" in request.url else None)
    page.clock.install()
    page.goto(PAGE)
    for _ in range(2):
        with page.expect_response("**/state/**") as answer:
            page.clock.run_for(3000)
        assert answer.value.status == 200
        page.wait_for_load_state("networkidle")
    assert len(asked) == 2
    hide = "Object.defineProperty(document, 'visibilityState', {get: () => %r, configurable: true});"
    tell = "document.dispatchEvent(new Event('visibilitychange'));"
    page.evaluate(hide % "hidden" + tell)
    page.clock.run_for(60_000)
    assert len(asked) == 2
    with page.expect_response("**/state/**"):
        page.evaluate(hide % "visible" + tell)
    assert len(asked) == 3


def test_an_operator_pauses_a_channel_closes_a_socket_and_restarts_workers_and_the_log_names_all(
    window: Any, people: None, site: Any, state_of: Callable[[str], str]
) -> None:
    reader, page = window(BLOG), window(PAGE, login="operator", viewport={"width": 1100, "height": 940})
    expect(reader.locator("#state")).to_have_attribute("data-state", "live")

    row(page, "websocket.receive").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", name="Pause websocket.receive?")).to_be_visible()
    assert state_of("websocket.receive") == ""
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("websocket.receive is paused until it is resumed")).to_be_visible()
    expect(row(page, "websocket.receive")).to_contain_text("paused")
    assert state_of("websocket.receive") == "paused"
    if PICTURES is not None:
        page.reload()
        page.screenshot(path=str(Path(PICTURES) / "admin-page.png"))
    page.goto(f"{PAGE}?peek=websocket.receive")
    expect(page.get_by_role("heading", name="Messages of websocket.receive")).to_be_visible()
    row(page, "websocket.receive").get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("websocket.receive is resumed")).to_be_visible()
    assert state_of("websocket.receive") == ""

    page.get_by_label("Path").fill(f"{BLOG}*")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("1 match")).to_be_visible()
    page.get_by_role("button", name="Close interface.").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("1 WebSockets were closed")).to_be_visible()
    expect(reader.locator("#state")).not_to_have_attribute("data-state", "live")

    page.get_by_role("button", name="Restart workers").click()
    expect(page.get_by_role("heading", name="Restart the workers of")).to_be_visible()
    page.get_by_role("button", name="Restart").click()
    expect(page.get_by_text("2 workers of")).to_be_visible()
    replaced = 0
    deadline = time.monotonic() + 60
    while replaced < 2:
        assert time.monotonic() < deadline, f"{replaced} workers were replaced"
        replaced += site.start_ended_workers()
        page.wait_for_timeout(100)

    lines = [line.split("|") for line in site.manage("shell", "-c", LOG).splitlines() if "|" in line]
    assert [(who, message.partition(":")[0]) for who, _, message in lines] == [
        ("operator", "Pause"),
        ("operator", "Resume"),
        ("operator", "Close"),
        ("operator", "Restart"),
    ]
    assert lines[0][1] == "websocket.receive"
