"""The whole split system for one test: Redis, interface servers, workers, as separate processes of one project."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from towpath.layers.redis import RedisChannelLayer

from ...ports import free_port

#: Seconds until a missing event is a failure; far above the time on a loaded machine.
PATIENCE_SECONDS = 90
#: How long a handshake waits for an answer: on a loaded machine a worker needs more than 5 s to load Django.
HANDSHAKE_SECONDS = "60"

SETTINGS = """
import os
from pathlib import Path
DEBUG = False
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["towpath"]
ROOT_URLCONF = "urls"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "db.sqlite3"}}}}
DATA_UPLOAD_MAX_MEMORY_SIZE = None
CHANNEL_LAYERS = {{"default": {{
    "BACKEND": "towpath.layers.redis.RedisChannelLayer",
    "CONFIG": {config!r},
    "ROUTING": "routes.channel_routing",
}}}}
LOGGING = {{
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {{"console": {{"class": "logging.StreamHandler"}}}},
    "root": {{"handlers": ["console"], "level": "INFO"}},
}}
"""

ASGI = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from towpath import get_channel_layer
channel_layer = get_channel_layer()
"""

URLS = """
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

def upload(request):
    length = 0
    while piece := request.read(256 * 1024):
        length += len(piece)
    return HttpResponse(str(length))

def download(request, mebibytes):
    piece = b"x" * (256 * 1024)
    return StreamingHttpResponse(piece for _ in range(mebibytes * 4))

urlpatterns = [
    path("hello/", lambda request: HttpResponse("hello")),
    path("upload/", upload),
    path("download/<int:mebibytes>/", download),
]
"""

ROUTES = """
from towpath import route
channel_routing = [
    route("websocket.connect", "consumers.connect", path=r"^/(?:echo|room|numbers|faulty)/$"),
    route("websocket.connect", "consumers.join", path=r"^/named/(?P<room>[^/]+)/$"),
    route("websocket.receive", "consumers.echo", path=r"^/echo/$"),
    route("websocket.receive", "consumers.number", path=r"^/numbers/$"),
    route("websocket.receive", "consumers.fault", path=r"^/faulty/$"),
]
"""

CONSUMERS = """
import datetime
from pathlib import Path
from towpath import Channel, Group

journal = Path(__file__).parent / "journal.txt"

def connect(message):
    message.reply_channel.send({"accept": True})
    if message["path"] == "/room/":
        Group("room").add(message.reply_channel)

def join(message, room):
    message.reply_channel.send({"accept": True}, immediately=room.endswith("!"))
    Group("named-" + room).add(message.reply_channel)

def echo(message):
    message.reply_channel.send({"text": message["text"]})

def number(message):
    with journal.open("a") as lines:
        lines.write("begin %s\\n" % message["text"])
        lines.flush()
        lines.write("end %s\\n" % message["text"])
    message.reply_channel.send({"text": message["text"]})

def fault(message):
    match message["text"]:
        case "raise":
            raise RuntimeError("the consumer failed on purpose")
        case "unserialisable":
            message.reply_channel.send({"text": "x", "when": datetime.date(2026, 1, 1)})
        case "bad name":
            Channel("not a name").send({})
        case "exit":
            raise SystemExit(3)
        case other:
            message.reply_channel.send({"text": other})
"""


class Stack:
    """One project over one Redis, with as many interface servers and workers as a test starts."""

    def __init__(self, project: Any, redis_url: str) -> None:
        self.project = project
        self.redis_url = redis_url
        self.configure()
        for name, text in {"asgi.py": ASGI, "urls.py": URLS, "routes.py": ROUTES, "consumers.py": CONSUMERS}.items():
            project.write(name, text)
        self._executables = Path(sys.executable).parent

    def configure(self, **config: object) -> None:
        """Set options of the layer; call it before processes are started."""
        config = {"hosts": [self.redis_url], "prefix": "e2e:", **config}
        self.project.write("settings.py", SETTINGS.format(config=config))
        self.layer = RedisChannelLayer(**config)  # type: ignore[arg-type]

    def interface(self, *options: str) -> tuple[Any, int]:
        """Start an interface server; return its process and port when it listens."""
        port = free_port()
        command = str(self._executables / "towpath-interface")
        patient = ("--websocket-handshake-timeout", HANDSHAKE_SECONDS)
        process = self.project.run(command, "asgi:channel_layer", "--port", str(port), *patient, *options)
        wait_until(lambda: is_listening(port), lambda: f"the interface does not listen:\n{process.output}")
        return process, port

    def worker(self, *options: str) -> Any:
        """Start a worker."""
        return self.project.manage("runworker", *options)


def wait_until(condition: Callable[[], bool], complaint: Callable[[], str] = lambda: "it did not happen") -> None:
    """Wait until a condition of other processes holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Return whether a process accepts connections on a port of 127.0.0.1."""
    with closing(socket.socket()) as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def status_of(address: str) -> int:
    """Return the status that an address answers with."""
    try:
        with urlopen(address, timeout=PATIENCE_SECONDS) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def within_patience(coroutine: Any) -> Any:
    """Run a coroutine to its end, which must come in time."""
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE_SECONDS))


@pytest.fixture
def stack(project: Any, redis_url: str) -> Iterator[Stack]:
    """A stack whose processes end with the test."""
    fresh = Stack(project, redis_url)
    fresh.layer.flush()
    yield fresh
    fresh.layer.close()


@pytest.fixture(scope="module")
def shared_stack(shared_project: Any, redis_server: Any) -> Iterator[Stack]:
    """A stack for the tests of one file, of which none may empty the Redis that it is on."""
    redis_server.flush()
    fresh = Stack(shared_project, redis_server.url)
    yield fresh
    fresh.layer.close()


@pytest.fixture(name="within_patience")
def within_patience_fixture() -> Callable[[Any], Any]:
    """`within_patience`, for tests."""
    return within_patience


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[..., None]:
    """`wait_until`, for tests."""
    return wait_until


@pytest.fixture(name="status_of")
def status_of_fixture() -> Callable[[str], int]:
    """`status_of`, for tests."""
    return status_of
