"""A small WebSocket client (RFC 6455), which can only read text frames. Standard library only."""

import base64
import os
import socket
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

TEXT, CLOSE, PING = 0x1, 0x8, 0x9


class WebSocketError(Exception):
    """The handshake was refused or the server closed the connection; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame from the server."""

    opcode: int
    payload: bytes


class WebSocket:
    """An open WebSocket to `ws://host:port/path`, from a page of the same origin."""

    def __init__(self, host: str, port: int, path: str, timeout_seconds: float) -> None:
        self._socket = socket.create_connection((host, port), timeout_seconds)
        self._stream: BinaryIO = self._socket.makefile("rb")
        self._shake_hands(f"{host}:{port}", path)

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def receive_text(self) -> str:
        """Wait for the next text frame.

        Raises:
            WebSocketError: the server closes the connection.
            TimeoutError: no frame arrives in time.
        """
        while True:
            frame = self._receive()
            if frame.opcode == TEXT:
                return frame.payload.decode()
            if frame.opcode == CLOSE:
                raise WebSocketError(f"the server closed the WebSocket: {frame.payload!r}")

    def _shake_hands(self, authority: str, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nOrigin: http://{authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        status = self._stream.readline().decode().strip()
        if " 101 " not in f"{status} ":
            raise WebSocketError(f"the handshake for {path} was answered with {status!r}")
        while self._stream.readline().strip():
            pass

    def _receive(self) -> Frame:
        first, second = self._read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read(8))
        return Frame(first & 0x0F, self._read(size))

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise WebSocketError("the connection ended")
        return data
