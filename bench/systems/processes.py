"""The processes of a system in one run: started with logs, waited for, stopped by their own ids; their processor time.

Each run has a Redis of its own: empty, without a copy on disk, and on a UNIX socket, which takes less processor time
than TCP, for all systems alike.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import redis

from .base import Running

START_SECONDS = 30
#: Programs that count instructions are some fifty times slower.
COUNTED_START_SECONDS = 600
STOP_SECONDS = 15
LOOK_SECONDS = 0.05
LOG_END_BYTES = 2000
#: The exit code of a command that SIGTERM ended, as shells have it.
EXIT_TERMINATED = 128 + signal.SIGTERM
#: Between measurements systems get time until they use less than this share of a core, at most QUIET_SECONDS.
QUIET_SHARE, QUIET_SECONDS = 0.1, 20.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


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
        """Stop all, the last started first; kill a process that does not end."""
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
    """Return the processes of a run, in a temporary folder; each command begins with `prefix`."""
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


def redis_unavailable() -> str | None:
    """Return the reason why Redis cannot be started; None if it can."""
    return None if shutil.which("redis-server") else "redis-server is not installed (apt-get install redis-server)"


def redis_version() -> str:
    """Return the version that the server reports."""
    said = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
    return next(word.removeprefix("v=") for word in said.split() if word.startswith("v="))


def start_redis(processes: Processes) -> str:
    """Start a server and return its URL."""
    listening = processes.folder / "redis.sock"
    options = ["--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--maxclients", "20000"]
    processes.start("redis", ["redis-server", "--port", "0", "--unixsocket", str(listening), *options])
    url = f"unix://{listening}"
    processes.wait(lambda: _pings(url), "Redis")
    return url


def _pings(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that processes and their children have used so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in with_children(pids)]
    return sum(int(field[11]) + int(field[12]) for field in fields) / TICKS_A_SECOND


def with_children(pids: Iterable[int]) -> list[int]:
    """Return the pids of processes and of all that they started."""
    family = list(pids)
    for pid in family:  # grows on the way
        family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return family


def wait_until_quiet(running: Collection[Running], look_seconds: float) -> None:
    """Wait until systems have finished the work of the last scenario, such as the ends of their sockets."""
    pids = [pid for system in running for pids in system.processes.values() for pid in pids]
    deadline = time.monotonic() + QUIET_SECONDS
    used = _used(pids)
    while time.monotonic() < deadline:
        time.sleep(look_seconds)
        before, used = used, _used(pids)
        if used - before < QUIET_SHARE * look_seconds + 1 / TICKS_A_SECOND:
            return


def _used(pids: Iterable[int]) -> float:
    """Return the processor time of the running processes; an ended one fails in its own scenarios."""
    seconds = 0.0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            seconds += processor_seconds([pid])
    return seconds


def stop_on_signals() -> None:
    """Make SIGTERM and SIGINT, which background jobs of a shell ignore, raise: contexts stop their processes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(EXIT_TERMINATED)


def _end_of(log: Path) -> str:
    return log.read_bytes()[-LOG_END_BYTES:].decode(errors="replace").strip()
