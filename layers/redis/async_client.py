"""The event loop's client of Redis: operations over one connection, in one write and one read. Errors become ours."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hiredis import ProtocolError
from redis.exceptions import RedisError

from ..errors import LayerUnavailable, PartlyRefused
from ..operations.operation import Operation, Result
from . import scripts
from .answers import missing_scripts, results
from .async_wire import AsyncWire
from .client import shorter
from .commands import Commands
from .hosts import AnyHost
from .scripts import Command
from .wires import forget_transport, opened_transport, pack

#: Errors of a connection; each is raised as one of ours.
_AWAY = (RedisError, OSError, ProtocolError)


class AsyncClient:
    """Executes operations over one connection, one task after the other; a lost connection is opened again."""

    def __init__(self, host: AnyHost, commands: Commands, timeout_seconds: float | None = None) -> None:
        """`timeout_seconds` is the longest time without an answer; None: the host's own."""
        self.label = f"Redis at {host.label}"
        self._opener = host.async_opener()
        self._timeout_seconds = shorter(host.timeout_seconds, timeout_seconds)
        self._commands = commands
        self._lock = asyncio.Lock()
        self._wire: AsyncWire | None = None

    async def execute(self, operations: Sequence[Operation[Result]]) -> list[Result]:
        """Execute in order; one result each.

        Raises:
            LayerUnavailable: Redis is unavailable or refuses; some operations may have been executed.
        """
        commands = [self._commands.command(operation) for operation in operations]
        answers = await self.exchange(commands)
        missing = missing_scripts(answers)
        if missing:
            loads: list[Command] = [("SCRIPT", "LOAD", script.source) for script in scripts.ALL]
            try:
                retried = await self.exchange([*loads, *(commands[position] for position in missing)])
            except PartlyRefused as error:  # whose refusal concerns other commands
                raise LayerUnavailable(str(error)) from error
            for position, answer in zip(missing, retried[len(loads) :], strict=True):
                answers[position] = answer
        return results(self.label, operations, answers)

    @property
    def is_open(self) -> bool:
        """Whether the connection of the last exchange is still open."""
        return self._wire is not None

    async def exchange(self, commands: Sequence[Command], silent: int = 0) -> list[Any]:
        """Write commands and read their answers; errors that Redis answers are among these. `silent` have no answer.

        Raises:
            LayerUnavailable: the connection failed. PartlyRefused: it could not be opened, nothing was written.
        """
        if not commands:
            return []
        async with self._lock:
            wire = self._wire or await self._open(len(commands))
            try:
                answers = await wire.exchange(pack(commands), len(commands) - silent)
            except _AWAY as error:
                raise LayerUnavailable(f"{self.label} is unavailable: {error}") from error
            if wire.is_misled:
                wire.close()
            return answers

    async def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            self._wire.close()

    async def _open(self, commands: int) -> AsyncWire:
        try:
            await self._opener.connect()
            transport = opened_transport(self._opener)
        except _AWAY as error:
            raise PartlyRefused(f"{self.label} is unavailable: {error}", [None] * commands, is_clean=True) from error
        wire = AsyncWire(self._timeout_seconds, self._wire_closed)
        wire.take_over(transport)
        self._wire = wire
        return wire

    def _wire_closed(self) -> None:
        self._wire = None
        forget_transport(self._opener)
