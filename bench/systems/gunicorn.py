"""Plain HTTP: gunicorn's processes with Django behind WSGI."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .base import Running, Service, Shape
from .environments import environment, versions
from .processes import answers, free_port, running_processes
from .towpath import APPS

#: What gunicorn's guide calls usual; below, a thread is idle while it waits for the next request of a connection.
LEAST_THREADS = 4


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
            command += ["--no-control-socket", "plain_wsgi"]
            processes.start("worker", command, {"PYTHONPATH": str(APPS)})
            processes.wait(answers(f"http://127.0.0.1:{port}/hello/"), "a page")
            yield Running(f"http://127.0.0.1:{port}", "", processes.by_role, (), {})
