"""The blocking client of Redis: operations over one connection, in one write and one read. Errors become ours here."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hiredis import ProtocolError
from redis import ConnectionPool
from redis.exceptions import NoScriptError, RedisError

from ..errors import LayerUnavailable
from ..operations.operation import AnyOperation, Operation, Result
from . import scripts
from .answers import missing_scripts, results
from .blocking_wire import BlockingWire
from .commands import Commands
from .hosts import AnyHost
from .scripts import Command
from .wires import pack

#: Seconds by which a wait must be shorter than the time that Redis has for an answer.
MARGIN_SECONDS = 1.0

#: Errors of a connection; each is raised as `LayerUnavailable`.
_AWAY = (RedisError, OSError, ProtocolError)

_LOADS: list[Command] = [("SCRIPT", "LOAD", script.source) for script in scripts.ALL]


class Client:
    """Executes operations; any number of threads may use it, each call on a connection of its own."""

    def __init__(self, host: AnyHost, commands: Commands, timeout_seconds: float | None = None) -> None:
        """`timeout_seconds` is the longest time without an answer on pooled connections; None: the host's own."""
        self.label = f"Redis at {host.label}"
        #: The longest wait in Redis, in seconds: above it the connection would count as lost.
        self.longest_wait_seconds = math.inf if host.timeout_seconds is None else host.timeout_seconds - MARGIN_SECONDS
        self._timeout_seconds = shorter(host.timeout_seconds, timeout_seconds)
        self._pool: ConnectionPool = host.pool()
        self._pool.connection_kwargs["socket_timeout"] = self._timeout_seconds
        self._commands = commands

    def new_connection(self, timeout_seconds: float | None = None) -> BlockingWire:
        """Return a connection outside the pool, for one owner; it connects when it is used."""
        timeout = shorter(self._timeout_seconds, timeout_seconds)
        kwargs = {**self._pool.connection_kwargs, "socket_timeout": timeout}
        return BlockingWire(self._pool.connection_class(**kwargs), timeout)

    def execute(self, operations: Sequence[Operation[Result]], connection: BlockingWire | None = None) -> list[Result]:
        """Execute in order, over `connection` or one from the pool; one result each.

        Raises:
            LayerUnavailable: Redis is unavailable or refuses; some operations may have been executed.
        """
        if connection is not None:
            return self._executed(operations, connection)
        with self._pooled() as pooled:
            return self._executed(operations, pooled)

    def packed_wait(self, wait: Command, last: AnyOperation) -> bytes:
        """Return the bytes of a blocking command, and of the operation behind it."""
        return pack([wait, self._commands.command(last)])

    def execute_before(
        self, operations: Sequence[AnyOperation], packed_wait: bytes, connection: BlockingWire
    ) -> list[object]:
        """Execute in order; then a wait with an operation behind it, which `execute_after_wait` reads.

        All is sent in one write. Scripts that are not loaded count as refused: see `load_scripts`.

        Raises:
            LayerUnavailable: the connection failed. PartlyRefused: Redis refused some, and the wait goes on.
        """
        commands = [self._commands.command(operation) for operation in operations]
        try:
            connection.write(commands, packed_wait)
            answers = connection.read(len(commands))
        except _AWAY as error:
            raise self._away(error) from error
        return results(self.label, operations, answers)

    def execute_after_wait(self, last: Operation[Result], connection: BlockingWire) -> Result:
        """Return the result of the operation behind a wait that `execute_before` has begun, when that has ended.

        Raises:
            LayerUnavailable: the connection failed, or Redis refused.
        """
        try:
            _, answer = connection.read(2)
        except _AWAY as error:
            raise self._away(error) from error
        if isinstance(answer, NoScriptError):
            return self._executed([last], connection)[0]
        found: Result = results(self.label, [last], [answer])[0]
        return found

    def load_scripts(self, connection: BlockingWire) -> None:
        """Load all scripts.

        Raises:
            LayerUnavailable: the connection failed.
        """
        self.exchange(connection, _LOADS)

    def call(self, *command: Any, connection: BlockingWire | None = None) -> Any:
        """Execute one plain command; an error answer is returned, not raised."""
        if connection is not None:
            return self.exchange(connection, [command])[0]
        with self._pooled() as pooled:
            return self.exchange(pooled, [command])[0]

    def exchange(self, connection: BlockingWire, commands: Sequence[Command]) -> list[Any]:
        """Write commands and read their answers; errors that Redis answers are among these.

        Raises:
            LayerUnavailable: the connection failed.
        """
        try:
            connection.write(commands)
            return connection.read(len(commands))
        except _AWAY as error:
            raise self._away(error) from error

    def close(self) -> None:
        """Close the pool's connections; later calls open new ones."""
        self._pool.disconnect()

    def _executed(self, operations: Sequence[Operation[Result]], connection: BlockingWire) -> list[Result]:
        commands = [self._commands.command(operation) for operation in operations]
        return results(
            self.label, operations, self._with_scripts(connection, commands, self.exchange(connection, commands))
        )

    def _with_scripts(self, connection: BlockingWire, commands: Sequence[Command], answers: list[Any]) -> list[Any]:
        """Load missing scripts, and run the commands that were not executed."""
        missing = missing_scripts(answers)
        if missing:
            retried = self.exchange(connection, [*_LOADS, *(commands[position] for position in missing)])
            for position, answer in zip(missing, retried[len(_LOADS) :], strict=True):
                answers[position] = answer
        return answers

    @contextmanager
    def _pooled(self) -> Iterator[BlockingWire]:
        try:
            connection = self._pool.get_connection()
        except _AWAY as error:
            raise self._away(error) from error
        try:
            yield self._wire(connection)
        finally:
            self._pool.release(connection)

    def _wire(self, connection: Any) -> BlockingWire:
        return BlockingWire(connection, self._timeout_seconds)

    def _away(self, error: Exception) -> LayerUnavailable:
        return LayerUnavailable(f"{self.label} is unavailable: {error}")


def shorter(host_seconds: float | None, own_seconds: float | None) -> float | None:
    """Return the shorter of two timeouts; None is none. A host without a timeout keeps none."""
    return host_seconds if host_seconds is None or own_seconds is None else min(host_seconds, own_seconds)
