"""A client on a loopback socket that sends frames, or any other bytes."""

import socket
import struct
from typing import NamedTuple

PATIENCE_SECONDS = 30
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


class Frame(NamedTuple):
    """A frame as it came from the server."""

    opcode: int
    payload: bytes
    is_last: bool = True
    reserved: int = 0


class Client:
    """One TCP connection to the server."""

    def __init__(self, port: int, window_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_SECONDS)
        if window_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, *parts: bytes) -> None:
        """Send bytes, each part in a packet of its own if the system likes."""
        for part in parts:
            self.socket.sendall(part)

    def handshake(self, *headers: bytes, path: bytes = b"/", host: bytes = b"example.com", key: bytes = KEY) -> bytes:
        """Send a WebSocket handshake; return the head of the answer."""
        lines = [b"GET " + path + b" HTTP/1.1", b"Host: " + host, b"Connection: Upgrade", b"Upgrade: websocket"]
        lines += [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + key, *headers, b"", b""]
        self.send(b"\r\n".join(lines))
        return self.head()

    def head(self) -> bytes:
        """Return the head of the next answer."""
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head

    def frame(self) -> Frame | None:
        """Return the next frame; None if the server has closed the connection instead."""
        try:
            first, second = self._take(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack("!H", self._take(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._take(8))
            assert not second & 128, "a server must not mask"
            return Frame(first & 15, self._take(length), bool(first & 128), first >> 4 & 7)
        except (EOFError, ConnectionError):
            return None

    def frames(self) -> list[Frame]:
        """Return all frames up to the end of the connection."""
        found = []
        while (next_frame := self.frame()) is not None:
            found.append(next_frame)
        return found

    def rest(self) -> bytes:
        """Return everything up to the end of the connection."""
        try:
            while True:
                self._more()
        except (EOFError, ConnectionError):
            rest, self._received = self._received, b""
            return rest

    def close(self) -> None:
        """Drop the connection."""
        self.socket.close()

    def _take(self, length: int) -> bytes:
        while len(self._received) < length:
            self._more()
        taken, self._received = self._received[:length], self._received[length:]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError
        self._received += data
