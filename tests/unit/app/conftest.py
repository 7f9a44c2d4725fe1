"""A Django project in memory, a layer made of deques, and one request shown to WSGI and to Towpath alike."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, cast

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import RequestFactory, override_settings
from django.test.client import conditional_content_removal
from django.urls import clear_script_prefix

from towpath.channels import Message, Outbox
from towpath.handler import ViewConsumer
from towpath.layers.codec import check_content
from towpath.layers.contract import Content
from towpath.layers.errors import ChannelFull

APPS = [f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages", "staticfiles", "admin")]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
CONTEXT_PROCESSORS = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [*CONTEXT_PROCESSORS, "django.contrib.messages.context_processors.messages"]},
    }
]


def prepare_django() -> None:
    """Give this process apps and a database, whatever other tests have configured before."""
    if not settings.configured:
        settings.configure()
    settings.SECRET_KEY = "for tests"
    settings.INSTALLED_APPS = APPS
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    if apps.ready:
        apps.set_installed_apps(APPS)
    else:
        django.setup(set_prefix=False)


prepare_django()


@pytest.fixture(autouse=True)
def script_prefix() -> Iterator[None]:
    """Forget the prefix that Django's WSGI handler leaves behind in a thread."""
    yield
    clear_script_prefix()


@pytest.fixture(autouse=True)
def project() -> Iterator[None]:
    """The settings of an ordinary project; tests override more."""
    ordinary = {
        "ALLOWED_HOSTS": ["testserver"],
        "MIDDLEWARE": MIDDLEWARE,
        "TEMPLATES": TEMPLATES,
        "STATIC_URL": "/static/",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }
    with override_settings(**ordinary):
        yield


@pytest.fixture(scope="session")
def tables() -> Iterator[None]:
    with override_settings(MIGRATION_MODULES={name.rpartition(".")[2]: None for name in APPS}):
        call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    connections.close_all()


@pytest.fixture
def database(tables: None) -> Iterator[None]:
    """Empty tables, emptied again afterwards."""
    yield
    call_command("flush", interactive=False, verbosity=0)


class DequeLayer:
    """The part of a layer that views need. A blocking receive lets the `client` act before it finds nothing."""

    def __init__(self) -> None:
        self.queues: defaultdict[str, deque[Content]] = defaultdict(deque)
        self.full: set[str] = set()
        self.client: Callable[[], object] = self.take_everything
        self.dropped: list[str] = []
        #: How much of a body was asked for, by each message that said so.
        self.wishes: list[int] = []

    def take_everything(self) -> None:
        """Do what a fast client's interface server does: say that all of the content is on its way."""
        for channel, contents in list(self.queues.items()):
            if "!" in channel and contents:
                total = sum(len(content["content"]) for content in contents)
                self.queues[contents[0]["flow_channel"]].append({"sent": total})

    def send(self, channel: str, message: Content) -> None:
        check_content(message)
        if channel in self.full:
            raise ChannelFull(channel)
        if "body_until" in message:
            self.wishes.append(message["body_until"])
            return
        self.queues[channel].append(message)

    def receive(self, channels: Sequence[str], block: bool = False) -> tuple[str | None, Content | None]:
        if block and not self.queues[channels[0]]:
            self.client()
        with suppress(IndexError):
            return channels[0], self.queues[channels[0]].popleft()
        return None, None

    def new_channel(self, pattern: str) -> str:
        return pattern + "one"

    def drop_channel(self, channel: str) -> None:
        self.dropped.append(channel)


@pytest.fixture
def layer() -> DequeLayer:
    return DequeLayer()


@dataclass
class Answer:
    """A response as a client sees it, from either server."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    contents: list[Content] = field(default_factory=list, compare=False)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def request_message(layer: Any, environ: dict[str, Any], body: bytes | None = None) -> Message:
    """Return the message of the request that a WSGI environ describes."""
    special = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
    headers = []
    for key, value in environ.items():
        if key.startswith("HTTP_") or (key in special and value):
            name = special.get(key, key.removeprefix("HTTP_").lower().replace("_", "-"))
            headers.append([name.encode(), str(value).encode("latin-1")])
    content = {
        "reply_channel": "interface.one!1",
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": environ["PATH_INFO"].encode("latin-1").decode(),
        "root_path": environ["SCRIPT_NAME"],
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "headers": headers,
        "body": environ["wsgi.input"].read() if body is None else body,
        "body_channel": None,
        "client": [environ["REMOTE_ADDR"], 50000],
        "server": [environ["SERVER_NAME"], int(environ["SERVER_PORT"])],
    }
    return Message(content, "http.request", layer, turn=1)


def joined(contents: list[Content]) -> Answer:
    """Put the messages of one response together again."""
    headers = [(name.decode("ascii"), value.decode("latin-1")) for name, value in contents[0]["headers"]]
    assert [content.get("more_content", False) for content in contents] == [True] * (len(contents) - 1) + [False]
    return Answer(contents[0]["status"], headers, b"".join(content["content"] for content in contents), contents)


def run_view(message: Message, consumer: Any = None) -> list[Content]:
    """Run the consumer as a worker does; return what was sent at once and then what was held."""
    layer = cast(DequeLayer, message.channel_layer)
    outbox = Outbox(cast(Any, layer))
    with outbox.holding():
        (consumer or ViewConsumer())(message)
    return [*layer.queues.pop(message["reply_channel"], ()), *(send.content for send in outbox.sends)]


def under_wsgi(environ: dict[str, Any]) -> Answer:
    """Serve with Django's WSGI handler, and remove what its servers remove."""
    from django.core.handlers.wsgi import WSGIHandler

    started: list[Any] = []
    response = WSGIHandler()(environ, lambda status, headers: started.extend((int(status.split()[0]), headers)))
    response.status_code = started[0]
    conditional_content_removal(RequestFactory().generic(environ["REQUEST_METHOD"], "/"), response)
    body = b"".join(response)
    response.close()
    return Answer(started[0], [(name, value.strip()) for name, value in started[1]], body)


@pytest.fixture
def serve(layer: DequeLayer) -> Callable[..., Answer]:
    """Serve one request through Towpath: `serve("POST", "/form", data=...)` with the arguments of RequestFactory."""

    def serve_one(method: str, path: str, **options: Any) -> Answer:
        return joined(run_view(request_message(layer, environ_of(method, path, **options))))

    return serve_one


def environ_of(method: str, path: str, **options: Any) -> dict[str, Any]:
    request = getattr(RequestFactory(), method.lower())(path, **options)
    environ = dict(request.environ)
    environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
    environ["PATH_INFO"] = environ["PATH_INFO"].encode().decode("latin-1")  # as it was before WSGIRequest decoded it
    return environ


@pytest.fixture
def serve_both(layer: DequeLayer) -> Callable[..., tuple[Answer, Answer]]:
    """Serve one request through WSGI and through Towpath; return both answers."""

    def serve_twice(method: str, path: str, **options: Any) -> tuple[Answer, Answer]:
        message = request_message(layer, environ_of(method, path, **options))
        return under_wsgi(environ_of(method, path, **options)), joined(run_view(message))

    return serve_twice


@pytest.fixture
def message_of(layer: DequeLayer) -> Callable[..., Message]:
    """Make the message of a request: `message_of("GET", "/")`, with more keys of the content as `content=`."""

    def make(method: str, path: str, content: Content | None = None, **options: Any) -> Message:
        message = request_message(layer, environ_of(method, path, **options))
        message.content.update(content or {})
        return message

    return make


@pytest.fixture
def run() -> Callable[..., list[Content]]:
    return run_view
