"""A mapping whose items expire, as keys of Redis do. Its owner holds the lock."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")

#: Items that may be held, expired or not, before the first sweep.
MIN_SWEEP = 64


class Expiring(Generic[Value]):
    """Items by name, each with an expiry. They are swept when the number of items has doubled."""

    def __init__(self, clock: Callable[[], float], new: Callable[[], Value]) -> None:
        self._clock = clock
        self._new = new
        self._items: dict[str, tuple[Value, float]] = {}
        self._sweep_at = MIN_SWEEP

    def __iter__(self) -> Iterator[str]:
        """Return the names of the items that have not expired."""
        now = self._clock()
        return iter([name for name, (_, dies_at) in self._items.items() if dies_at > now])

    def __len__(self) -> int:
        """Count all items, also expired ones that are not swept yet."""
        return len(self._items)

    def get(self, name: str) -> Value | None:
        """Return an item, or None if it is unknown or has expired."""
        found = self._items.get(name)
        if found is None:
            return None
        value, dies_at = found
        if dies_at <= self._clock():
            del self._items[name]
            return None
        return value

    def touch(self, name: str, seconds: float) -> Value:
        """Return an item, a new one if it has expired; it expires `seconds` from now or later."""
        dies_at = self._clock() + seconds
        value = self.get(name)
        if value is None:
            value = self._new()
            if len(self._items) >= self._sweep_at:
                self._sweep()
        else:
            dies_at = max(dies_at, self._items[name][1])
        self._items[name] = value, dies_at
        return value

    def pop(self, name: str) -> None:
        """Remove an item, if it exists."""
        self._items.pop(name, None)

    def clear(self) -> None:
        """Forget all."""
        self._items.clear()

    def _sweep(self) -> None:
        self._items = {name: self._items[name] for name in self}
        self._sweep_at = max(MIN_SWEEP, 2 * len(self._items))
