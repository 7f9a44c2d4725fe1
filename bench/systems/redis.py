"""A Redis of its own for each run: on a UNIX socket, empty, and nothing written to disk.

All that uses it is on the same machine, where a UNIX socket takes less of the two cores than TCP does, for all alike.
"""

import shutil
import subprocess

import redis

from .processes import Processes


def redis_unavailable() -> str | None:
    """Say what is missing; None if nothing."""
    return None if shutil.which("redis-server") else "redis-server is not installed (apt-get install redis-server)"


def redis_version() -> str:
    """Return the version of the server, as it says itself."""
    said = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
    return next(word.removeprefix("v=") for word in said.split() if word.startswith("v="))


def start_redis(processes: Processes) -> str:
    """Start a server and return its URL."""
    listening = processes.folder / "redis.sock"
    options = ["--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--maxclients", "20000"]
    processes.start("redis", ["redis-server", "--port", "0", "--unixsocket", str(listening), *options])
    url = f"unix://{listening}"
    processes.wait(lambda: _answers(url), "Redis")
    return url


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
