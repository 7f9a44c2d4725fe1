"""Every operation has its row in the table of each side."""

import importlib
import pkgutil

from towpath.layers import operations
from towpath.layers.keys import Keys
from towpath.layers.memory.store import Store
from towpath.layers.operations.operation import Operation
from towpath.layers.redis.commands import FAMILIES, Commands

#: All operations.
KINDS = {
    kind
    for found in pkgutil.iter_modules(operations.__path__, f"{operations.__name__}.")
    for kind in vars(importlib.import_module(found.name)).values()
    if isinstance(kind, type) and issubclass(kind, Operation) and kind is not Operation
}


def test_the_memory_store_executes_every_operation() -> None:
    store = Store(60, 60)
    assert set(store._executors) == KINDS
    rows = [kind for part in store._parts for kind in part.executors]
    assert len(rows) == len(set(rows))


def test_every_operation_is_a_command_of_one_family() -> None:
    rows = [kind for family in FAMILIES for kind in family.table]
    assert len(rows) == len(set(rows))
    assert set(rows) == KINDS == set(Commands(Keys("p:"), 60, 60)._writers)
