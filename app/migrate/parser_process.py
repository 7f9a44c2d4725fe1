"""The process that parses Python files: deep nesting makes a native parser overflow its stack, and other texts keep it
busy for ever. Such a file costs this process, never the command.
"""

import faulthandler
import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import TracebackType

from .module import Outcome, migrate_module, unparsed

#: Seconds until a file is given up: far more than any file of a person takes.
MOST_SECONDS = 60.0
#: The file descriptor of standard error.
STDERR = 2


class ParserProcess:
    """Migrates modules in another process, which is started for the first one and after each that ended it."""

    def __init__(self) -> None:
        self._context: ForkContext | SpawnContext = get_context("spawn")
        if _has_one_thread():  # then a copy of this process is safe, and starts at once
            self._context = get_context("fork")
        self._running: tuple[Connection, BaseProcess] | None = None

    def __enter__(self) -> "ParserProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def migrate(self, text: str) -> Outcome:
        """Rewrite the text of a module: see `migrate_module`. A module that cannot be parsed has a finding instead."""
        connection = self._connection()
        try:
            connection.send(text)
            if connection.poll(MOST_SECONDS):
                outcome: Outcome = connection.recv()
                return outcome
            instead = f"divide it, or migrate it by hand: the parser took more than {MOST_SECONDS:.0f} seconds"
        except (EOFError, OSError):
            instead = (
                "divide it, or migrate it by hand: the parser crashed, as it does when expressions are nested deeply"
            )
        self._stop()
        return unparsed(text, instead)

    def _connection(self) -> Connection:
        if self._running is None:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(theirs, ours), daemon=True)
            process.start()
            theirs.close()
            self._running = ours, process
        return self._running[0]

    def _stop(self) -> None:
        if self._running is not None:
            connection, process = self._running
            self._running = None
            connection.close()
            process.kill()
            process.join()


def _has_one_thread() -> bool:
    """Return whether this process is known to have no other threads, those of libraries included."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _serve(connection: Connection, other_end: Connection) -> None:
    """Migrate the texts that come, until the other end is closed: here too, for it was copied into this process."""
    other_end.close()
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDERR)  # for the last words of a parser that crashes
    try:
        while True:
            connection.send(migrate_module(connection.recv()))
    except (EOFError, OSError):
        return
