"""The number of groups of a layer. Only a search through the keys finds it, so each look does a bounded part of that.

The search goes on where the last look has ended. A data set of up to 10,000 keys is counted at each look; with more the
number is that of the last complete search, and groups of which Redis returned a key twice meanwhile count twice.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from ..keys import Keys
from .scripts import Command

#: Keys of one step, few enough not to block Redis, and steps of one look: 1 to 3 ms of Redis.
SCAN_COUNT, STEPS = 1000, 10


class GroupCount:
    """A search through the keys, for all threads of one process."""

    def __init__(self, keys: Keys, call: Callable[[Command], Any]) -> None:
        self._keys = keys
        self._call = call
        self._lock = Lock()
        self._cursor: Any = b"0"
        self._found = 0
        self._count: int | None = None

    def look(self) -> int | None:
        """Go on with the search; return the result of the last complete one, None before the first.

        Raises:
            LayerUnavailable: the store is unavailable.
        """
        with self._lock:
            for _ in range(STEPS):
                command = ("SCAN", self._cursor, "MATCH", self._keys.every_marks(), "COUNT", SCAN_COUNT)
                self._cursor, keys = self._call(command)
                self._found += sum(self._keys.is_own(key) for key in keys)
                if self._cursor in (b"0", 0):
                    self._count, self._found = self._found, 0
                    break
            return self._count
