"""Transports that write at the end of the event loop's turn, without asking the poller first.

Twisted registers each socket with waiting output at the poller, and removes it after the write: two system calls and a
detour through the reactor for every frame. Nearly always the socket takes the data at once. So these transports try
first; only data that a socket does not take waits for the poller. The writes of one turn to a socket still leave in one
piece.
"""

import asyncio
import logging
from functools import partial
from typing import Any

from twisted.internet import tcp, unix

log = logging.getLogger(__name__)


class TurnEnd:
    """The transports that write at the end of the event loop's turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[EagerWriting] = []

    def add(self, transport: "EagerWriting") -> None:
        """Let a transport write at the end of this turn."""
        if not self._due:
            self._loop.call_soon(self._write)
        self._due.append(transport)

    def _write(self) -> None:
        due, self._due = self._due, []
        for transport in due:
            transport.write_now()


class EagerWriting:
    """Mixed into a server transport of Twisted. `turn_end` is set before anything is written."""

    turn_end: TurnEnd
    _is_due = False
    _is_polled = False

    def startWriting(self) -> None:
        """Schedule a write, or the end of the connection, for the end of the turn."""
        if not (self._is_due or self._is_polled):
            self._is_due = True
            self.turn_end.add(self)

    def stopWriting(self) -> None:
        """Cancel the scheduled write: all is written."""
        self._is_due = False
        if self._is_polled:
            self._is_polled = False
            super().stopWriting()  # type: ignore[misc]  # Twisted's transport stands behind

    def write_now(self) -> None:
        """Write as much as the socket takes; the poller reports when it takes the rest or has ended."""
        transport: Any = self
        if not self._is_due:
            return
        try:
            has_ended = transport.doWrite()
        except Exception:
            log.exception("Writing to %s failed: aborting it", transport.client)
            transport.abortConnection()
            return
        if has_ended or self._is_due:
            self._is_due = False
            self._is_polled = True
            super().startWriting()  # type: ignore[misc]


class EagerTcpServer(EagerWriting, tcp.Server):
    """A connection over TCP."""


class EagerUnixServer(EagerWriting, unix.Server):
    """A connection over a UNIX socket."""


_EAGER: dict[object, type[EagerWriting]] = {tcp.Server: EagerTcpServer, unix.Server: EagerUnixServer}


def make_eager(port: Any, turn_end: TurnEnd) -> None:
    """Let a listening port make eager transports; ports of other kinds than TCP and UNIX stay as they are."""
    kind = _EAGER.get(getattr(port, "transport", None))
    if kind is not None:
        port.transport = partial(_accept, kind, turn_end)


def _accept(kind: type[EagerWriting], turn_end: TurnEnd, *arguments: Any) -> Any:
    transport = kind(*arguments)
    transport.turn_end = turn_end
    return transport
