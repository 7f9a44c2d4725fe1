"""The README's own code blocks, run as a reader runs them: a fresh Django project, three terminals, two browsers."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from ..ports import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.05

BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(slots=True)
class Site:
    """The reader's project, its processes, and the ports in place of those of the README."""

    folder: Path
    ports: dict[str, str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def adapt(self, text: str) -> str:
        """Put free ports into a block."""
        for written, free in self.ports.items():
            text = re.sub(rf"\b{written}\b", free, text)
        return text

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a reader who has activated the virtual environment."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        return {**inherited, "PATH": path}

    def run(self, *command: str) -> str:
        """Run a command to its end."""
        done = subprocess.run(command, cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, command: str) -> None:
        """Start a command that keeps running in a terminal; its output is written to a file."""
        with (self.folder / f"output-{len(self.processes)}.txt").open("a") as output:
            arguments = [found_server(part) for part in shlex.split(self.adapt(command))]
            self.processes.append(
                subprocess.Popen(
                    arguments, cwd=self.folder, env=self.variables, stdout=output, stderr=subprocess.STDOUT, text=True
                )
            )

    def output(self) -> str:
        """Return the output of the processes."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("output-*.txt")))

    def stop(self) -> list[int]:
        """End the processes, the last started first, and return their exit codes."""
        codes = []
        for process in reversed(self.processes):
            process.terminate()
            codes.append(process.wait(PATIENCE_SECONDS))
        return codes


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A project made from the README's files, with its three programs running."""
    if not (shutil.which("redis-server") or shutil.which("valkey-server")):
        pytest.skip("there is no redis-server on PATH; ./tests/run fetches one")
    made = Site(tmp_path, {"6379": str(free_port()), "8000": str(free_port())})
    made.run("django-admin", "startproject", "mysite", ".")
    (tmp_path / "chat.py").write_text(made.adapt(block("# chat.py")))
    with (tmp_path / "mysite/settings.py").open("a") as settings:
        settings.write(made.adapt(block("# mysite/settings.py")))
    made.run("python", "manage.py", "migrate", "--verbosity", "0")
    for command in block("redis-server", language="sh").splitlines():
        made.start(command)
    try:
        yield made
    finally:
        codes = made.stop()
    assert codes == [0, 0, 0], made.output()


def test_the_chat_of_the_readme_works_between_two_browsers_and_a_shell(site):
    address = re.search(r"ws://[^\"]+", block("WebSocket(", language="js"))
    assert address is not None
    with ExitStack() as stack:
        first, second = (stack.enter_context(opened(site, site.adapt(address[0]))) for _ in range(2))
        text = re.search(r'socket\.send\("(.*)"\)', block("WebSocket(", language="js"))
        assert text is not None
        first.send(text[1])
        assert [browser.recv(PATIENCE_SECONDS) for browser in (first, second)] == [text[1]] * 2
        site.run("python", "manage.py", "shell", "--command", block("# shell"))
        assert [browser.recv(PATIENCE_SECONDS) for browser in (first, second)] == ["Tea is ready."] * 2


def test_a_room_may_have_any_name(site):
    with ExitStack() as stack:
        paths = ("m%C3%BCnchen", "m%C3%BCnchen", "%E6%9D%B1%E4%BA%AC" * 50)
        here, there, elsewhere = (
            stack.enter_context(opened(site, site.adapt(f"ws://127.0.0.1:8000/chat/{path}/"))) for path in paths
        )
        elsewhere.send("Konbanwa.")
        here.send("Grüß Gott.")
        assert [browser.recv(PATIENCE_SECONDS) for browser in (here, there)] == ["Grüß Gott."] * 2
        assert elsewhere.recv(PATIENCE_SECONDS) == "Konbanwa."


def test_an_interface_server_starts_with_the_asgi_py_of_the_readme(site):
    address = site.adapt("ws://127.0.0.1:8000/chat/lobby/")
    with opened(site, address):
        (site.folder / "mysite/asgi.py").write_text(block("# mysite/asgi.py"))
    redis, interface, worker = site.processes
    interface.terminate()
    assert interface.wait(PATIENCE_SECONDS) == 0, site.output()
    site.processes = [redis, worker]
    site.start("towpath-interface mysite.asgi:channel_layer --port 8000")
    with opened(site, address) as browser:
        browser.send("Good morning.")
        assert browser.recv(PATIENCE_SECONDS) == "Good morning."


def test_restarting_the_worker_drops_no_socket(site):
    with opened(site, site.adapt("ws://127.0.0.1:8000/chat/lobby/")) as browser:
        worker = site.processes.pop()
        worker.terminate()
        assert worker.wait(PATIENCE_SECONDS) == 0, site.output()
        browser.send("Is anybody there?")
        site.start("python manage.py runworker")
        assert browser.recv(PATIENCE_SECONDS) == "Is anybody there?"


def test_the_chat_has_about_fifteen_lines():
    code = [line for line in block("# chat.py").splitlines() if line.strip() and not line.startswith("#")]
    assert len(code) <= 15


def test_the_extras_that_the_readme_installs_exist():
    named = set(re.findall(r'(?:towpath|\.whl)\[([\w,]+)\]"', README))
    assert named
    for extra in {name for names in named for name in names.split(",")}:
        assert re.search(rf'^    "{extra}": ', (ROOT / "setup.py").read_text(), re.MULTILINE), extra


def test_every_program_of_this_repository_that_the_readme_names_is_there():
    for name in re.findall(r"^\./(\S+)", README, re.MULTILINE):
        assert os.access(ROOT / name, os.X_OK), name


def test_every_link_of_the_readme_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_deploy_commands_of_the_readme_run_the_command_of_the_project():
    setting, control = block("deploy/restart", language="sh").splitlines()
    there = f"DEBUG=1 TOWPATH_PROJECT={ROOT}/liveblog_example TOWPATH_PROGRAMS={Path(sys.executable).parent}"
    done = subprocess.run(
        ["sh", "-c", f"{setting}\n{there} {control} --help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "towpath restart" in done.stdout


def test_every_block_of_the_readme_is_covered_here():
    blocks = [match["text"].splitlines()[0] for match in BLOCK.finditer(README) if match["language"]]
    starts = (
        "./deploy/demo",
        "# chat.py",
        "python -m pip",
        "# mysite/settings.py",
        "redis-server",
        "socket =",
        "# shell",
        "# mysite/asgi.py",
    )
    assert [line for line in blocks if not line.startswith((*starts, "set -a"))] == []


def block(content: str, language: str = "python") -> str:
    """Return the README's one block in this language that has this content."""
    (found,) = (
        match["text"] for match in BLOCK.finditer(README) if match["language"] == language and content in match["text"]
    )
    return found


def found_server(word: str) -> str:
    """Return `valkey-server` for `redis-server` where only that is installed."""
    return "valkey-server" if word == "redis-server" and shutil.which(word) is None else word


def opened(site: Site, address: str) -> ClientConnection:
    """Open a WebSocket as soon as a worker answers."""
    origin = re.sub(r"^ws(://[^/]+).*", r"http\1", address)

    def attempt() -> ClientConnection | None:
        try:
            return connect(address, origin=origin, proxy=None, open_timeout=PATIENCE_SECONDS)
        except (OSError, WebSocketException):
            return None

    return until(attempt, site)


def until(attempt: Callable[[], ClientConnection | None], site: Site) -> ClientConnection:
    """Try again until it succeeds; fail with the output of the processes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (result := attempt()) is not None:
            return result
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"no worker answered:\n{site.output()}")
