"""The live blog as in production (Redis, an interface server, two workers), and real Chromium windows on it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ...ports import free_port

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install playwright"
)

EXAMPLE = Path(__file__).parents[3] / "liveblog_example"
#: Without windows of its own it takes three quarters of the processor time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REDIS_NAMES = ("redis-server", "valkey-server")
#: Seconds until something that does not happen is a failure: far above what a loaded machine needs.
PATIENCE_SECONDS = 40
POLL_SECONDS = 0.05

Page = Any
Window = Callable[..., Page]


def program(names: tuple[str, ...], variable: str) -> str:
    """Return the path of a program: what an environment variable says, else the first of the names on PATH."""
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(names)} is on PATH, and {variable} is not set")
    return found


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} seconds until {what}"
        time.sleep(POLL_SECONDS)


class Site:
    """The processes of one live blog site. `url` is its address; files and logs are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.redis_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "liveblog.settings",
            "SQLITE_FILE": str(folder / "db.sqlite3"),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "DEBUG": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start everything, and wait until a page is served."""
        redis = program(REDIS_NAMES, "TOWPATH_REDIS_SERVER")
        options = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self._spawn("redis", redis, *options)
        self.manage("migrate", "--verbosity=0")
        self.manage("sample")
        self.start_interface()
        for number in (1, 2):
            self._spawn(f"worker-{number}", sys.executable, "manage.py", "runworker")
        wait_until(self._is_up, "the front page is served")

    def start_interface(self) -> None:
        """Start the interface server on the site's port."""
        command = str(Path(sys.executable).with_name("towpath-interface"))
        options = ["--bind", "127.0.0.1", "--port", str(self.port)]
        self._spawn("interface", command, "liveblog.asgi:channel_layer", *options)

    def stop_interface(self) -> None:
        """Stop the interface server as a deploy does, and wait until it has ended."""
        self._stop("interface")

    def manage(self, *arguments: str) -> str:
        """Run a command of the example to its end and return its output."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=EXAMPLE, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def start_ended_workers(self) -> int:
        """Start the workers that have ended again, as a supervisor does; return how many there were."""
        ended = [name for name, process in self._running.items() if "worker" in name and process.poll() is not None]
        for name in ended:
            self._spawn(name, sys.executable, "manage.py", "runworker")
        return len(ended)

    def stop(self) -> None:
        """Stop everything, Redis last."""
        for name in reversed(list(self._running)):
            self._stop(name)

    def logs(self) -> str:
        """Return what all processes wrote."""
        return "\n".join(f"--- {log.name}\n{log.read_text()}" for log in sorted(self.folder.glob("*.log")))

    def _spawn(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=EXAMPLE, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def _stop(self, name: str) -> None:
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"{name} did not stop:\n{self.logs()}")

    def _is_up(self) -> bool:
        for name, process in self._running.items():
            assert process.poll() is None, f"{name} has ended:\n{self.logs()}"
        try:
            with urlopen(self.url, timeout=PATIENCE_SECONDS) as response:
                return bool(response.status == 200)
        except HTTPError as error:
            if error.code == 503:
                return False
            raise
        except OSError:
            return False


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with sample content. Tests share it, and each writes posts that only it looks for."""
    running = Site(tmp_path_factory.mktemp("site"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium, gone before other tests: Playwright keeps an event loop running in this thread."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    path = program(CHROMIUM_NAMES, "CHROMIUM")
    sync_api.expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Any, site: Site) -> Iterator[Window]:
    """Open a window of its own (cookies, size, colours): `window(path, login="editor", **context options)`.

    When the test ends, none of its windows may have had a JavaScript error.
    """
    contexts, errors = [], []

    def open_window(path: str, login: str | None = None, before: str | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=site.url, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        if before is not None:
            context.add_init_script(before)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if login is not None:
            page.goto("/login/")
            page.get_by_label("Name").fill(login)
            page.get_by_label("Password").fill(login)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("/")
        page.goto(path)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert errors == []
