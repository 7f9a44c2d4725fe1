"""WebSocket handshakes: checked at the level of HTTP, held, and answered or passed on."""

from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from towpath.interface.http.response import BadResponse

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
LINES = {
    b"Host": b"h",
    b"Upgrade": b"WebSocket",
    b"Connection": b"keep-alive, Upgrade",
    b"Sec-WebSocket-Key": KEY,
    b"Sec-WebSocket-Version": b"13",
}


def handshake(first: bytes = b"GET /chat HTTP/1.1", **changes: bytes | None) -> bytes:
    changed = {name.replace("_", "-").lower().encode(): value for name, value in changes.items()}
    lines = {name: changed.pop(name.lower(), value) for name, value in LINES.items()} | changed
    return b"\r\n".join([first, *(name + b": " + value for name, value in lines.items() if value is not None), b"\r\n"])


class Socket(Protocol):
    """The protocol that takes over."""

    def __init__(self) -> None:
        self.data = b""

    def dataReceived(self, data: bytes) -> None:
        self.data += data


def test_a_valid_handshake_is_passed_on(server: Any, client: Any) -> None:
    client.send(handshake())
    (request,) = server.handshakes
    assert request.head.path == "/chat"
    assert request.head.get(b"sec-websocket-key") == KEY
    assert request.head.get(b"nothing") is None
    assert request.head.all(b"upgrade") == [b"WebSocket"]
    assert server.conversations == []
    assert client.received() == b""


@pytest.mark.parametrize(
    "data",
    [
        handshake(first=b"POST /chat HTTP/1.1"),
        handshake(first=b"GET /chat HTTP/1.0"),
        handshake(content_length=b"1"),
        handshake(connection=b"keep-alive"),
        handshake(connection=None),
        handshake(sec_websocket_key=None),
        handshake(sec_websocket_key=b"short"),
        handshake(sec_websocket_key=b"c2hvcnQ="),
        handshake(sec_websocket_key=KEY[:-1] + b"\xff"),
        handshake(sec_websocket_key=KEY[:-1]),
        handshake(sec_websocket_key=b""),
        handshake().replace(b"Sec-WebSocket-Key", b"Sec-WebSocket-Key: " + KEY + b"\r\nSec-WebSocket-Key"),
    ],
)
def test_an_invalid_handshake_is_a_400(server: Any, client: Any, data: bytes) -> None:
    client.send(data)
    assert client.received().startswith(b"HTTP/1.1 400 ")
    assert client.is_closed
    assert server.handshakes == []


@pytest.mark.parametrize("version", [None, b"8", b"13, 8", b""])
def test_another_version_is_a_426_that_names_ours(server: Any, client: Any, version: bytes | None) -> None:
    client.send(handshake(sec_websocket_version=version))
    data = client.received()
    assert data.startswith(b"HTTP/1.1 426 ")
    assert b"Sec-WebSocket-Version: 13\r\n" in data
    assert b"Upgrade: websocket\r\n" in data
    assert server.handshakes == []


def test_other_upgrades_are_plain_requests(server: Any, client: Any) -> None:
    client.send(handshake(upgrade=b"h2c"))
    assert len(server.conversations) == 1


def test_an_error_is_a_page_and_the_end(server: Any, client: Any) -> None:
    client.send(handshake())
    server.handshakes[0].respond_error(403, "Not Here", [(b"X-Why", b"1")])
    data = client.received()
    assert data.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"X-Why: 1\r\n" in data and b"<h1>Not Here</h1>" in data
    assert client.is_closed
    server.handshakes[0].respond_error(500, "Twice")
    assert client.received() == b""


def test_a_handshake_waits_as_long_as_its_consumer_needs(server: Any, client: Any) -> None:
    client.send(handshake())
    server.hub.clock.advance(10_000)
    assert not client.is_closed
    assert not client.is_aborted


def test_a_refusal_of_the_applications_is_a_response(server: Any, client: Any) -> None:
    client.send(handshake())
    server.handshakes[0].respond(401, [["WWW-Authenticate", "Basic"], [b"Connection", b"upgrade"]], b"who?")
    head, _, content = client.received().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 401 Unauthorized"
    assert lines[1:3] == [b"WWW-Authenticate: Basic", b"Content-Length: 4"]
    assert lines[-1] == b"Connection: close"
    assert content == b"who?"
    assert client.is_closed


def test_a_refusal_that_is_not_a_response_answers_nothing(server: Any, client: Any) -> None:
    client.send(handshake())
    with pytest.raises(BadResponse, match="would break"):
        server.handshakes[0].respond(401, [["a", "b\r\nc: d"]], b"")
    server.handshakes[0].respond_error(500, "Internal Server Error")
    assert client.received().startswith(b"HTTP/1.1 500 ")


def test_a_client_that_leaves_is_reported_once(server: Any, client: Any) -> None:
    client.send(handshake())
    left: list[int] = []
    server.handshakes[0].on_left(lambda: left.append(1))
    client.leave()
    assert left == [1]
    server.handshakes[0].respond_error(403, "Too Late")
    server.handshakes[0].respond(403, [], b"")
    with pytest.raises(RuntimeError, match="over"):
        server.handshakes[0].take_over(Socket())
    assert client.received() == b""


def test_a_client_may_leave_unwatched(server: Any, client: Any) -> None:
    client.send(handshake())
    client.leave()
    assert len(server.factory) == 0


def test_another_protocol_takes_the_transport_over(server: Any, client: Any) -> None:
    client.send(handshake())
    socket = Socket()
    assert server.handshakes[0].take_over(socket) == b""
    assert client.transport.protocol is socket
    assert socket.transport is client.transport
    assert client.transport.producer is None
    assert len(server.factory) == 0
    client.send(b"frame")
    assert socket.data == b"frame"
    assert server.hub.clock.getDelayedCalls() == []
    with pytest.raises(RuntimeError, match="answered"):
        server.handshakes[0].take_over(Socket())


def test_bytes_behind_the_head_are_passed_on_too(server: Any, client: Any) -> None:
    client.send(handshake() + b"early", b" frames" * 10_000)
    assert client.transport.is_paused
    assert server.handshakes[0].take_over(Socket()) == b"early" + b" frames" * 10_000
    assert not client.transport.is_paused


def test_a_wrapped_transport_is_taken_over_inside_its_wrapper(server: Any) -> None:
    from twisted.internet.testing import StringTransport

    wrapper = WrappingFactory(server.factory).buildProtocol(None)
    assert isinstance(wrapper, ProtocolWrapper)
    wrapper.makeConnection(StringTransport())
    wrapper.dataReceived(handshake())
    socket = Socket()
    server.handshakes[0].take_over(socket)
    assert wrapper.wrappedProtocol is socket
    wrapper.dataReceived(b"frame")
    assert socket.data == b"frame"
