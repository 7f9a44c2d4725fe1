"""nginx with the nchan module: sockets held outside the application, groups only."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .base import Running, Service, Shape
from .processes import Processes, answers, free_port, running_processes
from .towpath import APPS

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONFIGURATION = """
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
                sender_command=[sys.executable, str(APPS / "http_sender.py"), url],
                sender_environment=os.environ,
            )

    def _start(self, processes: Processes, port: int) -> None:
        configuration = processes.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=processes.folder, module=MODULE, port=port))
        processes.start("interface", [NGINX or "nginx", "-c", str(configuration), "-p", str(processes.folder)])
        processes.wait(answers(f"http://127.0.0.1:{port}{processes.folder}/ready"), "nginx")


def debian_versions(*packages: str) -> dict[str, str]:
    """Return the versions of installed Debian packages."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], check=True, capture_output=True, text=True
    )
    return dict(line.split() for line in asked.stdout.splitlines())
