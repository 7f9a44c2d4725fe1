"""A Django project on disk, and its processes: the processes of the end-to-end tests, and their clients."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from .. import ports
from ..processes import PATIENCE_SECONDS, Process

MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""

SETTINGS = """
from pathlib import Path
DEBUG = True
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["towpath", "django.contrib.staticfiles"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = None
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "db.sqlite3"}}
STATIC_URL = "static/"
STATICFILES_DIRS = [Path(__file__).parent / "assets"]
CHANNEL_LAYERS = {"default": {
    "BACKEND": "towpath.layers.memory.MemoryChannelLayer",
    "ROUTING": "routes.channel_routing",
}}
"""

URLS = """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("hello/", lambda request: HttpResponse("hello " + request.GET.get("name", "")))]
"""

ROUTES = """
from towpath import route
channel_routing = [
    route("websocket.connect", "consumers.connect", path=r"^/echo/$"),
    route("websocket.receive", "consumers.receive", path=r"^/echo/$"),
]
"""

CONSUMERS = """
def connect(message):
    message.reply_channel.send({"accept": True})

def receive(message):
    message.reply_channel.send({"text": "first " + message["text"]})
"""


class Project:
    """A Django project in a folder of its own: an echo over WebSocket, a page, a static file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[Process] = []
        for name, text in {
            "manage.py": MANAGE,
            "settings.py": SETTINGS,
            "urls.py": URLS,
            "routes.py": ROUTES,
            "consumers.py": CONSUMERS,
            "assets/site.css": "body { color: teal }\n",
        }.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace `old` in a file of the project."""
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def manage(self, *arguments: str) -> Process:
        """Start `manage.py` with these arguments."""
        return self.run(sys.executable, "-u", "manage.py", *arguments)

    def run(self, *command: str) -> Process:
        """Start a command in the project's folder."""
        environment = os.environ | {"DJANGO_COLORS": "nocolor", "PYTHONDONTWRITEBYTECODE": "1"}
        process = Process(list(command), self.folder, environment)
        self._processes.append(process)
        return process

    def kill_all(self) -> None:
        """End every process that is left."""
        for process in self._processes:
            process.kill()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A fresh project; its processes end with the test."""
    fresh = Project(tmp_path)
    yield fresh
    fresh.kill_all()


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project for the tests of one file, which must not change it; its processes end with the last of them."""
    fresh = Project(tmp_path_factory.mktemp("project"))
    yield fresh
    fresh.kill_all()


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 on which no process listens."""
    return ports.free_port()


@pytest.fixture
def get() -> Callable[[str], bytes]:
    """Fetch an address and return the body; the answer must be 200."""

    def fetch(address: str) -> bytes:
        status, body = request(address)
        assert status == 200
        return body

    return fetch


@pytest.fixture
def status_of() -> Callable[[str], int]:
    """Fetch an address and return the status of the answer."""
    return lambda address: request(address)[0]


def request(address: str) -> tuple[int, bytes]:
    """Fetch an address; an error is an answer too."""
    try:
        with urlopen(address, timeout=PATIENCE_SECONDS) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
