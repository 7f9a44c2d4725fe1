"""Bodies that come in pieces: read as files, bounded in memory, and what happens when they do not come."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, RawPostDataException
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from towpath.channels import Message, RequestAborted, RequestTimeout
from towpath.handler import AsgiRequest, body
from towpath.handler.body import WINDOW_BYTES
from towpath.layers.contract import Content

CHANNEL = "http.request.body?one"
MakeMessage = Callable[..., Message]
FORM = "multipart/form-data; boundary=b"


@pytest.fixture
def body_message(message_of: MakeMessage, layer: Any) -> Callable[..., Message]:
    """Make a request whose body is `first` and then `pieces` from the body channel."""

    def make(first: bytes, *pieces: bytes | Content, **headers: str) -> Message:
        for number, piece in enumerate(pieces, 1):
            more = {"content": piece, "more_content": number < len(pieces)} if isinstance(piece, bytes) else piece
            layer.queues[CHANNEL].append(more)
        named = [[name.replace("_", "-").encode(), value.encode()] for name, value in headers.items()]
        content = {"body": first, "body_channel": CHANNEL, "headers": [[b"host", b"testserver"], *named]}
        return message_of("POST", "/", content=content)

    return make


def test_reads_cross_the_pieces(body_message: Callable[..., Message]) -> None:
    request = AsgiRequest(body_message(b"one\nt", b"wo\nth", b"", b"ree"))
    assert request.readline() == b"one\n"
    assert request.read(5) == b"two\nt"
    assert list(request) == [b"hree"]
    assert request.read() == b""


def test_nothing_is_received_before_it_is_read(body_message: Callable[..., Message], layer: Any) -> None:
    request = AsgiRequest(body_message(b"", b"a", b"b"))
    assert len(layer.queues[CHANNEL]) == 2
    assert request.body == b"ab"
    assert request.read() == b"ab"


def test_body_cannot_be_asked_for_after_a_read(body_message: Callable[..., Message]) -> None:
    request = AsgiRequest(body_message(b"", b"ab"))
    request.read(1)
    with pytest.raises(RawPostDataException):
        _ = request.body


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10)
def test_a_declared_length_that_is_too_long_is_refused_unread(body_message: Callable[..., Message], layer: Any) -> None:
    request = AsgiRequest(body_message(b"", b"x" * 20, content_length="20"))
    with pytest.raises(RequestDataTooBig):
        _ = request.body
    assert len(layer.queues[CHANNEL]) == 1


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100_000)
def test_an_undeclared_length_is_refused_when_it_shows(body_message: Callable[..., Message], layer: Any) -> None:
    request = AsgiRequest(body_message(b"", *[b"x" * 65_536] * 10))
    with pytest.raises(RequestDataTooBig):
        _ = request.body
    assert len(layer.queues[CHANNEL]) >= 7


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=None)
def test_without_a_limit_the_whole_body_is_read(body_message: Callable[..., Message]) -> None:
    assert len(AsgiRequest(body_message(b"", *[b"x" * 65_536] * 100)).body) == 6_553_600


def test_a_form_without_a_declared_length_is_parsed(body_message: Callable[..., Message]) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
    request = AsgiRequest(body_message(part, b"\xff" * 100_000, b"\r\n--b--\r\n", content_type=FORM))
    assert request.FILES["f"].read() == b"\xff" * 100_000
    request.close()


class Counting(FileUploadHandler):
    """Counts what it is given and keeps nothing."""

    total = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.total += len(raw_data)

    def file_complete(self, file_size: int) -> None:
        assert file_size == self.total


def test_a_long_upload_is_never_in_memory(body_message: Callable[..., Message], layer: Any) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
    request = AsgiRequest(body_message(part, content_type=FORM))
    pieces = iter([*[bytes(262_144)] * 256, b"\r\n--b--\r\n"])  # 64 MiB, one piece at a time

    def next_piece() -> None:
        content = next(pieces)
        layer.queues[CHANNEL].append({"content": content, "more_content": content[:1] == b"\0"})

    layer.client = next_piece
    counting = Counting(request)
    request.upload_handlers = [counting]
    tracemalloc.start()
    assert request.POST == {}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counting.total == 256 * 262_144
    assert peak < 8 * 1024 * 1024


def test_a_client_that_left_aborts_every_read(body_message: Callable[..., Message]) -> None:
    request = AsgiRequest(body_message(b"first", {"closed": True}))
    assert request.read(5) == b"first"
    for _ in range(2):
        with pytest.raises(RequestAborted):
            request.read()


def test_a_client_that_is_silent_ends_the_read(body_message: Callable[..., Message], monkeypatch: Any) -> None:
    monkeypatch.setattr(AsgiRequest, "body_receive_timeout", 0)
    request = AsgiRequest(body_message(b"first"))
    for _ in range(2):
        with pytest.raises(RequestTimeout):
            request.read()


@csrf_exempt
def reading(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.POST))


def careful(request: HttpRequest) -> HttpResponse:
    try:
        request.read()
    except RequestTimeout:
        return HttpResponse("got some of it")
    raise AssertionError("the body came")


class Urls:
    urlpatterns = (path("", reading), path("form", form), path("careful", csrf_exempt(careful)))


@pytest.fixture
def urls(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setattr(AsgiRequest, "body_receive_timeout", 0)
    with override_settings(ROOT_URLCONF=Urls):
        yield


@pytest.mark.parametrize("target", ["/", "/form"])
@pytest.mark.parametrize("debug", [True, False])
def test_a_body_that_does_not_come_is_answered_with_408(
    urls: None, target: str, debug: bool, body_message: Callable[..., Message], run: Callable[..., list[Content]]
) -> None:
    message = body_message(b"first", content_type="application/x-www-form-urlencoded", cookie="csrftoken=" + "a" * 32)
    message["path"] = target
    with override_settings(DEBUG=debug):
        [reply] = run(message)
    assert (reply["status"], reply["content"]) == (408, b"Request Timeout")


@pytest.mark.parametrize("target", ["/", "/form"])
def test_a_client_that_left_is_not_answered(
    urls: None, target: str, body_message: Callable[..., Message], run: Callable[..., list[Content]], caplog: Any
) -> None:
    message = body_message(b"", {"closed": True}, content_type=FORM, cookie="csrftoken=" + "a" * 32)
    message["path"] = target
    assert run(message) == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_view_that_catches_the_timeout_answers_itself(
    urls: None, body_message: Callable[..., Message], run: Callable[..., list[Content]]
) -> None:
    message = body_message(b"first")
    message["path"] = "/careful"
    [reply] = run(message)
    assert (reply["status"], reply["content"]) == (200, b"got some of it")


def test_a_body_is_asked_for_as_it_is_read(body_message: Callable[..., Message], layer: Any) -> None:
    request = AsgiRequest(body_message(b"a" * 10, *[b"b" * 262_144] * 5))
    assert request.read(10) == b"a" * 10
    assert layer.wishes == []
    request.read(1)
    assert layer.wishes == [10 + WINDOW_BYTES]
    request.read(262_144)
    assert len(layer.wishes) == 1
    request.read(262_144)
    assert layer.wishes == [10 + WINDOW_BYTES, 10 + WINDOW_BYTES + 2 * 262_144]


def test_a_body_is_asked_for_again_while_it_does_not_come(body_message: Callable[..., Message], layer: Any) -> None:
    request = AsgiRequest(body_message(b""))

    def late() -> None:
        if len(layer.wishes) == 3:
            layer.queues[CHANNEL].append({"content": b"late", "more_content": False})

    layer.client = late
    assert request.read() == b"late"
    assert layer.wishes == [WINDOW_BYTES] * 3


def test_a_body_is_asked_for_until_the_inbox_has_room(
    body_message: Callable[..., Message], layer: Any, monkeypatch: Any
) -> None:
    message = body_message(b"", b"all")
    layer.full.add(message["reply_channel"])
    monkeypatch.setattr(body.time, "sleep", lambda seconds: layer.full.clear())
    assert AsgiRequest(message).read() == b"all"
    assert layer.wishes == [WINDOW_BYTES]


@pytest.mark.parametrize(
    ("content", "length"),
    [
        ({"body": b"abc", "body_channel": None}, "3"),
        ({"body": b"abc", "body_channel": CHANNEL, "body_length": 300_000}, "300000"),
        ({"body": b"", "body_channel": CHANNEL, "body_length": 300_000}, "300000"),
        ({"body": b"", "body_channel": CHANNEL, "body_is_complete": False}, None),
        ({"body": b"", "body_channel": None}, None),
    ],
)
def test_a_complete_body_has_a_length_in_meta_whether_or_not_the_client_declared_it(
    message_of: MakeMessage, content: Content, length: str | None
) -> None:
    request = AsgiRequest(message_of("POST", "/", content={**content, "headers": [[b"host", b"testserver"]]}))
    assert request.META.get("CONTENT_LENGTH") == length


def test_a_library_that_reads_as_much_as_is_declared_gets_all_of_a_chunked_body(
    body_message: Callable[..., Message],
) -> None:
    """Django REST framework takes a request without CONTENT_LENGTH for one without a body."""
    text = b'{"text": "' + b"a" * 300_000 + b'"}'
    message = body_message(text[:262_144], text[262_144:], transfer_encoding="chunked", content_type="application/json")
    message.content["body_length"] = len(text)
    request = AsgiRequest(message)
    assert json.loads(request.read(int(request.META.get("CONTENT_LENGTH") or 0)))["text"] == "a" * 300_000


def test_a_body_in_one_message_is_a_file_like_any(message_of: MakeMessage) -> None:
    request = AsgiRequest(message_of("PUT", "/", content={"body": b"a\nb"}))
    assert io.BufferedReader(request._stream).readlines() == [b"a\n", b"b"]  # type: ignore[arg-type]
