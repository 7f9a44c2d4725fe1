"""A part of the store: the records of one kind, and the table of the operations that it executes."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Executors = Mapping[type, Callable[[Any], object]]


class Part(Protocol):
    """One part. Its owner holds the lock."""

    executors: Executors

    def clear(self) -> None:
        """Forget everything."""
