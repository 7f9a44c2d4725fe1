"""The shipped nginx file in front of a real server: only requests for its server_name get through."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ...fakes.tcp_client import Client
from ...ports import free_port

SITE = Path(__file__).parents[3] / "deploy" / "nginx.conf"
PATIENCE_SECONDS = 20
HANDSHAKE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture(scope="module")
def nginx_port(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of nginx in front of a server of its own."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    server = start_server("--grace", "2", "--trusted-proxies", "127.0.0.1", "--allowed-host", "example.com")
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    site = SITE.read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
    (folder / "site.conf").write_text(site.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"))
    paths = " ".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}} "
        f"http {{ access_log off; {paths} include {folder}/site.conf; }}"
    )
    with subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not is_open(port):
                assert process.poll() is None and time.monotonic() < deadline, (folder / "errors").read_text()
            yield port
        finally:
            process.terminate()


def is_open(port: int) -> bool:
    """Return whether something listens on a port."""
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, target: bytes, *hosts: bytes, more: bytes = b"Connection: close\r\n") -> bytes:
    """Send a GET; return everything that comes back."""
    with closing(Client(port)) as client:
        lines = b"".join(b"Host: " + host + b"\r\n" for host in hosts)
        client.send(b"GET " + target + b" HTTP/1.1\r\n" + lines + more + b"\r\n")
        return client.rest()


def seen_hosts(answer: bytes) -> list[str]:
    """Return the Host headers that the application saw."""
    assert answer.startswith(b"HTTP/1.1 200 ")
    body = answer.partition(b"\r\n\r\n")[2]
    request = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    return [value for name, value in request["headers"] if name == "host"]


@pytest.mark.parametrize(
    ("target", "host", "seen"),
    [
        (b"/", b"example.com", "example.com"),
        (b"/", b"EXAMPLE.com:8443", "example.com:8443"),
        (b"http://example.com/", b"evil.com", "example.com"),
        (b"http://example.com/", b"evil.com:81", "example.com:81"),
    ],
)
def test_the_application_sees_the_host_that_nginx_has_checked(
    nginx_port: int, target: bytes, host: bytes, seen: str
) -> None:
    assert seen_hosts(ask(nginx_port, target, host)) == [seen]


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        (b"/", [b"evil.com"]),
        (b"/", [b"127.0.0.1"]),
        (b"/", [b"example.com.evil.com"]),
        (b"/static/x", [b"evil.com"]),
        (b"http://evil.com/", [b"example.com"]),
    ],
)
@pytest.mark.parametrize("more", [b"Connection: close\r\n", HANDSHAKE])
def test_another_host_is_not_answered(nginx_port: int, target: bytes, hosts: list[bytes], more: bytes) -> None:
    assert ask(nginx_port, target, *hosts, more=more) == b""


def test_a_socket_opens_through_nginx_for_its_own_pages(nginx_port: int) -> None:
    with closing(Client(nginx_port)) as client:
        own = b"Origin: http://example.com:%d" % nginx_port
        assert client.handshake(own, host=b"example.com:%d" % nginx_port).startswith(b"HTTP/1.1 101 ")
    with closing(Client(nginx_port)) as client:
        assert client.handshake(b"Origin: http://evil.com", host=b"example.com").startswith(b"HTTP/1.1 403 ")
