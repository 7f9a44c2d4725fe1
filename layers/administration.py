"""Orders of operators to the processes of a layer: channels that workers stop taking from. See `towpath.operations`."""

from collections.abc import Callable, Sequence
from typing import cast

from .names import check_channel_name
from .operations import Operation
from .pauses import MAX_PAUSE_SECONDS, Pause, Paused, ReadPaused, Resume


class Administration:
    """Gives orders through the store of one layer. Each method raises `LayerUnavailable` if it is unavailable."""

    def __init__(self, execute: Callable[[Sequence[Operation]], Sequence[object]]) -> None:
        self._execute = execute

    def pause(self, channel: str, seconds: float | None = None) -> None:
        """Let workers take nothing from a channel, for `seconds` or until it is resumed. They learn it within 2 s.

        Raises:
            InvalidName: the name is not one of a channel.
            ValueError: `seconds` is not above 0, or longer than a year.
        """
        if seconds is not None and not 0 < seconds <= MAX_PAUSE_SECONDS:
            raise ValueError(f"a pause lasts more than 0 seconds and at most a year, not {seconds!r} seconds")
        self._execute([Pause(check_channel_name(channel), seconds)])

    def resume(self, channel: str) -> bool:
        """Let workers take from a channel again; return whether it was paused.

        Raises:
            InvalidName: the name is not one of a channel.
        """
        return bool(self._execute([Resume(check_channel_name(channel))])[0])

    def paused(self) -> Paused:
        """Return the channels that are paused."""
        return cast(Paused, self._execute([ReadPaused()])[0])
