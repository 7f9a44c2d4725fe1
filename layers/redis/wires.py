"""The used part of redis-py's connections, typed; and commands as hiredis packs them."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Protocol

import hiredis

from .scripts import Command


class Opener(Protocol):
    """A blocking connection of redis-py, which we let open and then bypass: `_sock` is one of its own names."""

    _sock: socket.socket | None

    def connect(self) -> None:
        """Connect, unless connected: names, TLS, AUTH, SELECT."""

    def disconnect(self) -> None:
        """Close the socket."""


class AsyncOpener(Protocol):
    """A connection of redis-py's asyncio side, which we let open and then bypass.

    redis-py has no public way to hand a transport over, so two of its own names are used. They are kept while the
    transport is in use: a stream writer that is forgotten closes its transport.
    """

    _reader: asyncio.StreamReader | None
    _writer: asyncio.StreamWriter | None

    async def connect(self) -> None:
        """Connect, unless connected: names, TLS, AUTH, SELECT."""


def opened_socket(opener: Opener) -> socket.socket:
    """Return the socket of a connection that is open.

    Raises:
        ConnectionError: it is not.
    """
    if opener._sock is None:
        raise ConnectionError("the connection has ended while it was opened")
    return opener._sock


def opened_transport(opener: AsyncOpener) -> asyncio.Transport:
    """Return the transport of a connection that is open.

    Raises:
        ConnectionError: it is not.
    """
    if opener._writer is None:
        raise ConnectionError("the connection has ended while it was opened")
    return opener._writer.transport  # type: ignore[return-value]  # typeshed says WriteTransport; it is both


def forget_transport(opener: AsyncOpener) -> None:
    """Let `connect` open a new connection: the transport has been closed."""
    opener._reader = opener._writer = None


def pack(commands: Iterable[Command]) -> bytes:
    """Return the bytes that ask for these commands, in order; arguments are str, bytes, int or float.

    hiredis is an order of magnitude cheaper than Python here.
    """
    return b"".join(map(hiredis.pack_command, commands))
