"""The interface of every system under test, the processes that answer in lines, and the environments of peers."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

Service = Literal["http", "websocket", "group"]
ANSWER_SECONDS = 60.0
END_SECONDS = 30.0

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".environments"
#: The application of gunicorn's command line.
WSGI_APPLICATION = "django.core.wsgi:get_wsgi_application()"


class Silent(Exception):
    """A process did not answer in time, or has ended."""


class LineProcess:
    """A generator or sender: it gets lines on stdin, and answers with one JSON object a line.

    It is started at once; at the end of `with` it is killed unless it ends by itself.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._process = subprocess.Popen(
            command,
            env=None if environment is None else dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd="/" if environment is not None else None,
        )
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "LineProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS if kind is None else 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def tell(self, words: Mapping[str, Any] | str) -> None:
        """Write a line: JSON, or a word."""
        assert self._process.stdin is not None
        self._process.stdin.write((words if isinstance(words, str) else json.dumps(words)) + "\n")

    def answer(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Wait for the next answer.

        Raises:
            Silent: none came, or the process has ended.
        """
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise Silent(f"{self._command} said nothing for {seconds} s") from None
        if line is None:
            raise Silent(f"{self._command} ended with {self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Close its stdin, and wait for its last answer.

        Raises:
            Silent: there was none.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.answer(seconds)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of processes and threads that a scenario needs; a system ignores those that it does not have."""

    interfaces: int = 1
    workers: int = 2
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A system that serves.

    `processes` are pids by role: "interface" holds the sockets, "worker" runs the project's code; "redis", "proxy".
    `sender_command` starts a process of the same system that sends to groups (see `bench/apps/sender.py`).
    """

    http_url: str
    websocket_uri: str
    processes: Mapping[str, Sequence[int]]
    sender_command: Sequence[str]
    sender_environment: Mapping[str, str]
    redis_url: str | None = None

    def sender(self) -> LineProcess:
        """Start a sender; it is ready when it has answered for the first time."""
        return LineProcess(self.sender_command, self.sender_environment)


class System(Protocol):
    """One row of the table."""

    @property
    def key(self) -> str:
        """The name for `--systems`."""

    @property
    def name(self) -> str:
        """The name in the table."""

    @property
    def serves(self) -> frozenset[Service]:
        """The abilities it can be measured with."""

    def unavailable(self) -> str | None:
        """Return the reason why it cannot run on this machine; None if it can."""

    def prepare(self) -> dict[str, str]:
        """Make its environment, once; return the versions of its packages."""

    def start(self, shape: Shape) -> AbstractContextManager[Running]:
        """Start it and wait until it answers; stop all its processes at the end.

        Raises:
            StartFailed: a process ended, or nothing answered in time; with the end of the log.
        """


def environment(name: str) -> Path:
    """Make the environment of `<name>.txt` unless it exists; return its folder of programs."""
    folder = ENVIRONMENTS / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    requirements = HERE / f"{name}.txt"
    mark = folder / "made-from.txt"
    if not mark.exists() or mark.read_text() != requirements.read_text():
        print(f"Making the environment of {name} (once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
        subprocess.run(pip, check=True)
        mark.write_text(requirements.read_text())
    return folder / "bin"


def versions(programs: Path, packages: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of packages in an environment."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    asked = subprocess.run([programs / "python", "-c", code, *packages], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(asked.stdout)
    return found
