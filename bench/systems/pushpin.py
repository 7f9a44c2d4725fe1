"""Pushpin before Django on gunicorn: sockets held outside the application, which sees them as HTTP requests."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .base import Running, Service, Shape
from .environments import environment, versions
from .nchan import debian_versions
from .processes import Processes, accepts, answers, free_port, running_processes
from .towpath import APPS

CONFIGURATION = """
[global]
include={{libdir}}/internal.conf
rundir={folder}
ipc_prefix=bench-
[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:{port}
logdir={folder}
log_level=0
client_buffer_size=8192
client_maxconn=16000
[proxy]
routesfile={folder}/routes
zurl_out_specs=ipc://{folder}/bench-zurl-in
zurl_out_stream_specs=ipc://{folder}/bench-zurl-in-stream
zurl_in_specs=ipc://{folder}/bench-zurl-out
updates_check=off
[handler]
push_in_spec=tcp://127.0.0.1:{push_port}
push_in_sub_specs=tcp://127.0.0.1:{subscribe_port}
push_in_http_addr=127.0.0.1
push_in_http_port={publish_port}
command_spec=tcp://127.0.0.1:{command_port}
message_rate=1000000
message_hwm=1000000
connection_subscription_max=20
"""


@dataclass(frozen=True, slots=True)
class Pushpin:
    """Pushpin from Debian's package."""

    key: str = "pushpin"
    name: str = "Pushpin before gunicorn"
    serves: frozenset[Service] = frozenset({"http", "websocket", "group"})

    def unavailable(self) -> str | None:
        """Return whether Pushpin is missing."""
        return None if shutil.which("pushpin") else "Pushpin is not installed (apt-get install pushpin)"

    def prepare(self) -> dict[str, str]:
        """Make the application's environment and return versions."""
        return {**debian_versions("pushpin"), **versions(environment("pushpin"), ("gunicorn", "Django", "gripcontrol"))}

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it with the shape's gunicorn workers behind."""
        programs = environment("pushpin")
        ports = {name: free_port() for name in ("", "push_", "subscribe_", "publish_", "command_")}
        application_port = free_port()
        with running_processes() as processes:
            application = ["--bind", f"127.0.0.1:{application_port}", "--workers", str(shape.workers)]
            threads = ["--worker-class", "gthread", "--threads", str(max(4, shape.threads))]
            command = [str(programs / "gunicorn"), *application, *threads, "--no-control-socket", "plain_wsgi"]
            processes.start("worker", command, {"PYTHONPATH": str(APPS), "BENCH_URLS": "pushpin_urls"})
            processes.wait(answers(f"http://127.0.0.1:{application_port}/hello/"), "the application")
            self._start_pushpin(processes, ports, application_port)
            processes.wait(answers(f"http://127.0.0.1:{ports['']}/hello/"), "a page through Pushpin")
            url = f"http://127.0.0.1:{ports['publish_']}/publish/"
            yield Running(
                http_url=f"http://127.0.0.1:{ports['']}",
                websocket_uri=f"ws://127.0.0.1:{ports['']}",
                processes=processes.by_role,
                sender_command=[sys.executable, str(APPS / "http_sender.py"), url, "grip"],
                sender_environment=os.environ,
            )

    def _start_pushpin(self, processes: Processes, ports: dict[str, int], application_port: int) -> None:
        folder = processes.folder
        (folder / "routes").write_text(f"* 127.0.0.1:{application_port},over_http\n")
        named = {f"{name}port": port for name, port in ports.items()}
        (folder / "pushpin.conf").write_text(CONFIGURATION.format(folder=folder, **named))
        processes.start("interface", ["pushpin", f"--config={folder}/pushpin.conf"])
        processes.wait(accepts(ports[""]), "Pushpin")
