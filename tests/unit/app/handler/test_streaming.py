"""Responses that leave in parts: at the client's pace, and not for clients that are gone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.signals import request_finished
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from towpath.channels import Message
from towpath.channels.stopping import worker_stopping
from towpath.handler import client_watch, flow
from towpath.handler.network import NetworkWaits
from towpath.layers.contract import Content

KIB = 1024
FLOW = "http.response.flow?one"
MakeMessage = Callable[..., Message]
Run = Callable[..., list[Content]]


class Project:
    """One streaming view, which yields `parts`, and what became of it."""

    def __init__(self) -> None:
        self.parts: Iterator[Any] = iter(())
        self.yielded = 0
        self.closed = 0
        self.headers: dict[str, str] = {}
        self.urlpatterns = (path("", self.view), path("file", self.file))
        self.file_path = Path()

    def view(self, request: HttpRequest) -> StreamingHttpResponse:
        response = StreamingHttpResponse(self.counted(), headers=self.headers)
        response._resource_closers.append(self.close)  # type: ignore[attr-defined]
        return response

    def counted(self) -> Iterator[Any]:
        for part in self.parts:
            self.yielded += 1
            yield part

    def close(self) -> None:
        self.closed += 1

    def file(self, request: HttpRequest) -> FileResponse:
        return FileResponse(self.file_path.open("rb"))


@pytest.fixture
def project_urls() -> Iterator[Project]:
    project = Project()
    with override_settings(ROOT_URLCONF=project):
        yield project


@pytest.fixture
def message(message_of: MakeMessage) -> Message:
    return message_of("GET", "/")


def contents(sent: list[Content]) -> list[bytes]:
    return [content["content"] for content in sent]


def test_each_part_leaves_at_once_with_the_flow_channel(
    project_urls: Project, message: Message, run: Run, layer: Any
) -> None:
    def parts() -> Iterator[bytes]:
        yield b"one"
        assert contents(list(layer.queues[message["reply_channel"]])) == [b"one"]
        yield b"two"

    project_urls.parts = parts()
    sent = run(message)
    assert contents(sent) == [b"one", b"two", b""]
    assert [("status" in content, content.get("more_content", False)) for content in sent] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert {content["flow_channel"] for content in sent} == {FLOW}
    assert layer.dropped == [FLOW]


def test_long_parts_are_cut(project_urls: Project, message: Message, run: Run) -> None:
    project_urls.parts = iter([b"x" * (1200 * KIB)])
    assert [len(part) for part in contents(run(message))] == [512 * KIB, 512 * KIB, 176 * KIB, 0]


def test_a_file_is_read_in_large_blocks(project_urls: Project, message: Message, run: Run, tmp_path: Path) -> None:
    project_urls.file_path = tmp_path / "file.bin"
    project_urls.file_path.write_bytes(bytes(1100 * KIB))
    message["path"] = "/file"
    assert [len(part) for part in contents(run(message))] == [512 * KIB, 512 * KIB, 76 * KIB, 0]


def test_the_sender_waits_while_a_window_is_on_its_way(
    project_urls: Project, message: Message, run: Run, layer: Any
) -> None:
    on_the_way = []

    def slow_client() -> None:
        sent = sum(map(len, contents(layer.queues[message["reply_channel"]])))
        on_the_way.append(sent - (len(on_the_way) * 256 * KIB))
        layer.queues[FLOW].append({"sent": len(on_the_way) * 256 * KIB})

    layer.client = slow_client
    project_urls.parts = iter([bytes(256 * KIB)] * 40)
    assert len(run(message)) == 41
    assert max(on_the_way) == flow.WINDOW_BYTES


def test_a_client_that_left_closes_the_response(project_urls: Project, message: Message, run: Run, layer: Any) -> None:
    layer.client = lambda: layer.queues[FLOW].append({"closed": True})
    project_urls.parts = iter([bytes(512 * KIB)] * 100)
    sent = run(message)
    assert len(sent) == 2
    assert (project_urls.yielded, project_urls.closed) == (2, 1)
    assert layer.dropped == [FLOW]


def test_a_slow_stream_notices_that_its_client_left(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(flow, "SECONDS_BETWEEN_LOOKS", 0)
    layer.queues[FLOW].append({"closed": True})
    project_urls.parts = iter([b"tick"] * 1000)
    run(message)
    assert (project_urls.yielded, project_urls.closed) == (1, 1)


def test_notices_do_not_pile_up(project_urls: Project, message: Message, run: Run, layer: Any) -> None:
    def parts() -> Iterator[bytes]:
        for number in range(1, 200):
            yield b"x"
            layer.queues[FLOW].append({"sent": number})
            assert len(layer.queues[FLOW]) <= flow.PARTS_BETWEEN_LOOKS

    project_urls.parts = parts()
    assert len(run(message)) == 200


def test_a_stream_whose_parts_are_not_acknowledged_is_ended(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any, caplog: Any
) -> None:
    """Its interface server is gone, and would never say that the client has left."""
    monkeypatch.setattr(client_watch, "STALL_SECONDS", 0)
    monkeypatch.setattr(flow, "SECONDS_BETWEEN_LOOKS", 0)
    project_urls.parts = iter([b"tick"] * 1000)
    run(message)
    assert (project_urls.yielded, project_urls.closed) == (1, 1)
    assert "the client takes nothing" in caplog.text


def test_silence_tells_nothing_after_a_long_pause_of_the_view(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any
) -> None:
    """Notices of the parts before have expired by then."""
    monkeypatch.setattr(flow, "SECONDS_BETWEEN_LOOKS", 0)
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=None)
    monkeypatch.setattr(client_watch, "time", clock)

    def parts() -> Iterator[bytes]:
        yield b"one"
        now[0] += 3600
        yield b"two"
        layer.queues[FLOW].append({"sent": 6})
        now[0] += client_watch.STALL_SECONDS - 1
        yield b"three"
        yield b"four"

    project_urls.parts = parts()
    assert contents(run(message)) == [b"one", b"two", b"three", b"four", b""]


@pytest.mark.parametrize(("headers", "yielded"), [({}, 3), ({"Content-Length": "20"}, 5)])
def test_a_stream_without_a_length_ends_in_a_worker_that_stops(
    project_urls: Project, message: Message, run: Run, monkeypatch: Any, caplog: Any, headers: Any, yielded: int
) -> None:
    monkeypatch.setattr(flow, "SECONDS_BETWEEN_LOOKS", 0)
    now = [1000.0]
    monkeypatch.setattr(client_watch, "time", SimpleNamespace(monotonic=lambda: now[0]))
    stopping = Event()

    def parts() -> Iterator[bytes]:
        yield b"one "
        stopping.set()
        yield b"two "
        now[0] += flow.STOP_SECONDS
        yield b"now "
        yield b"four"
        yield b"five"

    project_urls.parts = parts()
    project_urls.headers = headers
    token = worker_stopping.set(stopping)
    try:
        sent = run(message)
    finally:
        worker_stopping.reset(token)
    assert (project_urls.yielded, project_urls.closed) == (yielded, 1)
    assert sent[-1].get("closed", False) is (yielded == 3)
    assert ("the worker stops, and 10 seconds are over" in caplog.text) is (yielded == 3)


def test_a_client_that_takes_nothing_is_given_up(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(client_watch, "STALL_SECONDS", 0)
    layer.client = lambda: None
    project_urls.parts = iter([bytes(512 * KIB)] * 100)
    sent = run(message)
    assert (len(sent), project_urls.closed) == (3, 1)
    assert sent[-1] == {"content": b"", "more_content": True, "closed": True}
    assert "the client takes nothing" in caplog.text


def late_client(layer: Any, wishes: list[bool]) -> Callable[[], None]:
    """Keep a mebibyte and say that the rest waits; then take everything."""

    def act() -> None:
        wishes.append(True)
        total = sum(map(len, contents(layer.queues["interface.one!1"])))
        if len(wishes) == 1:
            layer.queues[FLOW].append({"sent": 0, "is_waiting": True})
        else:
            layer.queues[FLOW].append({"sent": total})

    return act


def test_a_sender_may_wait_for_a_slow_client_while_few_others_do(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any
) -> None:
    waits = NetworkWaits(2)
    monkeypatch.setattr(flow, "network_waits", waits)
    layer.client = late_client(layer, [])
    project_urls.parts = iter([bytes(512 * KIB)] * 4)
    assert len(run(message)) == 5
    assert waits.enter()


def test_a_sender_gives_up_a_slow_client_when_as_many_threads_as_may_wait_for_others(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any, caplog: Any
) -> None:
    waits = NetworkWaits(2)
    monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 1)
    assert waits.enter()
    monkeypatch.setattr("towpath.handler.network.get_ident", lambda: 2)
    monkeypatch.setattr(flow, "network_waits", waits)
    layer.client = late_client(layer, [])
    project_urls.parts = iter([bytes(512 * KIB)] * 4)
    sent = run(message)
    assert sent[-1] == {"content": b"", "more_content": True, "closed": True}
    assert project_urls.closed == 1
    assert "as many threads as may wait for others" in caplog.text


def test_a_full_inbox_is_tried_again_and_then_given_up(
    project_urls: Project, message: Message, run: Run, layer: Any, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(client_watch, "STALL_SECONDS", 0)
    layer.full.add(message["reply_channel"])
    project_urls.parts = iter([b"x"] * 100)
    assert run(message) == []
    assert (project_urls.yielded, project_urls.closed) == (1, 1)
    assert "inbox of its interface server is full" in caplog.text


def test_an_error_in_the_middle_is_not_taken_for_the_end(project_urls: Project, message: Message, layer: Any) -> None:
    from towpath.handler import ViewConsumer

    def parts() -> Iterator[bytes]:
        yield b"half"
        raise LookupError("no more")

    project_urls.parts = parts()
    with pytest.raises(LookupError):
        ViewConsumer()(message)
    sent = list(layer.queues[message["reply_channel"]])
    assert contents(sent) == [b"half", b""]
    assert sent[-1] == {"content": b"", "more_content": True, "closed": True}
    assert project_urls.closed == 1


@pytest.mark.parametrize("debug", [True, False])
def test_an_error_before_the_first_part_is_an_error_page(
    project_urls: Project, message: Message, layer: Any, debug: bool
) -> None:
    from towpath.handler import ViewConsumer

    def parts() -> Iterator[bytes]:
        raise LookupError("nothing at all")
        yield b""

    project_urls.parts = parts()
    with override_settings(DEBUG=debug), pytest.raises(LookupError):
        ViewConsumer()(message)
    [reply] = layer.queues[message["reply_channel"]]
    assert (reply["status"], reply.get("more_content", False)) == (500, False)
    assert (b"nothing at all" in reply["content"]) is debug


def test_head_runs_the_view_but_not_the_stream(project_urls: Project, message_of: MakeMessage, run: Run) -> None:
    project_urls.parts = iter([b"one"])
    [reply] = run(message_of("HEAD", "/"))
    assert (reply["status"], reply["content"], project_urls.yielded, project_urls.closed) == (200, b"", 0, 1)


def test_a_long_body_that_is_there_as_a_whole_is_streamed(message: Message, run: Run) -> None:
    class Urls:
        urlpatterns = (path("", lambda request: HttpResponse(bytes(5000 * KIB))),)

    with override_settings(ROOT_URLCONF=Urls):
        sent = run(message)
    assert len(sent) == 10
    assert [b"Content-Length", b"5120000"] in sent[0]["headers"]
    assert "more_content" not in sent[-1] or not sent[-1]["more_content"]


def test_request_finished_fires_once_after_the_last_part(project_urls: Project, message: Message, run: Run) -> None:
    finished: list[int] = []

    def receiver(**kwargs: Any) -> None:
        finished.append(project_urls.yielded)

    request_finished.connect(receiver)
    try:
        project_urls.parts = iter([b"one", b"two"])
        run(message)
    finally:
        request_finished.disconnect(receiver)
    assert finished == [2]
