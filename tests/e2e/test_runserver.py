"""`manage.py runserver` in a process of its own, with a real WebSocket client."""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

#: The last line of the banner: the server listens when it is written.
LISTENS = "Quit the server with CONTROL-C."
#: What Django's reloader writes when it sees an edit.
RELOADS = "changed, reloading."


class Site:
    """A project that runs under `runserver`."""

    def __init__(self, project: Any, port: int, *options: str) -> None:
        self.project = project
        self.port = port
        self.process = project.manage("runserver", str(port), *options)

    def address(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def edit(self, name: str, old: str, new: str) -> None:
        """Edit a file, and touch it until that is noticed: the reloader may not have looked at it for a first time."""
        restarts = self.process.output.count(RELOADS)
        self.project.edit(name, old, new)
        deadline = time.monotonic() + 60
        while not self.process.writes(RELOADS, restarts + 1, seconds=2):
            assert time.monotonic() < deadline, f"did not notice the edit:\n{self.process.output}"
            (self.project.folder / name).touch()

    def echo(self, text: str) -> str | bytes:
        with connect(self.address("/echo/", "ws")) as websocket:
            websocket.send(text)
            return websocket.recv(timeout=30)


Start = Callable[..., Site]


@pytest.fixture
def start(project: Any, free_port: int) -> Start:
    """Start runserver with these options and wait until it listens."""

    def begin(*options: str) -> Site:
        site = Site(project, free_port, *options)
        site.process.wait_for(LISTENS)
        return site

    return begin


def test_it_serves_pages_and_writes_a_line_for_each(
    start: Start, get: Callable[[str], bytes], status_of: Callable[[str], int]
) -> None:
    site = start("--noreload")
    assert get(site.address("/hello/?name=you")) == b"hello you"
    site.process.wait_for("HTTP GET /hello/?name=you 200 [")
    assert status_of(site.address("/nothing/")) == 404
    site.process.wait_for("HTTP GET /nothing/ 404 [")


def test_it_serves_static_files(start: Start, get: Callable[[str], bytes]) -> None:
    assert b"teal" in get(start("--noreload").address("/static/site.css"))


def test_nostatic_leaves_static_files_to_another_server(start: Start, status_of: Callable[[str], int]) -> None:
    assert status_of(start("--noreload", "--nostatic").address("/static/site.css")) == 404


def test_static_files_need_insecure_when_debug_is_off(project: Any, start: Start, get: Callable[[str], bytes]) -> None:
    project.edit("settings.py", "DEBUG = True", "DEBUG = False")
    assert b"teal" in get(start("--noreload", "--insecure").address("/static/site.css"))


def test_it_runs_consumers_and_writes_the_life_of_a_websocket(start: Start) -> None:
    site = start("--noreload")
    assert site.echo("hello") == "first hello"
    for word in ("HANDSHAKING", "CONNECT", "DISCONNECT"):
        site.process.wait_for(f"WebSocket {word} /echo/ [127.0.0.1:")


def test_a_websocket_that_no_route_matches_is_refused(start: Start) -> None:
    site = start("--noreload")
    with pytest.raises(InvalidStatus, match="403"):
        connect(site.address("/nothing/", "ws"))
    site.process.wait_for("WebSocket REJECT /nothing/ [127.0.0.1:")


def test_the_banner_says_what_is_served_and_on_which_layer(start: Start) -> None:
    site = start("--noreload")
    assert f"http://127.0.0.1:{site.port}/" in site.process.output
    assert "Channel layer default (towpath.layers.memory" in site.process.output
    assert "System check identified no issues" in site.process.output


def test_editing_a_consumer_restarts_it_with_the_new_code(start: Start) -> None:
    site = start()
    assert site.echo("hello") == "first hello"
    site.edit("consumers.py", "first", "second")
    site.process.wait_for(LISTENS, times=2)
    assert site.echo("hello") == "second hello"
    site.edit("consumers.py", "second", "third")
    site.process.wait_for(LISTENS, times=3)
    assert site.echo("hello") == "third hello"


def test_a_restart_tells_open_websockets_to_come_again(start: Start) -> None:
    site = start()
    with connect(site.address("/echo/", "ws")) as websocket:
        site.edit("consumers.py", "first", "second")
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=30)
        assert websocket.close_code == 1012


@pytest.mark.parametrize(
    ("broken", "error"), [("def def receive", "SyntaxError"), ("import no_such_thing\ndef receive", "no_such_thing")]
)
def test_it_outlives_code_that_cannot_be_imported(start: Start, broken: str, error: str) -> None:
    site = start()
    site.edit("consumers.py", "def receive", broken)
    site.process.wait_for(error)
    site.edit("consumers.py", broken, "def receive")
    site.process.wait_for(LISTENS, times=2)
    assert site.echo("hello") == "first hello"


@pytest.mark.parametrize("options", [(), ("--noreload",)], ids=["reloader", "noreload"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly_and_frees_the_port(start: Start, number: int, options: tuple[str, ...]) -> None:
    site = start(*options)
    with connect(site.address("/echo/", "ws")) as websocket:
        site.process.send_signal(number)
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=30)
    assert site.process.wait() == 0 or (number == signal.SIGTERM and options == ())
    assert "Traceback" not in site.process.output
    with closing(socket.create_server(("127.0.0.1", site.port))):
        pass


@pytest.mark.parametrize("options", [(), ("--noreload",)], ids=["reloader", "noreload"])
def test_a_taken_port_is_a_clear_message(project: Any, options: tuple[str, ...]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        site = Site(project, other.getsockname()[1], *options)
        assert site.process.wait() == 1
    assert "Error: That port is already in use." in site.process.output
    assert "Traceback" not in site.process.output


def test_without_workers_a_request_ends_with_503(start: Start, status_of: Callable[[str], int]) -> None:
    site = start("--noreload", "--noworker", "--http_timeout", "1")
    assert status_of(site.address("/hello/")) == 503


@pytest.mark.parametrize("how", ["no default layer", "--noasgi"])
def test_it_is_djangos_server_where_no_layer_is_wanted(
    project: Any, start: Start, get: Callable[[str], bytes], how: str
) -> None:
    options = ["--noreload"]
    if how == "--noasgi":
        options.append(how)
    else:
        project.write("settings.py", (project.folder / "settings.py").read_text() + "\ndel CHANNEL_LAYERS\n")
    site = start(*options)
    assert get(site.address("/hello/")) == b"hello "
    assert b"teal" in get(site.address("/static/site.css"))
    site.process.wait_for('"GET /hello/ HTTP/1.1" 200')


def test_one_worker_thread_is_enough(start: Start, get: Callable[[str], bytes]) -> None:
    site = start("--noreload", "--nothreading")
    assert get(site.address("/hello/")) == b"hello "
    assert site.echo("hello") == "first hello"


def test_it_serves_ipv6(project: Any, free_port: int, get: Callable[[str], bytes]) -> None:
    site = Site(project, free_port, "--noreload", "--ipv6")
    site.process.wait_for(LISTENS)
    assert f"http://[::1]:{site.port}/" in site.process.output
    assert get(f"http://[::1]:{site.port}/hello/") == b"hello "


def test_another_runserver_that_wins_is_named(project: Any, start: Start) -> None:
    project.edit("settings.py", '"towpath", "django.contrib.staticfiles"', '"django.contrib.staticfiles", "towpath"')
    site = start("--noreload")
    site.process.wait_for("towpath.W001")
    assert "Put \"towpath\" above 'django.contrib.staticfiles'" in site.process.output
