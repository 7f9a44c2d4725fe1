"""The event loop's way to Redis: operations over one connection, in one write and one read. Errors become ours here."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError, ResponseError

from ..errors import LayerUnavailable
from ..operations import Operation
from . import scripts
from .answers import missing_scripts, results
from .commands import Command, Commands
from .hosts import Host


class AsyncClient:
    """Executes operations over one connection, one task after the other; a lost connection is opened again."""

    def __init__(self, host: Host, commands: Commands) -> None:
        self.label = f"Redis at {host.label}"
        self._connection = host.async_connection()
        self._commands = commands
        self._lock = asyncio.Lock()

    async def execute(self, operations: Sequence[Operation]) -> list[object]:
        """Execute in order; one result each.

        Raises:
            LayerUnavailable: Redis is away or refuses; some operations may have been executed.
        """
        commands = [self._commands.command(operation) for operation in operations]
        answers = await self.exchange(commands)
        missing = missing_scripts(answers)
        if missing:
            loads: list[Command] = [("SCRIPT", "LOAD", script.source) for script in scripts.ALL]
            retried = await self.exchange([*loads, *(commands[position] for position in missing)])
            for position, answer in zip(missing, retried[len(loads) :], strict=True):
                answers[position] = answer
        return results(self.label, operations, answers)

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Write commands and read their answers; errors that Redis answers are among these.

        Raises:
            LayerUnavailable: the connection failed.
        """
        connection = self._connection
        async with self._lock:
            try:
                await connection.connect()
                await connection.send_packed_command(connection.pack_commands(commands))
                return [await self._read_answer() for _ in commands]
            except (RedisError, OSError) as error:
                raise LayerUnavailable(f"{self.label} is away: {error}") from error

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.disconnect()

    async def _read_answer(self) -> Any:
        try:
            return await self._connection.read_response()
        except ResponseError as error:
            return error
