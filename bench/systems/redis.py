"""A Redis of its own for each run: on a free port of the loopback address, empty, and nothing written to disk."""

import shutil
import subprocess
from collections.abc import Callable

import redis

from .processes import Processes, free_port


def redis_unavailable() -> str | None:
    """Say what is missing; None if nothing."""
    return None if shutil.which("redis-server") else "redis-server is not installed (apt-get install redis-server)"


def redis_version() -> str:
    """Return the version of the server, as it says itself."""
    said = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
    return next(word.removeprefix("v=") for word in said.split() if word.startswith("v="))


def start_redis(processes: Processes) -> int:
    """Start a server and return its port."""
    port = free_port()
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxclients", "20000"]
    processes.start("redis", ["redis-server", "--port", str(port), *options])
    processes.wait(_answers_itself(port, processes.by_role["redis"][-1]), "Redis")
    return port


def _answers_itself(port: int, pid: int) -> Callable[[], bool]:
    """Return a question: does this very process answer? Another's Redis may have taken the port first."""

    def ask() -> bool:
        try:
            with redis.Redis(port=port, socket_timeout=1) as client:
                return bool(client.info("server")["process_id"] == pid)
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    return ask
