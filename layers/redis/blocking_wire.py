"""An open blocking connection to Redis: commands leave in one write, answers come straight from hiredis.

redis-py opens the connection (names, TLS, AUTH, SELECT) and closes it. Its own writing and reading calls six functions
for each answer, and polls the socket before each use.
"""

import socket
import ssl
import struct
from collections.abc import Sequence
from typing import Any

import hiredis

from .answers import ErrorAnswers
from .scripts import Command
from .wires import Opener, opened_socket, pack

#: What hiredis returns when the next answer is not complete; no answer is this object.
_INCOMPLETE = object()
#: Bytes of one read of the socket.
_PIECE = 1 << 16


class BlockingWire:
    """One thread at a time. After an error it is disconnected, since its answers would be out of step."""

    def __init__(self, opener: Opener, timeout_seconds: float | None) -> None:
        """`timeout_seconds` bounds each wait for the socket, None does not."""
        self._opener = opener
        self._timeout_seconds = timeout_seconds
        self._socket: socket.socket | None = None
        self._answers: hiredis.Reader
        self._errors = ErrorAnswers()

    def write(self, commands: Sequence[Command], packed: bytes = b"") -> None:
        """Send commands, and behind them some that are packed, in one write; connect before, unless connected.

        Raises:
            RedisError: Redis could not be reached, or refused the connection.
            OSError: the connection failed.
        """
        try:
            (self._socket or self._connected()).sendall(pack(commands) + packed)
        except BaseException:
            self.disconnect()
            raise

    def read(self, count: int) -> list[Any]:
        """Return the next answers; errors that Redis answers are among them. A replica is left after that.

        Raises:
            OSError: the connection failed, or Redis took longer than it may.
            hiredis.ProtocolError: what came is not Redis's protocol.
        """
        try:
            answers = [self._answer() for _ in range(count)]
        except BaseException:
            self.disconnect()
            raise
        if self._errors.is_misled:
            self.disconnect()
        return answers

    def disconnect(self) -> None:
        """Close the socket."""
        self._socket = None
        self._errors.is_misled = False
        self._opener.disconnect()

    def _answer(self) -> Any:
        answers = self._answers
        while (answer := answers.gets()) is _INCOMPLETE:
            answers.feed(self._received())
        return answer

    def _received(self) -> bytes:
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        try:
            data = self._socket.recv(_PIECE)
        except (BlockingIOError, TimeoutError) as error:
            raise TimeoutError(f"no answer within {self._timeout_seconds} seconds") from error
        if not data:
            raise ConnectionError("Redis closed the connection")
        return data

    def _connected(self) -> socket.socket:
        self._opener.connect()
        opened = opened_socket(self._opener)
        if self._timeout_seconds is not None and not isinstance(opened, ssl.SSLSocket):
            _let_kernel_time(opened, self._timeout_seconds)
        self._answers = hiredis.Reader(replyError=self._errors, notEnoughData=_INCOMPLETE)
        self._socket = opened
        return opened


def _let_kernel_time(opened: socket.socket, seconds: float) -> None:
    """Bound each call by the kernel, where Python would poll before it. Not under TLS: OpenSSL would try again."""
    interval = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
    opened.settimeout(None)
