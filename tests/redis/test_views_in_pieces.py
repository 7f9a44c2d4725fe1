"""Django views over a real Redis: long bodies in, long responses out, at the pace of the slower side."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from towpath.channels import Message, Outbox
from towpath.handler import ViewConsumer, flow
from towpath.layers.contract import Content
from towpath.layers.errors import ChannelFull
from towpath.layers.redis import RedisChannelLayer

if not settings.configured:
    settings.configure()

KIB = 1024
INBOX = "interface.test!"
PATIENCE_SECONDS = 30


@csrf_exempt
def digest(request: HttpRequest) -> HttpResponse:
    """Read the body in pieces."""
    seen = hashlib.sha256()
    for piece in iter(lambda: request.read(100_000), b""):
        seen.update(piece)
    return HttpResponse(seen.hexdigest())


def download(request: HttpRequest) -> StreamingHttpResponse:
    count = int(request.GET["count"])
    return StreamingHttpResponse(number.to_bytes(4, "big") * (64 * KIB) for number in range(count))


class Urls:
    urlpatterns = (path("digest", digest), path("download", download))


@pytest.fixture(autouse=True)
def project() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=Urls, MIDDLEWARE=[], ALLOWED_HOSTS=["*"]):
        yield


@pytest.fixture
def layer(redis_url: str) -> Iterator[RedisChannelLayer]:
    layer = RedisChannelLayer(hosts=[redis_url], channel_capacity={"http.request.body?*": 4})
    yield layer
    layer.close()


class Client:
    """The interface server's part of one exchange, on a connection of its own."""

    def __init__(self, redis_url: str) -> None:
        self.layer = RedisChannelLayer(hosts=[redis_url], channel_capacity={"http.request.body?*": 4})
        self.most_waiting = 0

    def upload(self, channel: str, pieces: int) -> None:
        for number in range(pieces):
            piece = {"content": number.to_bytes(4, "big") * (16 * KIB), "more_content": number < pieces - 1}
            self._insist(channel, piece)

    def _insist(self, channel: str, content: Content) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                return self.layer.send(channel, content)
            except ChannelFull:
                waiting = int(self.layer.channel_statistics(channel)["messages_pending"])
                self.most_waiting = max(self.most_waiting, waiting)
        raise AssertionError("the upload was not read")

    def parts(self) -> Iterator[Content]:
        """Yield the messages of the response; the last one has no more content."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            _, content = self.layer.receive([INBOX], block=True)
            if content is not None:
                yield content
                if not content.get("more_content", False):
                    return
        raise AssertionError("the response did not end")


@pytest.fixture
def client(redis_url: str) -> Iterator[Client]:
    client = Client(redis_url)
    yield client
    client.layer.close()


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[None]:
    """Run `action` in a thread, and raise here what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    for error in errors:
        raise error


def consume(layer: RedisChannelLayer, method: str, target: str, query: bytes = b"", **content: Any) -> list[Any]:
    """Run the view as a worker does; return the held sends."""
    content = {
        "reply_channel": INBOX + "1", "http_version": "1.1", "method": method, "path": target, "root_path": "",
        "scheme": "http", "query_string": query, "headers": [], "body": b"", "client": None, "server": None, **content,
    }  # fmt: skip
    outbox = Outbox(layer)
    with outbox.holding():
        ViewConsumer()(Message(content, "http.request", layer, turn=1))
    return outbox.sends


def test_a_long_upload_is_read_in_pieces_through_a_short_channel(layer: RedisChannelLayer, client: Client) -> None:
    channel = layer.new_channel("http.request.body?")
    with meanwhile(lambda: client.upload(channel, 200)):
        [reply] = consume(layer, "POST", "/digest", body_channel=channel)
    expected = hashlib.sha256(b"".join(number.to_bytes(4, "big") * (16 * KIB) for number in range(200)))
    assert reply.content["content"] == expected.hexdigest().encode()
    assert client.most_waiting <= 4


def test_a_long_download_never_has_more_than_a_window_on_its_way(layer: RedisChannelLayer, client: Client) -> None:
    received = hashlib.sha256()
    waiting: list[int] = []

    def take() -> None:
        taken = 0
        for part in client.parts():
            received.update(part["content"])
            taken += len(part["content"])
            waiting.append(int(client.layer.channel_statistics(INBOX)["messages_pending"]))
            client.layer.send(part["flow_channel"], {"sent": taken})

    with meanwhile(take):
        assert consume(layer, "GET", "/download", b"count=100") == []
    expected = hashlib.sha256(b"".join(number.to_bytes(4, "big") * (64 * KIB) for number in range(100)))
    assert received.digest() == expected.digest()
    assert max(waiting) <= flow.WINDOW_BYTES // (256 * KIB)


def test_a_client_that_leaves_ends_the_download(layer: RedisChannelLayer, client: Client) -> None:
    first: list[Content] = []

    def leave() -> None:
        first.append(next(client.parts()))
        client.layer.send(first[0]["flow_channel"], {"closed": True})

    with meanwhile(leave):
        consume(layer, "GET", "/download", b"count=1000000")
    assert layer.receive([first[0]["flow_channel"]]) == (None, None)
