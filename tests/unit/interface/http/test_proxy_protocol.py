"""Behind the PROXY protocol (`--endpoint haproxy:tcp:...`) the addresses of a connection come with its first bytes."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory

from ....fakes.http_server import Client, Transport

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BALANCER = IPv4Address("TCP", "192.0.2.9", 50000)
SERVER = IPv4Address("TCP", "192.0.2.1", 8000)
V1 = b"PROXY TCP4 198.51.100.7 198.51.100.80 4321 443\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([198, 51, 100, 7, 198, 51, 100, 80]) + struct.pack("!HH", 4321, 443)
V6 = b"PROXY TCP6 2001:db8::7 2001:db8::80 4321 443\r\n"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"
UNKNOWN = b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"


@pytest.fixture
def connect(make_server: Any) -> Callable[..., Any]:
    """Connect to a server with these options through the balancer; return the server and the client."""

    def make(**options: Any) -> Any:
        server = make_server(**options)
        return server, Client(
            HAProxyWrappingFactory(server.factory), Transport(hostAddress=SERVER, peerAddress=BALANCER)
        )

    return make


@pytest.mark.parametrize(
    ("header", "client", "server"),
    [
        (V1, ("198.51.100.7", 4321), ("198.51.100.80", 443)),
        (V2, ("198.51.100.7", 4321), ("198.51.100.80", 443)),
        (V6, ("2001:db8::7", 4321), ("2001:db8::80", 443)),
        (UNKNOWN, ("192.0.2.9", 50000), ("192.0.2.1", 8000)),
        (LOCAL, ("192.0.2.9", 50000), ("192.0.2.1", 8000)),
    ],
)
@pytest.mark.parametrize("packets", [1, 2])
def test_a_request_has_the_addresses_of_its_client(
    connect: Any, header: bytes, client: Any, server: Any, packets: int
) -> None:
    site, connection = connect()
    connection.send(*([header + GET] if packets == 1 else [header, GET]))
    request = site.conversation.request
    assert (request["client"], request["server"]) == (client, server)


def test_a_handshake_has_the_addresses_of_its_client(connect: Any) -> None:
    site, connection = connect()
    connection.send(V1 + HANDSHAKE)
    assert site.handshakes[0].head.client == ("198.51.100.7", 4321)


def test_a_client_cannot_forge_headers_because_its_balancer_is_trusted(connect: Any) -> None:
    site, connection = connect(trusted_proxies=("192.0.2.9",))
    connection.send(V1 + GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n"))
    assert site.conversation.request["client"] == ("198.51.100.7", 4321)


def test_a_trusted_proxy_behind_the_balancer_is_believed(connect: Any) -> None:
    site, connection = connect(trusted_proxies=("198.51.100.7",))
    connection.send(V1 + GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n"))
    assert site.conversation.request["client"] == ("203.0.113.1", 0)


def test_a_refused_request_is_logged_with_its_client(connect: Any) -> None:
    site, connection = connect()
    actions = site.actions()
    connection.send(V1 + b"GET\r\n\r\n")
    assert [details["client"] for _, _, details in actions] == ["198.51.100.7:4321"]


def test_a_client_that_sends_nothing_is_closed(connect: Any) -> None:
    site, connection = connect(idle_timeout_seconds=10)
    site.hub.clock.advance(11)
    assert connection.is_closed
