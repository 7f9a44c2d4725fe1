"""A real nginx with the shipped site, on free ports of the loopback address, with a certificate of the test."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from ..ports import free_port
from .certificate import Certificate, make_certificate

SITE = Path(__file__).parents[2] / "deploy" / "nginx.conf"
PATIENCE_SECONDS = 60
CERTIFICATE = "/etc/letsencrypt/live/example.com/fullchain.pem"
KEY = "/etc/letsencrypt/live/example.com/privkey.pem"


def find_nginx() -> str:
    """Return the path of nginx; skip the test if it is not installed."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("nginx is not installed")
    return found


class Nginx:
    """A context in which nginx runs, in front of an interface server."""

    def __init__(self, folder: Path, interface_port: int) -> None:
        self._program = find_nginx()
        self._folder = folder
        self.certificate: Certificate = make_certificate(folder)
        #: The ports of plain HTTP, and of HTTPS.
        self.http_port, self.https_port = free_port(), free_port()
        self.configuration = self._configure(interface_port)

    def _configure(self, interface_port: int) -> Path:
        """Write the shipped site with other ports and files, and what includes it."""
        folder, site = self._folder, SITE.read_text()
        for old, new in {
            "listen 80;": f"listen 127.0.0.1:{self.http_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.https_port} ssl;",
            "127.0.0.1:8000": f"127.0.0.1:{interface_port}",
            CERTIFICATE: str(self.certificate.certificate),
            KEY: str(self.certificate.key),
        }.items():
            assert old in site, old
            site = site.replace(old, new)
        (folder / "site.conf").write_text(site)
        paths = " ".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root; " if os.geteuid() == 0 else ""  # else its worker processes could not write here
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"{user}daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.errors; events {{}} "
            f"http {{ access_log off; {paths} include {folder}/site.conf; }}"
        )
        return configuration

    def check(self) -> "subprocess.CompletedProcess[str]":
        """Let nginx read the configuration."""
        command = [*self._command, "-t"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    @property
    def _command(self) -> list[str]:
        return [self._program, "-p", str(self._folder), "-c", str(self.configuration)]

    def __enter__(self) -> "Nginx":
        self._process = subprocess.Popen(self._command)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (is_open(self.http_port) and is_open(self.https_port)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError((self._folder / "nginx.errors").read_text())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)

    def secure(self, connected: socket.socket, name: str = "example.com") -> ssl.SSLSocket:
        """Begin TLS with a host of this name."""
        context = self.certificate.context()
        context.check_hostname = name == "example.com"
        return context.wrap_socket(connected, server_hostname=name)

    def connect(self) -> ssl.SSLSocket:
        """Connect with TLS."""
        return self.secure(socket.create_connection(("127.0.0.1", self.https_port), PATIENCE_SECONDS))


def is_open(port: int) -> bool:
    """Return whether something listens on a port."""
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
