"""Channels 4: one server process with one of its layers on Redis, synchronous or asynchronous consumers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .base import Running, Service, Shape
from .environments import environment, versions
from .processes import answers, free_port, running_processes
from .redis import redis_unavailable, start_redis
from .towpath import APPS

PACKAGES = ("channels", "channels_redis", "daphne", "uvicorn", "Django", "uvloop", "websockets", "redis")


@dataclass(frozen=True, slots=True)
class Channels:
    """Channels with `consumer` sync or async, on `server` daphne or uvicorn, with `layer` core or pubsub."""

    consumer: str
    server: str
    layer: str
    serves: frozenset[Service] = frozenset({"http", "websocket", "group"})

    @property
    def key(self) -> str:
        """All three, joined."""
        return f"channels-{self.consumer}-{self.server}-{self.layer}"

    @property
    def name(self) -> str:
        """All three, in words."""
        return f"Channels 4 {self.consumer}, {self.server}, {self.layer} layer"

    def unavailable(self) -> str | None:
        """Return whether Redis is missing."""
        return redis_unavailable()

    def prepare(self) -> dict[str, str]:
        """Make its environment and return versions."""
        return versions(environment("channels"), PACKAGES)

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it; it has one process, whatever the shape."""
        programs = environment("channels")
        with running_processes() as processes:
            redis_url, port = start_redis(processes), free_port()
            settings = {
                "PYTHONPATH": str(APPS),
                "BENCH_REDIS_URL": redis_url,
                "BENCH_LAYER": self.layer,
                "BENCH_CONSUMER": self.consumer,
            }
            if self.server == "daphne":
                options = ["-b", "127.0.0.1", "-p", str(port), "--verbosity", "0"]
            else:
                options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
            command = [str(programs / self.server), *options, "channels_asgi:application"]
            processes.start("interface", command, settings)
            processes.wait(answers(f"http://127.0.0.1:{port}/hello/"), "a page")
            yield Running(
                http_url=f"http://127.0.0.1:{port}",
                websocket_uri=f"ws://127.0.0.1:{port}",
                processes=processes.by_role,
                sender_command=[str(programs / "python"), str(APPS / "channels_sender.py")],
                sender_environment={**os.environ, **settings},
                redis_url=redis_url,
            )
