"""Pauses of channels. Does the same as the scripts of the Redis layer; its owner holds the lock."""

import math
from collections.abc import Callable

from ..operations.pauses import Pause, Paused, ReadPaused, Resume
from .part import Executors


class Pauses:
    """The pauses of one store."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        #: By channel: when its pause ends; infinite without an end.
        self._ends: dict[str, float] = {}
        self.executors: Executors = {
            Pause: self._pause,
            Resume: self._resume,
            ReadPaused: lambda _: self._left(),
        }

    def clear(self) -> None:
        """Forget everything."""
        self._ends.clear()

    def _pause(self, pause: Pause) -> None:
        self._ends[pause.channel] = math.inf if pause.seconds is None else self._clock() + pause.seconds

    def _resume(self, resume: Resume) -> bool:
        was_paused = resume.channel in self._left()
        self._ends.pop(resume.channel, None)
        return was_paused

    def _left(self) -> Paused:
        now = self._clock()
        return {channel: None if end == math.inf else end - now for channel, end in self._ends.items() if end > now}
