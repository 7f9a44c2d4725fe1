"""The handler and its consumer: one held reply, errors that are always answered, responses that come later."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import get_script_prefix, path, reverse

from towpath.channels import Message, Outbox
from towpath.handler import AsgiHandler, AsgiRequest, HttpResponseLater, ViewConsumer
from towpath.layers.contract import Content

MakeMessage = Callable[..., Message]
Run = Callable[..., list[Content]]


def raising(error: BaseException) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


class BrokenErrorPage:
    """A project whose own 500 page is broken too."""

    handler500 = raising(LookupError("the error page is broken"))
    urlpatterns = (path("", raising(ValueError("the view is broken"))),)


class Urls:
    urlpatterns = (
        path("", lambda request: HttpResponse("hello")),
        path("exit", raising(SystemExit(3))),
        path("later", lambda request: HttpResponseLater()),
        path("raised-later", raising(AsgiRequest.ResponseLater())),
        path("reversed", lambda request: HttpResponse(reverse("reversed")), name="reversed"),
    )


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=Urls):
        yield


def test_a_response_is_one_held_reply(message_of: MakeMessage, layer: Any) -> None:
    message = message_of("GET", "/")
    outbox = Outbox(layer)
    with outbox.holding():
        ViewConsumer()(message)
    assert not layer.queues
    [send] = outbox.sends
    assert (send.content["status"], send.content["content"]) == (200, b"hello")
    assert all(type(part) is bytes for header in send.content["headers"] for part in header)


def test_the_handler_yields_the_messages_of_a_response(message_of: MakeMessage) -> None:
    [reply] = AsgiHandler()(message_of("GET", "/"))
    assert reply["content"] == b"hello"


def test_a_message_without_a_reply_channel_is_an_error(message_of: MakeMessage) -> None:
    with pytest.raises(ValueError, match="no reply_channel"):
        ViewConsumer()(message_of("GET", "/", content={"reply_channel": None}))


@pytest.mark.parametrize("debug", [True, False])
def test_an_error_page_that_is_broken_is_answered_with_text(
    debug: bool, message_of: MakeMessage, run: Run, caplog: Any
) -> None:
    with override_settings(ROOT_URLCONF=BrokenErrorPage, DEBUG=False, DEBUG_PROPAGATE_EXCEPTIONS=debug):
        [reply] = run(message_of("GET", "/"))
    assert (reply["status"], reply["content"]) == (500, b"Internal Server Error")
    assert [b"Content-Type", b"text/plain"] in reply["headers"]
    assert "Internal Server Error: '/" in caplog.text


def test_the_last_resort_shows_the_traceback_in_debug_mode(message_of: MakeMessage, run: Run) -> None:
    with override_settings(ROOT_URLCONF=BrokenErrorPage, DEBUG=True, DEBUG_PROPAGATE_EXCEPTIONS=True):
        [reply] = run(message_of("GET", "/"))
    assert b"ValueError: the view is broken" in reply["content"]


def test_a_view_that_exits_is_answered_and_the_worker_stays(message_of: MakeMessage, run: Run) -> None:
    assert run(message_of("GET", "/exit"))[0]["status"] == 500


def test_broken_middleware_is_answered_and_raised(message_of: MakeMessage, layer: Any) -> None:
    message = message_of("GET", "/")
    with override_settings(MIDDLEWARE=["no.such.middleware"]), pytest.raises(ImportError):
        ViewConsumer()(message)
    [reply] = layer.queues[message["reply_channel"]]
    assert reply["status"] == 500


def test_a_query_that_is_not_utf8_is_a_bad_request(message_of: MakeMessage, run: Run) -> None:
    signals: list[Any] = []

    def started(sender: Any, environ: dict[str, Any], message: Message, **kwargs: Any) -> None:
        signals.append(message)

    def finished(**kwargs: Any) -> None:
        signals.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    try:
        message = message_of("GET", "/", content={"query_string": b"a=\xff"})
        [reply] = run(message)
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
    assert (reply["status"], signals) == (400, [message, "finished"])


def test_request_started_has_the_environment_and_the_message(message_of: MakeMessage, run: Run) -> None:
    seen: list[Any] = []

    def receiver(sender: Any, environ: dict[str, Any], message: Message, **kwargs: Any) -> None:
        seen.append((sender, environ["REQUEST_METHOD"], message))

    request_started.connect(receiver)
    try:
        message = message_of("GET", "/")
        run(message)
    finally:
        request_started.disconnect(receiver)
    assert seen == [(AsgiHandler, "GET", message)]


@pytest.mark.parametrize("target", ["/later", "/raised-later"])
def test_a_response_can_come_later(target: str, message_of: MakeMessage, run: Run, caplog: Any) -> None:
    finished: list[Any] = []

    def receiver(sender: Any, **kwargs: Any) -> None:
        finished.append(sender)

    request_finished.connect(receiver)
    try:
        assert run(message_of("GET", target)) == []
    finally:
        request_finished.disconnect(receiver)
    assert finished == [AsgiHandler]
    assert not caplog.records


def test_the_script_prefix_is_that_of_the_request_and_no_longer(message_of: MakeMessage, run: Run) -> None:
    [reply] = run(message_of("GET", "/reversed", content={"root_path": "/site"}))
    assert reply["content"] == b"/site/reversed"
    assert get_script_prefix() == "/"


def test_a_subclass_names_its_handler(message_of: MakeMessage, run: Run) -> None:
    class Greeting(AsgiHandler):
        def get_response(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse("greetings")

    class GreetingConsumer(ViewConsumer):
        handler_class = Greeting

    message = message_of("GET", "/")
    assert run(message, GreetingConsumer())[0]["content"] == b"greetings"
