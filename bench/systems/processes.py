"""The processes of one run of a system: started with logs, waited for, stopped by their own ids."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

START_SECONDS = 30
#: Programs that count instructions are some fifty times slower.
COUNTED_START_SECONDS = 600
STOP_SECONDS = 15
LOOK_SECONDS = 0.05
LOG_END_BYTES = 2000


class StartFailed(Exception):
    """A system did not begin to serve."""


class Processes:
    """The started processes, by role. Use `running_processes`, which stops them all."""

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        #: For configurations, sockets and logs; deleted at the end.
        self.folder = folder
        #: A program that runs each command, such as Valgrind.
        self._prefix = prefix
        self._started: list[tuple[str, subprocess.Popen[bytes], Path]] = []

    @property
    def by_role(self) -> dict[str, list[int]]:
        """The pids of what runs."""
        roles: dict[str, list[int]] = {}
        for role, process, _ in self._started:
            roles.setdefault(role, []).append(process.pid)
        return roles

    def start(
        self,
        role: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Start a process in the folder; its output goes to a log there."""
        log = self.folder / f"{role}-{len(self._started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*self._prefix, *command],
                env={**os.environ, **(environment or {})},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
            )
        self._started.append((role, process, log))

    def wait(self, is_ready: Callable[[], bool], what: str) -> None:
        """Wait until something is ready.

        Raises:
            StartFailed: a process has ended, or it takes too long.
        """
        deadline = time.monotonic() + (COUNTED_START_SECONDS if self._prefix else START_SECONDS)
        while not is_ready():
            for role, process, log in self._started:
                if process.poll() is not None:
                    raise StartFailed(f"{role} ended with {process.returncode}: {_end_of(log)}")
            if time.monotonic() > deadline:
                logs = "; ".join(f"{role}: {_end_of(log)}" for role, _, log in self._started)
                raise StartFailed(f"{what} did not come within {START_SECONDS} s. {logs}")
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop all, the last started first; kill what does not end."""
        for _, process, _ in reversed(self._started):
            if process.poll() is None:
                process.terminate()
        for _, process, _ in reversed(self._started):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_processes(prefix: Sequence[str] = ()) -> Iterator[Processes]:
    """Give a place to start processes, each by `prefix`; they have ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        processes = Processes(Path(folder), prefix)
        try:
            yield processes
        finally:
            processes.stop()


def free_port() -> int:
    """Return a TCP port of the loopback address on which no process listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def accepts(port: int) -> Callable[[], bool]:
    """Return a question: does something accept connections on this port?"""

    def ask() -> bool:
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex(("127.0.0.1", port)) == 0

    return ask


def answers(url: str) -> Callable[[], bool]:
    """Return a question: is a GET answered with 200?"""

    def ask() -> bool:
        try:
            with urlopen(url, timeout=2) as response:
                return bool(response.status == 200)
        except (HTTPError, URLError, OSError):
            return False

    return ask


def _end_of(log: Path) -> str:
    return log.read_bytes()[-LOG_END_BYTES:].decode(errors="replace").strip()
