"""Operations as Redis commands, and Redis's answers as results. The only modules that depend on both; no IO.

Each family of operations has a module of its own with one table: a row for each operation.
"""

from collections.abc import Callable
from types import MethodType
from typing import Any

from ..keys import Keys
from ..operations.operation import AnyOperation
from .group_commands import GroupCommands
from .history_commands import HistoryCommands
from .in_flight_commands import InFlightCommands
from .inbox_commands import InboxCommands
from .lease_commands import LeaseCommands
from .pause_commands import PauseCommands
from .queue_commands import QueueCommands
from .scripts import Command
from .table import Lifetimes
from .time_commands import TimeCommands
from .will_commands import WillCommands

FAMILIES = (
    *(QueueCommands, InFlightCommands, InboxCommands, GroupCommands, HistoryCommands),
    *(LeaseCommands, WillCommands, TimeCommands, PauseCommands),
)

_READERS = {kind: row.read for family in FAMILIES for kind, row in family.table.items()}


class Commands:
    """Writes the commands of one layer: its keys, its expiry, its expiry of groups."""

    def __init__(self, keys: Keys, expiry: float, group_expiry: float) -> None:
        lives = Lifetimes(expiry, group_expiry)
        self._writers: dict[type, Callable[[Any], Command]] = {
            kind: MethodType(row.write, family)
            for family in (make(keys, lives) for make in FAMILIES)
            for kind, row in family.table.items()
        }

    def command(self, operation: AnyOperation) -> Command:
        """Return the command that executes an operation."""
        return self._writers[type(operation)](operation)


# `Any`: the result has the type that the operation declares.
def result(operation: AnyOperation, answer: Any) -> Any:
    """Return the result of an operation from the answer of Redis."""
    read = _READERS[type(operation)]
    return read(operation, answer) if read is not None else None
