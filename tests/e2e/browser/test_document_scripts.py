"""Every JavaScript block of README.md and docs/ runs unchanged in Chromium, on a site made from its document."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from ...ports import free_port

pytestmark = pytest.mark.once

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
expect = sync_api.expect

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^# (?P<path>\S+\.py)$", re.MULTILINE)
SCRIPTS = ("js", "javascript")
PATIENCE_SECONDS = 40

SETTINGS = """
INSTALLED_APPS = ["towpath", "boats", "room"] + [
    f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "staticfiles")
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent]}]
JWT_KEY = "a key for tests, at least thirty-two bytes long"
"""

ROUTES = """
from towpath import include, route, route_class
from towpath.generic.websockets import JsonWebsocketConsumer, WebsocketConsumer, WebsocketDemultiplexer

class Feed(WebsocketConsumer):
    def connect(self, message, **kwargs):
        self.send(text='{"id": 7}')

class Stream(JsonWebsocketConsumer):
    def receive(self, content, multiplexer, **kwargs):
        multiplexer.send(content)

class Shared(WebsocketDemultiplexer):
    consumers = {"chat": Stream, "sliders": Stream}

channel_routing = [
    include("chat.channel_routing"),
    include("boats.consumers.channel_routing"),
    route("websocket.connect", "notices.consumers.connect", path="^/(?:notices|account)/$"),
    route("websocket.receive", "notices.consumers.receive", path="^/notices/$"),
    route_class(Feed, path="^/feed/$"),
    route_class(Shared, path="^/ws/$"),
]
"""

URLS = """
import time, jwt
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path
import feed.views
from boats.models import Boat

def token(request):
    user = User.objects.get_or_create(username="anna")[0]
    claims = {"sub": str(user.pk), "exp": time.time() + 600}
    return HttpResponse(jwt.encode(claims, settings.JWT_KEY, "HS256"))

def harbour(request):
    login(request, User.objects.get_or_create(username="anna")[0])
    Boat.objects.update_or_create(pk=7, defaults={"name": "Ada", "dock": "north"})
    return HttpResponse("<!doctype html><title>Harbour</title>")

def tell(request):
    feed.views.tell("Tea is ready.")
    return HttpResponse("told")

urlpatterns = [
    path("", include("feed.urls")),
    path("tell/", tell),
    path("", lambda request: HttpResponse("<!doctype html><title>Front</title>")),
    path("token/", token),
    path("harbour/", harbour),
    path("room/", lambda request: render(request, "room.html")),
]
"""

#: The page round the template of docs/javascript.md.
ROOM = """<!doctype html><title>Room</title>
<form><input name="text"></form><p id="lines"></p><p id="light"></p><p id="problem"></p>
"""


def blocks(document: str, *languages: str) -> list[str]:
    """Return the blocks of a document in these languages."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [match["text"] for match in BLOCK.finditer(text) if match["language"] in languages]


def files(document: str) -> dict[str, str]:
    """Return the Python files of a document."""
    named = [(FILE.match(text), text) for text in blocks(document, "python")]
    return {match["path"]: text for match, text in named if match is not None}


@pytest.fixture(scope="module")
def address(shared_project: Any) -> str:
    """A site made from the documents' own Python and JavaScript; its host and port."""
    project = shared_project
    port = str(free_port())
    project.write("settings.py", (project.folder / "settings.py").read_text() + SETTINGS)
    project.write("routes.py", ROUTES)
    project.write("urls.py", URLS)
    for name in ("boats", "feed", "notices", "room"):
        project.write(f"{name}/__init__.py", "")
    documents = ("README.md", "docs/authentication.md", "docs/binding.md", "docs/recipes.md")
    sources = {name: text for document in documents for name, text in files(document).items()}
    names = ("chat.py", "notices/tokens.py", "notices/consumers.py", "boats/models.py", "boats/consumers.py")
    for name in (*names, "feed/views.py", "feed/urls.py"):
        project.write(name, sources[name])
    routing = files("docs/binding.md")["mysite/routing.py"].replace("from boats.consumers import Docks", "")
    project.write("boats/consumers.py", sources["boats/consumers.py"] + routing)
    (html,) = blocks("docs/javascript.md", "html")
    project.write("room.html", ROOM + html.replace("chat/room.js", "room.js"))
    project.write("assets/room.js", "\n".join(blocks("docs/javascript.md", *SCRIPTS)))
    assert project.manage("migrate", "--run-syncdb", "--verbosity", "0").wait() == 0
    project.manage("runserver", "--noreload", port).wait_for("Quit the server with CONTROL-C.")
    return f"127.0.0.1:{port}"


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A window whose page may have no error; `said` has the lines of its console."""
    context = chromium.new_context(base_url=f"http://{address}")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


Paste = Callable[..., None]


@pytest.fixture
def paste(page: Any, address: str) -> Paste:
    """Run a block on the page as one script, with this site in the place of the document's."""

    def run(text: str, kind: str = "text/javascript") -> None:
        text = re.sub(r"wss?://(127\.0\.0\.1:8000|example\.com)/", f"ws://{address}/", text)
        page.add_script_tag(content=text, type=kind)

    return run


def wait_in(page: Any, condition: str) -> None:
    """Wait until an expression of JavaScript is true on the page."""
    page.wait_for_function(condition, timeout=PATIENCE_SECONDS * 1000)


def test_the_snippet_of_the_readme_works_when_it_is_pasted_as_one_block(page: Any, paste: Paste) -> None:
    (text,) = blocks("README.md", *SCRIPTS)
    page.goto("/")
    with page.expect_console_message(lambda message: message.text == "Good morning."):
        paste(text)


def test_the_snippet_for_a_bearer_token_opens_its_socket(page: Any, paste: Paste) -> None:
    (text,) = blocks("docs/authentication.md", *SCRIPTS)
    page.goto("/")
    page.evaluate("async () => { window.token = await (await fetch('/token/')).text(); }")
    paste(text)
    wait_in(page, "socket.readyState === WebSocket.OPEN")
    assert page.evaluate("socket.protocol") == "bearer"


def test_the_module_of_the_binding_guide_shows_and_moves_a_boat(page: Any, paste: Paste) -> None:
    (text,) = blocks("docs/binding.md", *SCRIPTS)
    page.goto("/harbour/")
    page.evaluate("() => { window.removed = []; window.removeRow = (pk) => removed.push(pk); }")
    paste(text, kind="module")
    wait_in(page, "removed.length > 0")
    assert page.evaluate("removed") == [7]


def test_the_examples_of_the_bridge_guide_work_on_one_page(page: Any) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with page.expect_console_message(lambda message: message.text.startswith("update 1")):
        page.goto("/room/")
    assert "chat Hello" in said
    expect(page.locator("#light")).to_have_text("Live")
    page.locator("form input").fill("Typed.")
    page.locator("form").evaluate("(form) => form.requestSubmit()")
    expect(page.locator("#lines")).to_contain_text("Typed.")
    wait_in(page, "account.isOpen && latest === 7")
    assert page.locator("#problem").text_content() == ""


def test_the_event_source_of_the_recipe_gets_what_its_group_is_sent(page: Any, paste: Paste, address: str) -> None:
    (text,) = blocks("docs/recipes.md", *SCRIPTS)
    page.goto("/")
    paste(text)
    wait_in(page, "source.readyState === EventSource.OPEN")
    with page.expect_console_message(lambda message: message.text == "news: Tea is ready."):
        page.evaluate("() => fetch('/tell/')")
    page.evaluate("source.close()")


def test_readers_of_events_hold_no_worker_thread(address: str) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(urlopen(f"http://{address}/feed/", timeout=PATIENCE_SECONDS)) for _ in range(12)]
        assert [reader.readline() for reader in readers] == [b"retry: 3000\n"] * len(readers)
        with urlopen(f"http://{address}/tell/", timeout=PATIENCE_SECONDS) as response:
            assert response.read() == b"told"
        for reader in readers:
            assert [reader.readline(), reader.readline()] == [b"\n", b'data: "Tea is ready."\n']


def test_every_document_with_javascript_is_run_here() -> None:
    documents = [
        "README.md",
        "liveblog_example/README.md",
        *(str(each.relative_to(ROOT)) for each in (ROOT / "docs").rglob("*.md")),
    ]
    with_scripts = {name for name in documents if blocks(name, *SCRIPTS)}
    assert with_scripts == {
        "README.md",
        "docs/authentication.md",
        "docs/binding.md",
        "docs/javascript.md",
        "docs/recipes.md",
    }
