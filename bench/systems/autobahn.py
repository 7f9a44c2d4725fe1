"""Bare Autobahn on Twisted, without Redis or Django: what no server built on it can be far above."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .base import Running, Service, Shape
from .environments import environment, versions
from .processes import accepts, answers, free_port, running_processes
from .towpath import APPS


@dataclass(frozen=True, slots=True)
class Autobahn:
    """The floor."""

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
                sender_command=[str(programs / "python"), str(APPS / "http_sender.py"), url + "/publish/{group}"],
                sender_environment=os.environ,
            )
