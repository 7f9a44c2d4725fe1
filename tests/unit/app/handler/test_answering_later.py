"""A view that is answered later, by a consumer, through today's middleware; and sends of views in transactions."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.test import override_settings
from django.urls import path

from towpath.channels import Channel, ConfiguredLayer, Message, channel_layers
from towpath.handler import AsgiHandler, HttpResponseLater, ViewConsumer
from towpath.layers import Envelope
from towpath.layers.inbox_events import Replies, Settled
from towpath.layers.memory import MemoryChannelLayer
from towpath.routing import Router, route
from towpath.worker import Worker


def raised(request: Any) -> HttpResponse:
    Channel("reports.make").send({"reply_channel": request.reply_channel.name, "pages": 3})
    raise request.ResponseLater


def returned(request: Any) -> HttpResponse:
    Channel("reports.make").send({"reply_channel": request.reply_channel.name, "pages": 3})
    return HttpResponseLater()


def delayed(request: Any) -> HttpResponse:
    content = {"reply_channel": request.reply_channel.name, "pages": 3}
    Channel("reports.make").send(content, delay=timedelta())
    raise request.ResponseLater


def failing(request: HttpRequest) -> HttpResponse:
    Channel("reports.make").send({"pages": 1})
    raise ValueError("the view is broken")


def rolled_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Channel("reports.make").send({"pages": 1})
        transaction.set_rollback(True)
    Channel("reports.make").send({"pages": 2})
    return HttpResponse("done")


SEEN: list[type] = []


def seeing(get_response: Any) -> Any:
    """A middleware that notes what views return."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        SEEN.append(type(response))
        return response

    return middleware


class Urls:
    urlpatterns = tuple(path(view.__name__, view) for view in (raised, returned, delayed, failing, rolled_back))


def make_report(message: Message) -> None:
    """Answer the request that waits, with a response as a view makes one."""
    response = JsonResponse({"pages": message["pages"]})
    assert message.reply_channel is not None
    for content in AsgiHandler.encode_response(response):
        message.reply_channel.send(content)


@pytest.fixture
def layer() -> Iterator[MemoryChannelLayer]:
    layer = MemoryChannelLayer()
    before = channel_layers.set("default", ConfiguredLayer(layer))
    with override_settings(ROOT_URLCONF=Urls):
        yield layer
    channel_layers.set("default", before)


@pytest.fixture(params=[False, True], ids=["autocommit", "ATOMIC_REQUESTS"])
def atomic_requests(request: Any) -> Iterator[bool]:
    settings = connections["default"].settings_dict
    before, settings["ATOMIC_REQUESTS"] = settings["ATOMIC_REQUESTS"], request.param
    yield request.param
    settings["ATOMIC_REQUESTS"] = before


class Site:
    """A worker, and a client whose request waits for its answer at an edge."""

    def __init__(self, layer: MemoryChannelLayer) -> None:
        router = Router([route("reports.make", make_report), route("http.request", ViewConsumer())])
        self.layer = layer
        self.worker = Worker(layer, router, signal_handlers=False)
        self.edge = layer.edge()
        asyncio.run(self.edge.open())
        self.edge.opened("c")

    def request(self, name: str) -> Settled:
        content = {
            "reply_channel": f"{self.edge.inbox}c",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/{name}",
            "root_path": "",
            "query_string": b"",
            "headers": [[b"host", b"testserver"]],
            "body": b"",
            "client": ["127.0.0.1", 5000],
            "server": ["127.0.0.1", 80],
        }
        assert not self.layer.send_many([Envelope("http.request", content, 1)])
        assert self.worker.run_one()
        [event] = self.events()
        assert isinstance(event, Settled)
        return event

    def events(self) -> list[Any]:
        return list(asyncio.run(self.edge.receive()))

    def answer(self) -> dict[str, Any]:
        """Let the background consumer run; return what reaches the client."""
        self.layer.deliver_due()
        assert self.worker.run_one()
        [event] = self.events()
        assert isinstance(event, Replies)
        [content] = event.contents
        return content


@pytest.fixture
def site(layer: MemoryChannelLayer) -> Site:
    return Site(layer)


@pytest.mark.parametrize("name", ["raised", "returned", "delayed"])
def test_a_consumer_answers_for_a_view(site: Site, atomic_requests: bool, name: str) -> None:
    settled = site.request(name)
    assert list(settled.replies) == []
    answer = site.answer()
    assert (answer["status"], answer["content"]) == (200, b'{"pages": 3}')


def test_what_a_view_sends_that_fails_leaves_unless_its_transaction_is_rolled_back(
    site: Site, atomic_requests: bool, caplog: pytest.LogCaptureFixture
) -> None:
    [reply] = site.request("failing").replies
    assert reply["status"] == 500
    assert len(site.layer.receive(["reports.make"])[1] or ()) == (0 if atomic_requests else 1)


def test_what_a_view_sends_in_a_block_that_is_rolled_back_does_not_leave(site: Site, atomic_requests: bool) -> None:
    [reply] = site.request("rolled_back").replies
    assert reply["status"] == 200
    assert site.layer.receive(["reports.make"]) == ("reports.make", {"pages": 2})
    assert site.layer.receive(["reports.make"]) == (None, None)


def test_middleware_sees_a_response_that_comes_later_as_a_response(site: Site, atomic_requests: bool) -> None:
    del SEEN[:]
    with override_settings(MIDDLEWARE=[f"{__name__}.seeing"]):
        for name in ("raised", "returned"):
            assert list(site.request(name).replies) == []
            assert site.answer()["status"] == 200
    assert [HttpResponseLater, HttpResponseLater] == SEEN
