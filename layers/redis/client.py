"""The blocking way to Redis: operations over one connection, in one write and one read. Errors become ours here."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from redis import ConnectionPool
from redis.exceptions import RedisError, ResponseError

from ..errors import LayerUnavailable
from ..operations import Operation
from . import scripts
from .answers import missing_scripts, results
from .commands import Commands
from .hosts import Host
from .packing import pack
from .scripts import Command
from .wires import Wire

#: What a wait must be shorter than the time that Redis has for an answer, in seconds.
MARGIN_SECONDS = 1.0


_LOADS: list[Command] = [("SCRIPT", "LOAD", script.source) for script in scripts.ALL]


class Client:
    """Executes operations; any number of threads may use it, each call on a connection of its own."""

    def __init__(self, host: Host, commands: Commands) -> None:
        self.label = f"Redis at {host.label}"
        #: The longest wait that may be asked of Redis, in seconds: beyond, the connection would be taken for dead.
        self.longest_wait_seconds = math.inf if host.timeout_seconds is None else host.timeout_seconds - MARGIN_SECONDS
        self._pool: ConnectionPool = host.pool()
        self._commands = commands

    def new_connection(self) -> Wire:
        """Return a connection outside the pool, for one owner; it connects when it is used."""
        return cast(Wire, self._pool.connection_class(**self._pool.connection_kwargs))

    def execute(self, operations: Sequence[Operation], connection: Wire | None = None) -> list[object]:
        """Execute in order, over `connection` or one from the pool; one result each.

        Raises:
            LayerUnavailable: Redis is away or refuses; some operations may have been executed.
        """
        if connection is not None:
            return self._executed(operations, connection)
        with self._pooled() as pooled:
            return self._executed(operations, pooled)

    def execute_before(
        self, operations: Sequence[Operation], wait: Command, last: Operation, connection: Wire
    ) -> list[object]:
        """Execute in order; then a command that waits, and `last`, which `execute_after_wait` reads.

        All leaves in one write. Scripts that Redis does not know count as refused: see `load_scripts`.

        Raises:
            LayerUnavailable: the connection failed. PartlyRefused: Redis refused some, and the wait goes on.
        """
        commands = [self._commands.command(operation) for operation in operations]
        with self.translated_errors():
            connection.connect()
            connection.send_packed_command([pack([*commands, wait, self._commands.command(last)])])
            answers = [read_answer(connection) for _ in commands]
        return results(self.label, operations, answers)

    def execute_after_wait(self, last: Operation, connection: Wire) -> object:
        """Return the result of the operation behind a wait that `execute_before` has begun, when that has ended.

        Raises:
            LayerUnavailable: the connection failed, or Redis refused.
        """
        with self.translated_errors():
            read_answer(connection)
            answer = read_answer(connection)
        commands = [self._commands.command(last)]
        return results(self.label, [last], self._with_scripts(connection, commands, [answer]))[0]

    def load_scripts(self, connection: Wire) -> None:
        """Let Redis know all scripts.

        Raises:
            LayerUnavailable: the connection failed.
        """
        self.exchange(connection, _LOADS)

    def call(self, *command: Any, connection: Wire | None = None) -> Any:
        """Execute one plain command; an error that Redis answers is returned, not raised."""
        if connection is not None:
            return self.exchange(connection, [command])[0]
        with self._pooled() as pooled:
            return self.exchange(pooled, [command])[0]

    def exchange(self, connection: Wire, commands: Sequence[Command]) -> list[Any]:
        """Write commands and read their answers; errors that Redis answers are among these.

        Raises:
            LayerUnavailable: the connection failed.
        """
        with self.translated_errors():
            connection.connect()
            connection.send_packed_command([pack(commands)])
            return [read_answer(connection) for _ in commands]

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turn errors of redis-py into `LayerUnavailable`."""
        try:
            yield
        except (RedisError, OSError) as error:
            raise LayerUnavailable(f"{self.label} is away: {error}") from error

    def close(self) -> None:
        """Close the pool's connections; later calls open new ones."""
        self._pool.disconnect()

    def _executed(self, operations: Sequence[Operation], connection: Wire) -> list[object]:
        commands = [self._commands.command(operation) for operation in operations]
        return results(
            self.label, operations, self._with_scripts(connection, commands, self.exchange(connection, commands))
        )

    def _with_scripts(self, connection: Wire, commands: Sequence[Command], answers: list[Any]) -> list[Any]:
        """Load scripts that Redis did not know, and run again what was not run."""
        missing = missing_scripts(answers)
        if missing:
            retried = self.exchange(connection, [*_LOADS, *(commands[position] for position in missing)])
            for position, answer in zip(missing, retried[len(_LOADS) :], strict=True):
                answers[position] = answer
        return answers

    @contextmanager
    def _pooled(self) -> Iterator[Wire]:
        with self.translated_errors():
            connection = self._pool.get_connection()
        try:
            yield cast(Wire, connection)
        finally:
            self._pool.release(connection)


def read_answer(connection: Wire) -> Any:
    """Read one answer; an error that Redis answers is returned, so that the answers after it can be read too."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
