"""The peers that hold sockets outside the application: nginx with nchan (groups only), and Pushpin before gunicorn."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .base import WSGI_APPLICATION, Running, Service, Shape, environment, versions
from .processes import Processes, accepts, answers, free_port, running_processes
from .towpath import APPS

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

NCHAN_CONFIGURATION = """
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid; error_log stderr warn;
load_module {module};
events {{ worker_connections 16000; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        location = {folder}/ready {{ return 200 "ready"; }}
        location ~ ^/group/(\\w+)/$ {{
            nchan_subscriber websocket; nchan_channel_id $1; nchan_subscriber_first_message newest;
        }}
        location ~ ^/publish/(\\w+)$ {{ nchan_publisher; nchan_channel_id $1; nchan_store_messages off; }}
    }}
}}
"""

PUSHPIN_CONFIGURATION = """
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
class Nchan:
    """nginx with nchan, from Debian's packages."""

    key: str = "nchan"
    name: str = "nginx with nchan"
    serves: frozenset[Service] = frozenset({"group"})

    def unavailable(self) -> str | None:
        """Return whether nginx or its module is missing."""
        if NGINX and MODULE.exists():
            return None
        return "nginx with nchan is not installed (apt-get install nginx libnginx-mod-nchan)"

    def prepare(self) -> dict[str, str]:
        """Return the versions of the packages."""
        said = subprocess.run([NGINX or "nginx", "-v"], check=True, capture_output=True, text=True).stderr
        return {"nginx": said.rpartition("/")[2].strip(), **debian_versions("libnginx-mod-nchan")}

    @contextmanager
    def start(self, shape: Shape) -> Iterator[Running]:
        """Start it with one process that holds sockets."""
        with running_processes() as processes:
            port = free_port()
            self._start(processes, port)
            url = f"http://127.0.0.1:{port}/publish/{{group}}"
            yield Running(
                http_url="",
                websocket_uri=f"ws://127.0.0.1:{port}",
                processes=processes.by_role,
                sender_command=[sys.executable, str(APPS / "sender.py"), "http", url],
                sender_environment=os.environ,
            )

    def _start(self, processes: Processes, port: int) -> None:
        configuration = processes.folder / "nginx.conf"
        configuration.write_text(NCHAN_CONFIGURATION.format(folder=processes.folder, module=MODULE, port=port))
        processes.start("interface", [NGINX or "nginx", "-c", str(configuration), "-p", str(processes.folder)])
        processes.wait(answers(f"http://127.0.0.1:{port}{processes.folder}/ready"), "nginx")


def debian_versions(*packages: str) -> dict[str, str]:
    """Return the versions of installed Debian packages."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], check=True, capture_output=True, text=True
    )
    return dict(line.split() for line in asked.stdout.splitlines())


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
            command = [str(programs / "gunicorn"), *application, *threads, "--no-control-socket", WSGI_APPLICATION]
            settings = {"DJANGO_SETTINGS_MODULE": "bench_settings", "BENCH_SYSTEM": "pushpin", "PYTHONPATH": str(APPS)}
            processes.start("worker", command, settings)
            processes.wait(answers(f"http://127.0.0.1:{application_port}/hello/"), "the application")
            self._start_pushpin(processes, ports, application_port)
            processes.wait(answers(f"http://127.0.0.1:{ports['']}/hello/"), "a page through Pushpin")
            url = f"http://127.0.0.1:{ports['publish_']}/publish/"
            yield Running(
                http_url=f"http://127.0.0.1:{ports['']}",
                websocket_uri=f"ws://127.0.0.1:{ports['']}",
                processes=processes.by_role,
                sender_command=[sys.executable, str(APPS / "sender.py"), "grip", url],
                sender_environment=os.environ,
            )

    def _start_pushpin(self, processes: Processes, ports: dict[str, int], application_port: int) -> None:
        folder = processes.folder
        (folder / "routes").write_text(f"* 127.0.0.1:{application_port},over_http\n")
        named = {f"{name}port": port for name, port in ports.items()}
        (folder / "pushpin.conf").write_text(PUSHPIN_CONFIGURATION.format(folder=folder, **named))
        processes.start("interface", ["pushpin", f"--config={folder}/pushpin.conf"])
        processes.wait(accepts(ports[""]), "Pushpin")
