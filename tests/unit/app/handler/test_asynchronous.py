"""Asynchronous views, middleware and iterators: part by part, and only while a client waits for them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from threading import Event, get_ident
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.decorators import async_only_middleware
from django.views import View

from towpath.channels import Message
from towpath.channels.stopping import worker_stopping
from towpath.handler import AsgiHandler, ViewConsumer, asynchronous, flow
from towpath.layers.contract import Content

FLOW = "http.response.flow?one"
MakeMessage = Callable[..., Message]
Run = Callable[..., list[Content]]


class Project:
    """An asynchronous stream of `parts` and an asynchronous view `act`, and what became of them."""

    def __init__(self) -> None:
        self.parts: Callable[[], AsyncIterator[Any]]
        self.act: Callable[[], Any] = asyncio.Event().wait
        self.headers: dict[str, str] = {}
        self.ended: list[str] = []
        self.urlpatterns = (
            path("stream", self.stream),
            path("view", self.view),
            path("class", self.of_a_class()),
            path("fast", lambda request: HttpResponse("fast")),
        )

    def stream(self, request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(self.counted(), headers=self.headers)

    async def counted(self) -> AsyncIterator[Any]:
        try:
            async for part in self.parts():
                yield part
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        finally:
            self.ended.append("closed")

    async def view(self, request: HttpRequest) -> HttpResponse:
        try:
            return HttpResponse(str(await self.act()))
        finally:
            self.ended.append("view")

    def of_a_class(self) -> Callable[..., Any]:
        project = self

        class OfAClass(View):
            async def get(self, request: HttpRequest) -> HttpResponse:
                return await project.view(request)

        return OfAClass.as_view()


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setattr(asynchronous, "LOOK_SECONDS", 0.01)
    project = Project()
    with override_settings(ROOT_URLCONF=project):
        yield project


@pytest.fixture
def stopping() -> Iterator[Event]:
    event = Event()
    token = worker_stopping.set(event)
    yield event
    worker_stopping.reset(token)


def contents(sent: list[Content]) -> list[bytes]:
    return [content["content"] for content in sent]


async def forever() -> AsyncIterator[bytes]:
    yield b"first"
    await asyncio.Event().wait()


def forever_until(end: Callable[[], object]) -> Callable[[], AsyncIterator[bytes]]:
    """Return parts without an end; `end` is called when the second one is awaited, so the wait is what is cancelled."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        end()
        await asyncio.Event().wait()

    return parts


def test_each_part_leaves_when_it_is_there(project: Project, message_of: MakeMessage, run: Run, layer: Any) -> None:
    message = message_of("GET", "/stream")
    seen: list[list[bytes]] = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"one", b"two", "drei"):
            seen.append(contents(list(layer.queues[message["reply_channel"]])))
            yield part  # type: ignore[misc]  # Django encodes text

    project.parts = parts
    sent = run(message)
    assert contents(sent) == [b"one", b"two", b"drei", b""]
    assert seen == [[], [b"one"], [b"one", b"two"]]
    assert [("status" in part, part.get("more_content", False)) for part in sent] == [
        (True, True),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert {part["flow_channel"] for part in sent} == {FLOW}
    assert layer.dropped == [FLOW]
    assert project.ended == ["closed"]


def test_the_head_leaves_without_a_part_when_the_first_takes_long(
    project: Project, message_of: MakeMessage, run: Run, layer: Any
) -> None:
    message = message_of("GET", "/stream")

    async def parts() -> AsyncIterator[bytes]:
        while not layer.queues[message["reply_channel"]]:
            await asyncio.sleep(0.001)
        yield b"late"

    project.parts = parts
    first, *others = run(message)
    assert (first["status"], first["content"], first["more_content"]) == (200, b"", True)
    assert contents(others) == [b"late", b""]
    assert "status" not in others[0]


def test_a_stream_without_an_end_is_cancelled_when_its_client_leaves(
    project: Project, message_of: MakeMessage, run: Run, layer: Any
) -> None:
    project.parts = forever_until(lambda: layer.queues[FLOW].append({"closed": True}))
    sent = run(message_of("GET", "/stream"))
    assert contents(sent) == [b"first"]
    assert project.ended == ["cancelled", "closed"]
    assert layer.dropped == [FLOW]


def test_a_stream_that_is_given_up_between_two_parts_is_closed(
    project: Project, message_of: MakeMessage, run: Run, layer: Any
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield bytes(512 * 1024)

    project.parts = parts
    layer.client = lambda: layer.queues[FLOW].append({"closed": True})
    assert len(run(message_of("GET", "/stream"))) == flow.WINDOW_BYTES // (512 * 1024)
    assert project.ended == ["closed"]


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_stream_without_a_part_is_cancelled_too(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, stopping: Event, monkeypatch: Any, is_gone: bool
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    project.parts = parts
    monkeypatch.setattr(flow, "STOP_SECONDS", 0)
    if is_gone:
        layer.queues[FLOW].append({"closed": True})
    else:
        stopping.set()
    head, *others = run(message_of("GET", "/stream"))
    assert head["status"] == 200
    assert others == ([] if is_gone else [{"content": b"", "more_content": True, "closed": True}])
    assert project.ended == ["cancelled", "closed"]


def test_a_stream_without_an_end_ends_in_a_worker_that_stops(
    project: Project, message_of: MakeMessage, run: Run, stopping: Event, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(flow, "STOP_SECONDS", 0)
    project.parts = forever_until(stopping.set)
    sent = run(message_of("GET", "/stream"))
    assert contents(sent) == [b"first", b""]
    assert sent[-1]["closed"] is True
    assert project.ended == ["cancelled", "closed"]
    assert "the worker stops" in caplog.text


def test_a_stream_with_a_length_is_finished_in_a_worker_that_stops(
    project: Project, message_of: MakeMessage, run: Run, stopping: Event, monkeypatch: Any
) -> None:
    monkeypatch.setattr(flow, "STOP_SECONDS", 0)

    async def parts() -> AsyncIterator[bytes]:
        stopping.set()
        yield b"one"
        await asyncio.sleep(0.05)
        yield b"two"

    project.parts = parts
    project.headers = {"Content-Length": "6"}
    assert b"".join(contents(run(message_of("GET", "/stream")))) == b"onetwo"


def test_an_error_before_the_first_part_is_an_error_page(project: Project, message_of: MakeMessage, layer: Any) -> None:
    async def parts() -> AsyncIterator[bytes]:
        raise LookupError("nothing at all")
        yield b""

    project.parts = parts
    message = message_of("GET", "/stream")
    with pytest.raises(LookupError):
        ViewConsumer()(message)
    [reply] = layer.queues[message["reply_channel"]]
    assert (reply["status"], reply.get("more_content", False)) == (500, False)


def test_an_error_in_the_middle_is_not_taken_for_the_end(project: Project, message_of: MakeMessage, layer: Any) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise LookupError("no more")

    project.parts = parts
    message = message_of("GET", "/stream")
    with pytest.raises(LookupError):
        ViewConsumer()(message)
    sent = list(layer.queues[message["reply_channel"]])
    assert contents(sent) == [b"half", b""]
    assert sent[-1]["closed"] is True


def test_head_runs_the_view_but_not_the_stream(project: Project, message_of: MakeMessage, run: Run) -> None:
    project.parts = forever
    [reply] = run(message_of("HEAD", "/stream"))
    assert (reply["status"], reply["content"], project.ended) == (200, b"", [])


def test_queries_of_a_stream_run_in_the_workers_thread(
    project: Project, message_of: MakeMessage, run: Run, database: None
) -> None:
    threads = []

    def names() -> bytes:
        threads.append(get_ident())
        return ",".join(User.objects.values_list("username", flat=True)).encode()

    async def parts() -> AsyncIterator[bytes]:
        yield await sync_to_async(names)()
        yield b";".join([user.username.encode() async for user in User.objects.all()])

    User.objects.create_user("anna")
    project.parts = parts
    # A machine that is loaded may take a second for a part, and the stream announces itself with nothing then.
    assert [part for part in contents(run(message_of("GET", "/stream"))) if part] == [b"anna", b"anna"]
    assert threads == [get_ident()]


def test_what_one_part_opens_is_there_for_the_next(project: Project, message_of: MakeMessage, run: Run) -> None:
    async def parts() -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)

        async def produce() -> None:
            for number in range(5):
                await queue.put(str(number).encode())

        task = asyncio.ensure_future(produce())
        for _ in range(5):
            yield await queue.get()
        await task

    project.parts = parts
    assert b"".join(contents(run(message_of("GET", "/stream")))) == b"01234"


def test_request_finished_fires_once_when_the_stream_has_ended(
    project: Project, message_of: MakeMessage, run: Run, layer: Any
) -> None:
    finished: list[list[str]] = []

    def receiver(**kwargs: Any) -> None:
        finished.append(list(project.ended))

    request_finished.connect(receiver)
    try:
        project.parts = forever_until(lambda: layer.queues[FLOW].append({"closed": True}))
        run(message_of("GET", "/stream"))
    finally:
        request_finished.disconnect(receiver)
    assert finished == [["cancelled", "closed"]]


def test_a_handler_of_the_projects_own_is_still_called(project: Project, message_of: MakeMessage, layer: Any) -> None:
    class Handler(AsgiHandler):
        def __call__(self, message: Message) -> Iterator[Content]:
            for content in super().__call__(message):
                yield {**content, "headers": [[b"x-own", b"1"]]}

    class Consumer(ViewConsumer):
        handler_class = Handler

    message = message_of("GET", "/fast")
    Consumer()(message)
    [reply] = layer.queues[message["reply_channel"]]
    assert reply["headers"] == [[b"x-own", b"1"]]


@pytest.mark.parametrize("target", ["/view", "/class"])
def test_a_view_that_answers_soon_asks_for_no_notices(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, monkeypatch: Any, target: str
) -> None:
    monkeypatch.undo()  # looks are a second apart

    async def act() -> str:
        return "done"

    project.act = act
    with override_settings(ROOT_URLCONF=project):
        [reply] = run(message_of("GET", target))
    assert reply["content"] == b"done"
    assert layer.dropped == []


@pytest.mark.parametrize("target", ["/view", "/class"])
def test_a_view_that_takes_long_asks_for_notices_and_answers(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, target: str
) -> None:
    message = message_of("GET", target)

    async def act() -> str:
        while not layer.queues[message["reply_channel"]]:
            await asyncio.sleep(0.001)
        return "done"

    project.act = act
    first, reply = run(message)
    assert first == {"flow_channel": FLOW}
    assert (reply["status"], reply["content"]) == (200, b"done")
    assert layer.dropped == [FLOW]


@pytest.mark.parametrize("target", ["/view", "/class"])
def test_a_view_without_an_end_is_cancelled_when_its_client_leaves(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, target: str, caplog: Any
) -> None:
    layer.queues[FLOW].append({"closed": True})
    assert run(message_of("GET", target)) == [{"flow_channel": FLOW}]
    assert project.ended == ["view"]
    assert layer.dropped == [FLOW]
    assert "Traceback" not in caplog.text


def test_a_view_without_an_end_is_answered_503_in_a_worker_that_stops(
    project: Project, message_of: MakeMessage, run: Run, stopping: Event, monkeypatch: Any
) -> None:
    monkeypatch.setattr(asynchronous, "STOP_SECONDS", 0)
    stopping.set()
    _, reply = run(message_of("GET", "/view"))
    assert reply["status"] == 503
    assert [b"Retry-After", b"5"] in reply["headers"]
    assert project.ended == ["view"]


def test_an_error_of_a_view_is_an_error_page(project: Project, message_of: MakeMessage, run: Run) -> None:
    async def act() -> str:
        raise LookupError("on purpose")

    project.act = act
    [reply] = run(message_of("GET", "/view"))
    assert reply["status"] == 500


def test_a_view_may_leave_the_answer_to_another(project: Project, message_of: MakeMessage, run: Run) -> None:
    message = message_of("GET", "/view")

    async def act() -> str:
        from towpath.channels import ResponseLater

        raise ResponseLater

    project.act = act
    assert run(message) == []


@pytest.mark.parametrize("where", ["before the view", "after the view"])
def test_middleware_without_an_end_is_cancelled_when_its_client_leaves(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, where: str
) -> None:
    def waiting(get_response: Callable[..., Any]) -> Callable[..., Any]:
        async def middleware(request: HttpRequest) -> HttpResponse:
            response = await get_response(request) if where == "after the view" else None
            try:
                await asyncio.Event().wait()
                return response or HttpResponse()
            finally:
                project.ended.append("middleware")

        return middleware

    project.middleware = async_only_middleware(waiting)  # type: ignore[attr-defined]
    layer.queues[FLOW].append({"closed": True})
    with override_settings(MIDDLEWARE=[f"{__name__}.{install(project)}"]):
        assert run(message_of("GET", "/fast")) == [{"flow_channel": FLOW}]
    assert project.ended == ["middleware"]


def test_an_async_view_inside_async_middleware_is_cancelled_when_its_client_leaves(
    project: Project, message_of: MakeMessage, run: Run, layer: Any
) -> None:
    def passing(get_response: Callable[..., Any]) -> Callable[..., Any]:
        async def middleware(request: HttpRequest) -> HttpResponse:
            response: HttpResponse = await get_response(request)
            project.ended.append(f"middleware {response.status_code}")
            return response

        return middleware

    project.middleware = async_only_middleware(passing)  # type: ignore[attr-defined]
    layer.queues[FLOW].append({"closed": True})
    with override_settings(MIDDLEWARE=[f"{__name__}.{install(project)}"]):
        assert {"flow_channel": FLOW} in run(message_of("GET", "/view"))
    assert project.ended == ["view", "middleware 113"]


def install(project: Any) -> str:
    """Give the project's middleware a name in this module."""
    globals()["installed_middleware"] = project.middleware
    return "installed_middleware"


def test_what_goes_on_after_its_cancellation_is_logged(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(asynchronous, "CANCEL_SECONDS", 0.01)

    async def act() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)
        return "too late"

    project.act = act
    layer.queues[FLOW].append({"closed": True})
    assert run(message_of("GET", "/view")) == [{"flow_channel": FLOW}]
    assert "goes on for 0.01 seconds after its cancellation" in caplog.text


def test_an_error_after_a_cancellation_is_logged(
    project: Project, message_of: MakeMessage, run: Run, layer: Any, caplog: Any
) -> None:
    async def act() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("while it ends")

    project.act = act
    layer.queues[FLOW].append({"closed": True})
    assert run(message_of("GET", "/view")) == [{"flow_channel": FLOW}]
    assert "raised after its cancellation" in caplog.text
    assert "while it ends" in caplog.text
