"""The shipped nginx file in front of a real server: only requests for its server_name get through."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ...fakes.nginx import Nginx, find_nginx
from ...fakes.tcp_client import Client

HANDSHAKE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture(scope="module")
def nginx(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx in front of a server of its own."""
    find_nginx()
    server = start_server("--grace", "2", "--trusted-proxies", "127.0.0.1", "--allowed-host", "example.com")
    with Nginx(tmp_path_factory.mktemp("nginx"), server.port) as running:
        yield running


def connect(nginx: Nginx) -> Client:
    """Connect with TLS."""
    client = Client(nginx.https_port)
    client.socket = nginx.secure(client.socket)
    return client


def ask(client: Client, target: bytes, *hosts: bytes, more: bytes = b"Connection: close\r\n") -> bytes:
    """Send a GET; return the whole answer."""
    with closing(client):
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
    nginx: Nginx, target: bytes, host: bytes, seen: str
) -> None:
    assert seen_hosts(ask(connect(nginx), target, host)) == [seen]


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
def test_another_host_is_not_answered(nginx: Nginx, target: bytes, hosts: list[bytes], more: bytes) -> None:
    assert ask(connect(nginx), target, *hosts, more=more) == b""
    assert ask(Client(nginx.http_port), target, *hosts, more=more) == b""


def test_a_handshake_of_tls_for_another_host_is_rejected(nginx: Nginx) -> None:
    with closing(Client(nginx.https_port)) as client, pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        nginx.secure(client.socket, "evil.com")


def test_plain_http_leads_to_https_and_reaches_no_page(nginx: Nginx) -> None:
    answer = ask(Client(nginx.http_port), b"/a/?b=c", b"example.com")
    assert answer.startswith(b"HTTP/1.1 301 ")
    assert b"\r\nLocation: https://example.com/a/?b=c\r\n" in answer


def test_a_socket_opens_through_nginx_for_its_own_pages(nginx: Nginx) -> None:
    host = b"example.com:%d" % nginx.https_port
    with closing(connect(nginx)) as client:
        assert client.handshake(b"Origin: https://" + host, host=host).startswith(b"HTTP/1.1 101 ")
    for foreign in (b"https://evil.com", b"http://" + host):
        with closing(connect(nginx)) as client:
            assert client.handshake(b"Origin: " + foreign, host=host).startswith(b"HTTP/1.1 403 ")
