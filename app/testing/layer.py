"""The layer of a test: fresh, in memory, as strict as production's, with deliberate faults."""

from collections.abc import Mapping, Sequence
from re import Pattern
from typing import Any

from towpath.channels.transactions import commit_ended_blocks
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.memory.store import Store
from towpath.layers.operations.operation import AnyOperation, Operation, Result
from towpath.layers.operations.queues import Push

from .faults import Faults


class TrialLayer(MemoryChannelLayer):
    """A memory layer with `faults`. The options are the same."""

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: Mapping[str | Pattern[str], int] | None = None,
        group_history: Mapping[str | Pattern[str], object] | None = None,
        position_keys: Sequence[str | bytes] | None = None,
    ) -> None:
        super().__init__(expiry, group_expiry, capacity, channel_capacity, group_history, position_keys)
        self.faults = Faults()
        self._store = TrialStore(self.faults, expiry, group_expiry)


class TrialStore(Store):
    """A store that applies the faults of its layer to messages."""

    def __init__(self, faults: Faults, expiry: float, group_expiry: float) -> None:
        super().__init__(expiry, group_expiry)
        self._faults = faults

    def execute(self, operations: Sequence[Operation[Result]]) -> list[Result]:
        """Execute all in order, each with the fault that acts on its channel.

        Sends that wait for an atomic block which has ended inside TestCase's own come first.
        """
        commit_ended_blocks()
        with self._changed:
            return [self._execute(operation) for operation in operations]

    # `Any`: a fault answers as the store would.
    def _execute(self, operation: AnyOperation) -> Any:
        fault = self._faults.find(operation.channel) if isinstance(operation, Push) else None
        if fault is None or not isinstance(operation, Push):
            return super().execute([operation])[0]
        return fault.push(operation, lambda push: Store.execute(self, [push])[0])
