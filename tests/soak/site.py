"""The site of the soak: interface processes on one socket, workers, Redis; any of them replaced while it serves."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.systems.processes import Processes, answers, start_redis
from bench.systems.towpath import APPS, BACKLOG

#: The settings and consumers of the soak; the rest is the benchmark's.
PROJECT = Path(__file__).parent / "project"
INTERFACES, WORKERS, THREADS = 2, 2, 2
#: Longer than an interface server's grace period.
END_SECONDS = 30


class ReplaceableProcesses(Processes):
    """Processes that may end before the others do."""

    def pids(self, role: str) -> list[int]:
        """Return the ids of the running processes of a role, the oldest first."""
        return self.by_role.get(role, [])

    def retire(self, pid: int) -> int:
        """Ask a process to end, as a deploy does, and wait for it; return its exit code.

        Raises:
            subprocess.TimeoutExpired: it does not end; it is killed.
        """
        entry = next(entry for entry in self._started if entry[1].pid == pid)
        process = entry[1]
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            self._started.remove(entry)

    def ended(self) -> list[str]:
        """Return the processes that ended by themselves, with exit code and end of the log."""
        return [
            f"{role} {process.pid} ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}"
            for role, process, log in self._started
            if process.poll() is not None
        ]

    def complaints(self) -> list[str]:
        """Return the log lines of processes, also of retired ones, that a healthy site does not write."""
        signs = ("ERROR", "CRITICAL", "Traceback")
        logs = sorted(path for path in self.folder.glob("*.log") if not path.name.startswith("redis"))
        return [
            f"{path.name}: {line}"
            for path in logs
            for line in path.read_text(errors="replace").splitlines()
            if any(sign in line for sign in signs)
        ]


class Site:
    """The processes that the soak restarts and watches."""

    def __init__(self, processes: ReplaceableProcesses, listener: socket.socket, redis_url: str) -> None:
        self.processes = processes
        self.redis_url = redis_url
        self.port: int = listener.getsockname()[1]
        self._fd = listener.fileno()
        self._environment = {
            "DJANGO_SETTINGS_MODULE": "soak_settings",
            "BENCH_SYSTEM": "towpath",
            "PYTHONPATH": f"{PROJECT}{os.pathsep}{APPS}",
            "BENCH_REDIS_URL": redis_url,
        }
        #: Exit codes of replaced processes, other than 0.
        self.bad_exits: list[str] = []
        self.replaced = {"worker": 0, "interface": 0}

    def start(self, role: str) -> None:
        """Start one more."""
        django = [sys.executable, "-m", "django"]
        if role == "worker":
            self.processes.start(role, [*django, "runworker", "--threads", str(THREADS)], self._environment)
        else:
            command = [*django, "runinterface", "--fd", str(self._fd)]
            self.processes.start(role, command, self._environment, pass_fds=[self._fd])

    def replace(self, role: str) -> None:
        """Start one, then end the oldest, as a rolling deploy does."""
        oldest = self.processes.pids(role)[0]
        self.start(role)
        code = self.processes.retire(oldest)
        self.replaced[role] += 1
        if code != 0:
            self.bad_exits.append(f"{role} {oldest}: {code}")


@contextmanager
def running_site() -> Iterator[Site]:
    """Start the site and wait until it answers; everything of it has ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, socket.socket() as listener:
        processes = ReplaceableProcesses(Path(folder))
        try:
            listener.bind(("127.0.0.1", 0))
            listener.listen(BACKLOG)
            site = Site(processes, listener, start_redis(processes))
            for role, number in (("worker", WORKERS), ("interface", INTERFACES)):
                for _ in range(number):
                    site.start(role)
            processes.wait(answers(f"http://127.0.0.1:{site.port}/hello/"), "a page")
            yield site
        finally:
            processes.stop()


def wait_until(deadline: float) -> None:
    """Sleep until a time of `time.monotonic`."""
    time.sleep(max(0.0, deadline - time.monotonic()))
