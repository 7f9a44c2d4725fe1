"""Mistakes of a first hour in a real site: the log of the process names the error."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

ROUTES = """
from towpath import route

def forgetful(message, room):
    pass

channel_routing = [
    route("websocket.connect", "consumers.connect", path=r"^/echo/$"),
    route("websocket.receive", "consumers.receive", path=r"^/ecko/$"),
    route("websocket.connect", forgetful, path="/chat/<slug:room>/"),
]
"""


@pytest.fixture
def site(project: Any, free_port: int) -> Any:
    """A site with mistakes in its routing, under runserver; `address(path)` is a WebSocket's."""
    project.write("routes.py", ROUTES)
    project.server = project.manage("runserver", str(free_port), "--noreload")
    project.server.wait_for("Quit the server with CONTROL-C.")
    project.address = lambda path: f"ws://127.0.0.1:{free_port}{path}"
    return project


Refuse = Callable[[str], tuple[int, str]]


@pytest.fixture
def refusal(site: Any) -> Refuse:
    """Return a function that opens a WebSocket and returns the status and the body of its refusal."""

    def attempt(path: str) -> tuple[int, str]:
        with pytest.raises(InvalidStatus) as raised:
            connect(site.address(path))
        response = raised.value.response
        return response.status_code, bytes(response.body or b"").decode()

    return attempt


UNROUTED = (
    "Refused a WebSocket on '/chat/lobby': no route of websocket.connect matches it. Did you mean '/chat/lobby/'? "
    "Routes tried: path='^/echo/$' (consumers.connect), path='/chat/<slug:room>/' (routes.forgetful)."
)


def test_a_path_without_a_route_is_refused_with_the_path_that_was_meant(site: Any, refusal: Refuse) -> None:
    assert refusal("/chat/lobby") == (403, f"{UNROUTED}\n")
    site.server.wait_for(UNROUTED)


def test_without_debug_a_refusal_tells_nothing_of_the_routes(project: Any, free_port: int) -> None:
    project.edit("settings.py", "DEBUG = True", "DEBUG = False")
    server = project.manage("runserver", str(free_port), "--noreload")
    server.wait_for("Quit the server with CONTROL-C.")
    with pytest.raises(InvalidStatus) as raised:
        connect(f"ws://127.0.0.1:{free_port}/echo")
    assert raised.value.response.status_code == 403
    assert b"rout" not in bytes(raised.value.response.body or b"")
    server.wait_for("Refused a WebSocket on '/echo': no route of websocket.connect matches it [")


def test_a_consumer_that_does_not_answer_a_handshake_is_named(site: Any, refusal: Refuse) -> None:
    status, body = refusal("/chat/lobby/")
    assert status == 500
    assert body.startswith("routes.forgetful has not answered the WebSocket handshake of '/chat/lobby/'")
    site.server.wait_for(body.rstrip())
    assert "did not answer the handshake" not in site.server.output


def test_a_frame_without_a_route_is_logged(site: Any) -> None:
    with connect(site.address("/echo/")) as websocket:
        websocket.send("hello")
        site.server.wait_for("Dropped a frame on '/echo/': no route of websocket.receive matches it.")


def test_a_send_from_a_shell_on_a_memory_layer_warns(project: Any, free_port: int) -> None:
    shell = project.manage("shell", "--command", 'from towpath import Group; Group("room").send({"text": "x"})')
    assert shell.wait() == 0
    assert shell.output.count("CHANNEL_LAYERS['default'] is a memory layer, and this process runs neither") == 1


def test_a_view_under_runserver_sends_on_a_memory_layer_without_a_warning(
    project: Any, free_port: int, get: Callable[[str], bytes]
) -> None:
    view = "lambda request: Group('room').send({'text': 'x'}) or HttpResponse('sent')"
    urls = "from django.http import HttpResponse\nfrom django.urls import path\nfrom towpath import Group\n"
    project.write("urls.py", f'{urls}urlpatterns = [path("hello/", {view})]\n')
    server = project.manage("runserver", str(free_port), "--noreload")
    server.wait_for("Quit the server with CONTROL-C.")
    assert get(f"http://127.0.0.1:{free_port}/hello/") == b"sent"
    server.wait_for("HTTP GET /hello/ 200")
    assert "is a memory layer" not in server.output


STREAMING_URLS = """
import threading
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

ended = threading.Event()

def events(request):
    def parts():
        yield "begun\\n"
        ended.wait(60)
    return StreamingHttpResponse(parts())

urlpatterns = [path("events/", events)]
"""


def test_streams_that_hold_all_threads_are_logged(project: Any, free_port: int) -> None:
    project.write("urls.py", STREAMING_URLS)
    server = project.manage("runserver", str(free_port), "--noreload")
    server.wait_for("Quit the server with CONTROL-C.")
    with ExitStack() as stack:
        for _ in range(4):
            response = stack.enter_context(urlopen(f"http://127.0.0.1:{free_port}/events/", timeout=60))
            assert response.readline() == b"begun\n"
        server.wait_for("Streamed responses hold all 4 threads of this worker for 5 seconds ('/events/')")
