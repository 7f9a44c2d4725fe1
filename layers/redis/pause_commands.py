"""Operations about pauses as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from collections.abc import Callable
from typing import Any

from ..keys import Keys
from ..operations.pauses import Pause, Paused, ReadPaused, Resume
from . import scripts
from .scripts import Command

#: TTL of the pauses after the last order, in seconds: longer than any pause with a duration.
PAUSES_SECONDS = 400 * 86_400


class PauseCommands:
    """Writes the commands of `pauses` for one layer."""

    def __init__(self, keys: Keys) -> None:
        self._keys = [keys.pauses()]
        self.writers: dict[type, Callable[[Any], Command]] = {
            Pause: self._pause,
            Resume: lambda resume: scripts.RESUME.call(self._keys, resume.channel),
            ReadPaused: lambda _: scripts.PAUSED.call(self._keys),
        }

    def _pause(self, pause: Pause) -> Command:
        seconds = "" if pause.seconds is None else pause.seconds
        return scripts.PAUSE.call(self._keys, pause.channel, seconds, PAUSES_SECONDS)


def _paused(_: ReadPaused, answer: Any) -> Paused:
    pairs = zip(answer[::2], answer[1::2], strict=True)
    return {channel.decode(): float(left) if left else None for channel, left in pairs}


pause_readers: dict[type, Callable[[Any, Any], object]] = {
    Resume: lambda _, was_paused: bool(was_paused),
    ReadPaused: _paused,
}
