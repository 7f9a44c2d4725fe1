"""The tutorial as its reader goes through it: one project, step by step, in Chromium, with each block unchanged."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
STEPS = re.split(r"^## \d+\. .*$", TEXT, flags=re.MULTILINE)
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:#|{#) (?P<end>at the end of )?(?P<path>\S+)")
#: Commands that the test leaves out, or starts itself.
LEFT_OUT = ("python -m venv", ". venv", "python -m pip", "python manage.py runserver", "redis-server")
PROGRAMS = Path(sys.executable).parent
PATIENCE_SECONDS = 60
ATTEMPT_MILLISECONDS = 700


def commands(block: str) -> list[str]:
    """Return the commands of a block that the test runs as they are."""
    return [line for line in block.splitlines() if not line.startswith(LEFT_OUT)]


class Reader:
    """A reader with a folder, terminals and a browser."""

    def __init__(self, project: Any, page: Any, port: int) -> None:
        self.project, self.page, self.port = project, page, port
        self.url = f"http://127.0.0.1:{port}/chat/lobby/"

    def follow(self, step: int) -> None:
        """Write the files of a step and run its commands to their ends, in their order."""
        for language, text in BLOCK.findall(STEPS[step]):
            if language != "sh":
                self.write(text)
            else:
                for command in commands(text):
                    done = self.start(command)
                    assert done.wait() == 0, done.output

    def write(self, block: str) -> None:
        """Write the file that the first line of a block names."""
        named = FILE.match(block)
        assert named is not None, block
        path = self.project.folder / named["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if named["end"] else "") + block)

    def start(self, command: str) -> Any:
        """Start a command as in a terminal, on the port of the test, without questions."""
        program, *arguments = command.replace("8000", str(self.port)).split()
        if "createsuperuser" in arguments:
            arguments.append("--noinput")
        return self.project.run(str(PROGRAMS / program), *arguments)

    def says(self, text: str) -> None:
        """Send a line from the page."""
        self.page.locator("form input").fill(text)
        self.page.locator("form").evaluate("(form) => form.requestSubmit()")

    def sees(self, line: str, page: Any = None) -> None:
        """Wait until a page shows a line."""
        (page or self.page).get_by_text(line, exact=True).first.wait_for(timeout=PATIENCE_SECONDS * 1000)

    def reloads_until(self, selector: str, say: str | None = None) -> None:
        """Load the page, and send a text, until it shows this: the server takes a moment to start or to see an edit."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.page.goto(self.url)
                if say is not None:
                    self.says(say)
                self.page.wait_for_selector(selector, timeout=ATTEMPT_MILLISECONDS)
                return
            except sync_api.Error:
                assert time.monotonic() < deadline, f"{selector} did not appear:\n{self.page.content()}"


@pytest.fixture
def reader(
    project: Any, chromium: Any, free_port: int, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    """A reader in an empty folder."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long pass phrase")
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    project.folder = project.folder / "chat"
    project.folder.mkdir()
    context = chromium.new_context()
    yield Reader(project, context.new_page(), free_port)
    context.close()


def test_each_step_of_the_tutorial_works(reader: Reader) -> None:
    page = reader.page
    reader.follow(1)
    reader.follow(2)
    server = reader.start("python manage.py runserver 8000")
    reader.reloads_until("text=echo: Hello", say="Hello")

    reader.follow(3)
    reader.reloads_until("text=somebody: Hello", say="Hello")
    other = page.context.new_page()
    other.goto(reader.url)
    reader.says("Good morning.")
    reader.sees("somebody: Good morning.", other)
    other.close()

    reader.follow(4)
    reader.reloads_until("#id_username")
    page.fill("#id_username", "ada")
    page.fill("#id_password", os.environ["DJANGO_SUPERUSER_PASSWORD"])
    page.press("#id_password", "Enter")
    page.wait_for_selector("input[name=text]")
    reader.says("It is me.")
    reader.sees("ada: It is me.")

    reader.follow(5)
    reader.reloads_until("li[id]", say="Kept.")
    page.goto(reader.url)
    reader.sees("ada: Kept.")

    reader.follow(6)
    server.send_signal(signal.SIGINT)
    server.wait()

    blocks = BLOCK.findall(STEPS[7])
    for language, text in blocks:
        if language == "python":
            reader.write(text)
    interface, worker = (command for language, text in blocks if language == "sh" for command in commands(text))
    reader.start(interface)
    working = reader.start(worker)
    reader.reloads_until("text=ada: Kept.")
    working.send_signal(signal.SIGTERM)
    assert working.wait() == 0, working.output
    reader.says("Waiting in Redis.")
    reader.start(worker)
    reader.sees("ada: Waiting in Redis.")


def test_the_files_and_commands_of_the_deployment_exist() -> None:
    shipped = re.findall(r"\]\(\.\./([^)]+)\)", STEPS[8])
    assert "deploy/restart" in shipped
    assert [path for path in shipped if not (ROOT / path).exists()] == []
