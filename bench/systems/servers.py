"""The peers that serve an application themselves: Channels 4, gunicorn with Django behind WSGI, and bare Autobahn."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .base import WSGI_APPLICATION, Running, Service, Shape, environment, versions
from .processes import accepts, answers, free_port, redis_unavailable, running_processes, start_redis
from .towpath import APPS

CHANNELS_PACKAGES = ("channels", "channels_redis", "daphne", "uvicorn", "Django", "uvloop", "websockets", "redis")
#: A usual number by gunicorn's guide; with fewer, too many wait for the next request of their connection.
LEAST_THREADS = 4


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
        return versions(environment("channels"), CHANNELS_PACKAGES)

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it; it has one process, whatever the shape."""
        programs = environment("channels")
        with running_processes() as processes:
            redis_url, port = start_redis(processes), free_port()
            settings = {
                "PYTHONPATH": str(APPS),
                "DJANGO_SETTINGS_MODULE": "bench_settings",
                "BENCH_SYSTEM": "channels",
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
                sender_command=[str(programs / "python"), str(APPS / "sender.py"), "channels"],
                sender_environment={**os.environ, **settings},
                redis_url=redis_url,
            )


@dataclass(frozen=True, slots=True)
class Gunicorn:
    """gunicorn with `worker_class` sync or gthread."""

    worker_class: str
    serves: frozenset[Service] = frozenset({"http"})

    @property
    def key(self) -> str:
        """With the class of its workers."""
        return f"gunicorn-{self.worker_class}"

    @property
    def name(self) -> str:
        """With the class of its workers."""
        return f"gunicorn, {self.worker_class} workers"

    def unavailable(self) -> str | None:
        """It needs nothing."""
        return None

    def prepare(self) -> dict[str, str]:
        """Make its environment and return versions."""
        return versions(environment("gunicorn"), ("gunicorn", "Django"))

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it with the shape's workers and threads."""
        programs, port = environment("gunicorn"), free_port()
        with running_processes() as processes:
            command = [str(programs / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", str(shape.workers)]
            if self.worker_class == "gthread":
                command += ["--worker-class", "gthread", "--threads", str(max(shape.threads, LEAST_THREADS))]
            command += ["--no-control-socket", WSGI_APPLICATION]
            processes.start("worker", command, {"PYTHONPATH": str(APPS), "DJANGO_SETTINGS_MODULE": "bench_settings"})
            processes.wait(answers(f"http://127.0.0.1:{port}/hello/"), "a page")
            yield Running(f"http://127.0.0.1:{port}", "", processes.by_role, (), {})


@dataclass(frozen=True, slots=True)
class Autobahn:
    """The limit of every server that is built on it."""

    key: str = "autobahn"
    name: str = "bare Autobahn (no Django, no Redis)"
    serves: frozenset[Service] = frozenset({"http", "websocket", "group"})

    def unavailable(self) -> str | None:
        """It needs nothing."""
        return None

    def prepare(self) -> dict[str, str]:
        """Make its environment and return versions."""
        return versions(environment("autobahn"), ("autobahn", "Twisted"))

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it; it has one process, whatever the shape."""
        programs = environment("autobahn")
        websocket_port, http_port = free_port(), free_port()
        with running_processes() as processes:
            server = [str(programs / "python"), str(APPS / "autobahn_server.py"), str(websocket_port), str(http_port)]
            processes.start("interface", server)
            processes.wait(accepts(websocket_port), "the WebSocket port")
            processes.wait(answers(f"http://127.0.0.1:{http_port}/hello/"), "a page")
            url = f"http://127.0.0.1:{http_port}"
            yield Running(
                http_url=url,
                websocket_uri=f"ws://127.0.0.1:{websocket_port}",
                processes=processes.by_role,
                sender_command=[str(programs / "python"), str(APPS / "sender.py"), "http", url + "/publish/{group}"],
                sender_environment=os.environ,
            )
