"""Towpath, by default of this working tree: interface processes on one listening socket, workers, a Redis."""

import importlib.metadata
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .base import Running, Service, Shape
from .processes import Processes, answers, redis_unavailable, redis_version, running_processes, start_redis

APPS = Path(__file__).parent.parent / "apps"
PACKAGES = ("towpath", "Django", "Twisted", "autobahn", "uvloop", "redis", "hiredis")
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Towpath:
    """The system that this repository is about."""

    key: str = "towpath"
    name: str = "Towpath"
    serves: frozenset[Service] = frozenset({"http", "websocket", "group"})
    #: The command that runs Django's commands; others count or profile.
    worker_admin: tuple[str, ...] = (sys.executable, "-m", "django")
    interface_admin: tuple[str, ...] = (sys.executable, "-m", "django")
    #: A folder from which `towpath` is imported; None: the one that is installed.
    tree: Path | None = None
    #: A program that runs all processes; see `bench.instructions`.
    prefix: tuple[str, ...] = ()

    def unavailable(self) -> str | None:
        """Return whether Redis is missing."""
        return redis_unavailable()

    def prepare(self) -> dict[str, str]:
        """Return versions; the environment is the one that runs this."""
        found = {name: importlib.metadata.version(name) for name in PACKAGES}
        return {**found, "Python": sys.version.split()[0], "Redis": redis_version()}

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it all; see `System`."""
        with running_processes(self.prefix) as processes:
            redis_url = start_redis(processes)
            environment = {
                "DJANGO_SETTINGS_MODULE": "bench_settings",
                "BENCH_SYSTEM": "towpath",
                "PYTHONPATH": os.pathsep.join(str(path) for path in (self.tree, APPS) if path is not None),
                "BENCH_REDIS_URL": redis_url,
            }
            for _ in range(shape.workers):
                worker = [*self.worker_admin, "runworker", "--threads", str(shape.threads)]
                processes.start("worker", worker, environment)
            port = self._start_interfaces(processes, shape.interfaces, environment)
            processes.wait(answers(f"http://127.0.0.1:{port}/hello/"), "a page")
            yield Running(
                http_url=f"http://127.0.0.1:{port}",
                websocket_uri=f"ws://127.0.0.1:{port}",
                processes=processes.by_role,
                sender_command=[sys.executable, str(APPS / "sender.py"), "towpath"],
                sender_environment={**os.environ, **environment},
                redis_url=redis_url,
            )

    def _start_interfaces(self, processes: Processes, number: int, environment: dict[str, str]) -> int:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(BACKLOG)
            for _ in range(number):
                command = [*self.interface_admin, "runinterface", "--fd", str(listening.fileno())]
                processes.start("interface", command, environment, pass_fds=[listening.fileno()])
            port: int = listening.getsockname()[1]
            return port
