"""Messages that wait for a full channel: tried again in order, few at a time, with growing pauses. Plain logic."""

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

#: First pause after a refusal, and the longest, in seconds.
LEAST_PAUSE_SECONDS = 0.005
MOST_PAUSE_SECONDS = 0.2
#: How many messages the first try after a refusal takes; each success doubles it.
FIRST_WIDTH = 32
MOST_WIDTH = 1024

T = TypeVar("T")


class BlockedChannel(Generic[T]):
    """The messages that wait for one full channel."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._width = FIRST_WIDTH
        self.pause_seconds = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: T) -> None:
        """Append a message."""
        self._waiting.append(item)

    def clear(self) -> None:
        """Forget all that waits."""
        self._waiting.clear()

    def take(self) -> list[T]:
        """Take the messages of the next try, oldest first."""
        return [self._waiting.popleft() for _ in range(min(self._width, len(self._waiting)))]

    def tried(self, refused: Sequence[T]) -> None:
        """Note the result of a try: refused messages return to the front, and the pause grows."""
        if refused:
            self._waiting.extendleft(reversed(refused))
            self._width = FIRST_WIDTH
            self.pause_seconds = min(max(self.pause_seconds * 2, LEAST_PAUSE_SECONDS), MOST_PAUSE_SECONDS)
        else:
            self._width = min(self._width * 2, MOST_WIDTH)
            self.pause_seconds = 0.0
