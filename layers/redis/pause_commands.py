"""Operations about pauses as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from typing import Any

from ..keys import Keys
from ..operations.pauses import Pause, Paused, ReadPaused, Resume
from . import scripts
from .scripts import Command
from .table import Lifetimes, Row, Table, as_bool

#: TTL of the pauses after the last order, in seconds: longer than any pause with a duration.
PAUSES_SECONDS = 400 * 86_400


def _paused(_: ReadPaused, answer: Any) -> Paused:
    pairs = zip(answer[::2], answer[1::2], strict=True)
    return {channel.decode(): float(left) if left else None for channel, left in pairs}


class PauseCommands:
    """The operations of `pauses` for one layer."""

    def __init__(self, keys: Keys, _: Lifetimes) -> None:
        self._keys = [keys.pauses()]

    def _pause(self, pause: Pause) -> Command:
        seconds = "" if pause.seconds is None else pause.seconds
        return scripts.PAUSE.call(self._keys, pause.channel, seconds, PAUSES_SECONDS)

    def _resume(self, resume: Resume) -> Command:
        return scripts.RESUME.call(self._keys, resume.channel)

    def _read(self, _: ReadPaused) -> Command:
        return scripts.PAUSED.call(self._keys)

    table: Table = {
        Pause: Row(_pause),
        Resume: Row(_resume, as_bool),
        ReadPaused: Row(_read, _paused),
    }
