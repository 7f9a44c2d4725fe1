"""Pauses of channels, as plain data: workers stop taking messages from a channel until it is resumed, or for a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from .operation import Operation

#: The longest pause with a duration, in seconds: a year.
MAX_PAUSE_SECONDS = 366 * 86_400.0

#: Paused channels, each with the seconds until its pause ends; None: it has no end.
Paused = Mapping[str, float | None]


@dataclass(slots=True)
class Pause(Operation[None]):
    """Pause a channel for `seconds`, None: until it is resumed. A pause before is replaced."""

    channel: str
    seconds: float | None


@dataclass(slots=True)
class Resume(Operation[bool]):
    """End the pause of a channel. Result: whether it was paused (bool)."""

    channel: str


@dataclass(slots=True)
class ReadPaused(Operation[Paused]):
    """Return the paused channels."""
