"""`manage.py runworker` and `manage.py runinterface` as processes of their own, over a real Redis."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

WORKS = "on channels"
LISTENS = "Listening on"


@pytest.fixture
def redis_project(project: Any, redis_url: str) -> Any:
    """The project, with its layer in Redis."""
    return use_redis(project, redis_url)


def use_redis(project: Any, url: str) -> Any:
    memory = '"towpath.layers.memory.MemoryChannelLayer"'
    project.edit("settings.py", memory, f'"towpath.layers.redis.RedisChannelLayer", "CONFIG": {{"hosts": ["{url}"]}}')
    return project


def start(project: Any, command: str, *options: str) -> Any:
    process = project.manage(command, *options)
    process.wait_for(WORKS if command == "runworker" else LISTENS)
    return process


def test_a_page_a_static_file_and_an_echo_pass_through_redis(
    redis_project: Any, free_port: int, get: Callable[[str], bytes]
) -> None:
    start(redis_project, "runworker", "--threads", "2")
    start(redis_project, "runinterface", "--port", str(free_port))
    address = f"127.0.0.1:{free_port}"
    assert get(f"http://{address}/hello/?name=you") == b"hello you"
    assert b"teal" in get(f"http://{address}/static/site.css")
    with connect(f"ws://{address}/echo/") as websocket:
        websocket.send("hello")
        assert websocket.recv(timeout=30) == "first hello"


def test_both_stop_on_sigterm_with_exit_code_0(redis_project: Any, free_port: int) -> None:
    worker = start(redis_project, "runworker")
    interface = start(redis_project, "runinterface", "--port", str(free_port))
    for process in (worker, interface):
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        assert "Traceback" not in process.output


def test_runserver_works_on_a_shared_layer_too(redis_project: Any, free_port: int, get: Callable[[str], bytes]) -> None:
    server = redis_project.manage("runserver", str(free_port), "--noreload", "--noworker")
    server.wait_for("RedisChannelLayer)")
    start(redis_project, "runworker")
    assert get(f"http://127.0.0.1:{free_port}/hello/?name=you") == b"hello you"


@pytest.mark.parametrize("command", ["runworker", "runinterface"])
def test_a_memory_layer_is_refused(project: Any, command: str) -> None:
    process = project.manage(command)
    assert process.wait() == 1
    assert "CommandError: The channel layer default (towpath.layers.memory" in process.output
    assert "runserver" in process.output


@pytest.mark.parametrize("command", ["runworker", "runinterface"])
def test_a_layer_that_is_not_configured_is_a_clear_message(redis_project: Any, command: str) -> None:
    process = redis_project.manage(command, "--layer", "other")
    assert process.wait() == 1
    assert "CommandError: CHANNEL_LAYERS has no layer 'other'" in process.output


def test_a_worker_logs_each_message_if_asked(redis_project: Any, free_port: int, get: Callable[[str], bytes]) -> None:
    worker = start(redis_project, "runworker", "-v", "2")
    start(redis_project, "runinterface", "--port", str(free_port))
    get(f"http://127.0.0.1:{free_port}/hello/")
    worker.wait_for("Message on http.request")


def test_a_project_that_configures_our_logger_keeps_it(redis_project: Any) -> None:
    logging = {
        "version": 1,
        "formatters": {"own": {"format": "OWN %(message)s"}},
        "handlers": {"own": {"class": "logging.StreamHandler", "formatter": "own"}},
        "loggers": {"towpath": {"handlers": ["own"], "level": "INFO"}},
    }
    settings = (redis_project.folder / "settings.py").read_text()
    redis_project.write("settings.py", f"{settings}\nLOGGING = {logging!r}\n")
    worker = start(redis_project, "runworker")
    assert "OWN Starting 1 worker" in worker.output
    assert worker.output.count(WORKS) == 1


def test_a_worker_listens_to_the_channels_of_its_options(redis_project: Any) -> None:
    worker = start(redis_project, "runworker", "--only-channels", "websocket.*", "--exclude-channels", "*.connect")
    assert "on channels websocket.disconnect, websocket.receive\n" in worker.output


def test_a_worker_says_that_the_layer_is_unavailable_and_waits_for_it(
    project: Any, start_redis: Callable[[], Any]
) -> None:
    server = start_redis()
    server.stop()
    worker = start(use_redis(project, server.url), "runworker")
    worker.wait_for("The channel layer is unavailable")
    assert "Trying again" in worker.output
    server.start()
    worker.wait_for("The channel layer is available again")


def test_an_interface_waits_for_its_layer_at_the_start(
    project: Any, start_redis: Callable[[], Any], free_port: int
) -> None:
    server = start_redis()
    server.stop()
    interface = use_redis(project, server.url).manage("runinterface", "--port", str(free_port))
    interface.wait_for("The channel layer is unavailable")
    assert f"127.0.0.1:{server.port}" in interface.output
    assert "not listening yet" in interface.output
    server.start()
    interface.wait_for(f"Listening on 127.0.0.1:{free_port}")
    assert "Traceback" not in interface.output


def test_runserver_ends_without_its_layer_and_says_what_needs_none(
    project: Any, start_redis: Callable[[], Any], free_port: int
) -> None:
    server = start_redis()
    server.stop()
    process = use_redis(project, server.url).manage("runserver", str(free_port))
    assert process.wait() != 0
    assert f"127.0.0.1:{server.port}" in process.output
    assert "Traceback" not in process.output
    assert "needs no Redis" in process.output


INTERFACE_SETTINGS = """
CHANNELS_WS_PROTOCOLS = ["wamp"]
CHANNELS_WS_ALLOWED_ORIGINS = ["https://app.example.com"]
FORCE_SCRIPT_NAME = "/app"
"""

ASGI = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from towpath import get_channel_layer
channel_layer = get_channel_layer()
"""

RUNINTERFACE = (sys.executable, "-u", "manage.py", "runinterface")
SCRIPT = (str(Path(sys.executable).with_name("towpath-interface")), "asgi:channel_layer")


@pytest.mark.parametrize("command", [RUNINTERFACE, SCRIPT], ids=["runinterface", "towpath-interface"])
def test_an_interface_server_reads_its_settings(
    redis_project: Any, free_port: int, get: Callable[[str], bytes], command: tuple[str, ...]
) -> None:
    settings = (redis_project.folder / "settings.py").read_text()
    redis_project.write("settings.py", settings + INTERFACE_SETTINGS)
    redis_project.write("asgi.py", ASGI)
    redis_project.edit("urls.py", 'request.GET.get("name", "")', "request.get_full_path()")
    start(redis_project, "runworker")
    interface = redis_project.run(*command, "--port", str(free_port))
    interface.wait_for(LISTENS)
    assert get(f"http://127.0.0.1:{free_port}/app/hello/") == b"hello /app/hello/"
    address = f"ws://127.0.0.1:{free_port}/app/echo/"
    subprotocols: Any = ["other", "wamp"]
    with connect(address, subprotocols=subprotocols, origin="https://app.example.com") as websocket:  # type: ignore[arg-type]
        assert websocket.subprotocol == "wamp"
    with pytest.raises(InvalidStatus):
        connect(address, origin="https://evil.example.com")  # type: ignore[arg-type]
    with pytest.raises(InvalidStatus, match="404"):
        connect(f"ws://127.0.0.1:{free_port}/echo/")
    interface.wait_for("Refused '/echo/' with 404: it is not below --root-path /app. If a proxy strips that, use")
    interface.wait_for(
        "Refused a WebSocket on '/echo/' with 403: its page is of 'https://evil.example.com', and not of "
        f"'127.0.0.1:{free_port}'. To allow it, list the origin in --allowed-origin or CHANNELS_WS_ALLOWED_ORIGINS"
    )


def test_a_flag_counts_instead_of_the_setting(redis_project: Any, free_port: int) -> None:
    settings = (redis_project.folder / "settings.py").read_text()
    redis_project.write("settings.py", settings + INTERFACE_SETTINGS)
    redis_project.write("asgi.py", ASGI)
    start(redis_project, "runworker")
    flags = ("--port", str(free_port), "--allowed-origin", "https://b.example.com")
    redis_project.run(*SCRIPT, *flags).wait_for(LISTENS)
    address = f"ws://127.0.0.1:{free_port}/app/echo/"
    with connect(address, origin="https://b.example.com"):  # type: ignore[arg-type]
        pass
    with pytest.raises(InvalidStatus):
        connect(address, origin="https://app.example.com")  # type: ignore[arg-type]


def test_a_setting_of_a_wrong_type_is_named(redis_project: Any) -> None:
    settings = (redis_project.folder / "settings.py").read_text()
    redis_project.write("settings.py", f'{settings}\nCHANNELS_WS_ALLOWED_ORIGINS = "https://app.example.com"\n')
    redis_project.write("asgi.py", ASGI)
    process = redis_project.run(*SCRIPT, "--port", "0")
    assert process.wait() == 2
    assert "CHANNELS_WS_ALLOWED_ORIGINS is a list, not 'https://app.example.com'" in process.output
    assert "Traceback" not in process.output


def test_a_project_that_took_another_reactor_gets_an_error(redis_project: Any) -> None:
    settings = (redis_project.folder / "settings.py").read_text()
    redis_project.write("settings.py", f"from twisted.internet import reactor\n{settings}")
    process = redis_project.manage("runinterface", "--port", "0")
    assert process.wait() == 1
    assert "CommandError" in process.output
    assert "reactor" in process.output


def test_an_interface_server_without_workers_says_so(redis_project: Any, free_port: int) -> None:
    interface = start(redis_project, "runinterface", "--port", str(free_port))
    address = f"ws://127.0.0.1:{free_port}/echo/"
    with pytest.raises(InvalidStatus) as raised:
        connect(address, open_timeout=60)
    assert raised.value.response.status_code == 503
    interface.wait_for("Refused a WebSocket on '/echo/' with 503: no worker takes messages from the layer")
    interface.wait_for("No worker takes messages from Redis at redis://127.0.0.1:")
    start(redis_project, "runworker")
    interface.wait_for("A worker takes messages from Redis at redis://127.0.0.1:")
    with connect(address) as websocket:
        websocket.send("hello")
        assert websocket.recv(timeout=30) == "first hello"
