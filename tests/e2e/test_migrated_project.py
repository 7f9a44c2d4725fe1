"""A project of Channels 1.x, written as its documentation teaches, goes through towpath-migrate and runs.

`project_1x` is a project of Channels 1.1.8. Nothing in it is changed but by the command.
"""

import json
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from towpath.migrate.cli import ExitCode, main

SOURCE = Path(__file__).parent / "project_1x"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def migration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder after the command, and the lines that it printed."""
    copy = tmp_path_factory.mktemp("project_1x") / "project"
    shutil.copytree(SOURCE, copy)
    return copy, findings(copy)


@pytest.fixture
def migrated(project: Any, migration: tuple[Path, list[str]]) -> Any:
    """The project, after the command."""
    project.folder = project.folder / "migrated"
    shutil.copytree(migration[0], project.folder)
    return project


def findings(folder: Path) -> list[str]:
    """Run the command; return the lines that are left to the user."""
    with redirect_stdout(StringIO()) as said:
        assert main([str(folder)]) == ExitCode.TO_DO
    lines = [line.removeprefix(f"{folder}/") for line in said.getvalue().splitlines()]
    return [line for line in lines if " -> " in line]


def test_what_is_left_to_a_person_are_packages_and_processes(migration: tuple[Path, list[str]]) -> None:
    folder, left = migration
    assert findings(folder) == left
    assert [line.partition(" ")[0] for line in left] == [
        "Procfile:1:",
        "Procfile:3:",
        "requirements.txt:2:",
    ]
    assert left[2].endswith("require towpath[speedups] in its place, and take out asgi_redis (line 3)")


def test_the_projects_own_tests_pass(migrated: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    tests = migrated.run(sys.executable, "-W", "error", "manage.py", "test")
    assert tests.wait() == 0, tests.output
    assert "Ran 3 tests" in tests.output


@pytest.fixture
def address(migrated: Any, redis_url: str, free_port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project as its processes: an interface server and a worker on a real Redis. Where it listens."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    layer = "mysite.asgi:channel_layer"
    interface = migrated.run(sys.executable, "-m", "towpath.interface.cli", layer, "--port", str(free_port))
    assert migrated.manage("migrate", "--verbosity", "0").wait() == 0
    migrated.worker = migrated.manage("runworker")  # one thread: the room's own channel has no order among several
    interface.wait_for("Listening on")
    return f"127.0.0.1:{free_port}"


def receive(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=PATIENCE_SECONDS))


def test_it_runs_on_a_real_redis(address: str, get: Callable[[str], bytes]) -> None:
    page = get(f"http://{address}/tea/").decode()
    assert "/static/towpath/websocketbridge.js" in page
    assert b"WebSocketBridge" in get(f"http://{address}/static/towpath/websocketbridge.js")
    talk_in_a_room(address, get)
    use_its_classes(address)
    bind_a_slider(address, get)


def talk_in_a_room(address: str, get: Callable[[str], bytes]) -> None:
    """Plain functions: sessions, order, a channel of its own, a model's save, a view's send, the delay channel."""
    with connect(f"ws://{address}/chat/tea/") as one, connect(f"ws://{address}/chat/tea/") as other:
        for text in ("hello", "again"):
            one.send(text)
        for socket in (one, other):
            told = [receive(socket) for _ in range(2)]
            assert [(each["author"], each["message"]) for each in told] == [
                ("somebody", "hello (1)"),
                ("somebody", "again (2)"),
            ]
        get(f"http://{address}/announce/?room=tea")
        assert receive(one) == {"announced": True}
        get(f"http://{address}/later/?room=tea")
        assert receive(one) == {"reminder": "tea"}
        other.close()
        assert receive(one) == {"left": True}
    with pytest.raises(InvalidStatus):
        connect(f"ws://{address}/chat/closed/")


def use_its_classes(address: str) -> None:
    """Classes: an echo behind an origin check, and a stream of a demultiplexer."""
    with connect(f"ws://{address}/echo/", origin=f"http://{address}") as echo:  # type: ignore[arg-type]
        echo.send(b"\x00\x01")
        assert echo.recv(timeout=PATIENCE_SECONDS) == b"\x00\x01"
    with connect(f"ws://{address}/streams/") as streams:
        assert receive(streams) == {"stream": "numbers", "payload": {"welcome": "numbers"}}
        streams.send(json.dumps({"stream": "numbers", "payload": {"number": 21}}))
        assert receive(streams) == {"stream": "numbers", "payload": {"doubled": 42}}


def bind_a_slider(address: str, get: Callable[[str], bytes]) -> None:
    """A model bound both ways: changes by a view reach the socket, and changes by the socket reach the model."""
    with connect(f"ws://{address}/streams/") as slider:
        receive(slider)
        get(f"http://{address}/slide/?name=left&value=5")
        created = receive(slider)["payload"]
        assert (created["action"], created["data"]) == ("create", {"name": "left", "value": 5})
        change = {"action": "update", "pk": created["pk"], "data": {"value": 9}}
        slider.send(json.dumps({"stream": "intval", "payload": change}))
        updated = receive(slider)["payload"]
        assert (updated["action"], updated["data"]) == ("update", {"name": "left", "value": 9})
