"""Floods over TLS, of HTTP/2 and of WebSockets, and connections over it: a part of `bench.hostile`."""

import os
import socket
import ssl
import struct
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.fakes.certificate import Certificate, make_certificate
from tests.ports import free_port

#: What a client of TLS sends before its first byte, about.
HANDSHAKE_BYTES = 600
#: The preface of a client with empty SETTINGS, and frames.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
PING = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8)
SETTINGS = bytes(3) + b"\x04" + bytes(5)
#: HPACK: method (2: GET, 3: POST), scheme https, authority, path.
UPLOAD_HEAD = b"\x83\x87\x41\x09localhost\x44\x08/upload/"
UPLOAD = len(UPLOAD_HEAD).to_bytes(3, "big") + b"\x01\x04\x00\x00\x00\x01" + UPLOAD_HEAD
DATA_OF_A_BYTE = b"\x00\x00\x01\x00\x00\x00\x00\x00\x01x"
HEAD = b"\x82\x87\x41\x09localhost\x44\x07/hello/"
OPEN = (
    b"GET /echo/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: The protocol, the bytes that a client sends once, and those that it repeats.
FLOODS: Mapping[str, tuple[str, bytes, bytes]] = {
    "echoes of 64 bytes over TLS (honest)": ("http/1.1", OPEN, b"\x81\xc0\x00\x00\x00\x00" + b"x" * 64),
    "connections of TLS with a byte each": ("http/1.1", b"x", b""),
    "HTTP/2: PING": ("h2", PREFACE, PING * 100),
    "HTTP/2: SETTINGS": ("h2", PREFACE, SETTINGS * 100),
    "HTTP/2: DATA of a byte": ("h2", PREFACE + UPLOAD, DATA_OF_A_BYTE * 100),
    "HTTP/2: requests that are reset at once": ("h2", PREFACE, b""),
}
CONNECTIONS: Mapping[str, tuple[str, bytes]] = {
    "TLS without any bytes": ("http/1.1", b""),
    "an idle WebSocket over TLS (honest)": ("http/1.1", OPEN),
    "HTTP/2 without a request": ("h2", PREFACE),
}


@contextmanager
def tls_endpoint() -> Iterator[tuple[int, Certificate]]:
    """Let interface servers that are started here listen with TLS on a port as well."""
    with tempfile.TemporaryDirectory(prefix="bench-tls-") as folder:
        certificate, port = make_certificate(Path(folder)), free_port()
        files = f"privateKey={certificate.key}:certKey={certificate.certificate}"
        os.environ["TOWPATH_INTERFACE_ENDPOINT"] = f"ssl:{port}:{files}:interface=127.0.0.1"
        try:
            yield port, certificate
        finally:
            del os.environ["TOWPATH_INTERFACE_ENDPOINT"]


@contextmanager
def connected(port: int, certificate: Certificate, protocol: str) -> Iterator[ssl.SSLSocket]:
    """Connect and agree on a protocol; close with a reset."""
    with socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with certificate.context(protocol).wrap_socket(raw, server_hostname="127.0.0.1") as client:
            yield client


def flood(port: int, certificate: Certificate, kind: tuple[str, bytes, bytes], seconds: float) -> int:
    """Send for some seconds, over one connection after the other; return the number of bytes."""
    protocol, once, block = kind
    until, sent_bytes = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        with suppress(OSError), connected(port, certificate, protocol) as client:
            client.sendall(once)
            sent_bytes += HANDSHAKE_BYTES + len(once)
            streams = iter(range(1, 2**31, 2))
            while time.monotonic() < until:
                piece = block or (_reset_requests(streams) if protocol == "h2" else b"")
                if not piece:
                    break
                client.sendall(piece)
                sent_bytes += len(piece)
                _read(client)
    return sent_bytes


def _reset_requests(streams: Iterator[int]) -> bytes:
    heads = []
    for stream, _ in zip(streams, range(10), strict=False):
        number = struct.pack("!I", stream)
        heads.append(len(HEAD).to_bytes(3, "big") + b"\x01\x05" + number + HEAD)
        heads.append(b"\x00\x00\x04\x03\x00" + number + b"\x00\x00\x00\x08")
    return b"".join(heads)


def _read(client: ssl.SSLSocket) -> None:
    """Read what has come, without waiting.

    Raises:
        OSError: the server has closed the connection.
    """
    client.setblocking(False)
    try:
        if not client.recv(1 << 16):
            raise ConnectionResetError
    except ssl.SSLWantReadError:
        pass
    finally:
        client.settimeout(20)


def hold(stack: ExitStack, port: int, certificate: Certificate, kind: tuple[str, bytes]) -> None:
    """Open a connection, and keep it until the stack is closed."""
    protocol, sent = kind
    stack.enter_context(connected(port, certificate, protocol)).sendall(sent)
