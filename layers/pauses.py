"""Pauses of channels, as plain data: workers stop taking messages from a channel until it is resumed, or for a time."""

from collections.abc import Mapping
from typing import NamedTuple

#: The longest pause with a duration, in seconds: a year.
MAX_PAUSE_SECONDS = 366 * 86_400.0

#: Paused channels, each with the seconds until its pause ends; None: it has no end.
Paused = Mapping[str, float | None]


class Pause(NamedTuple):
    """Pause a channel for `seconds`, None: until it is resumed. A pause before is replaced. Result: None."""

    channel: str
    seconds: float | None


class Resume(NamedTuple):
    """End the pause of a channel. Result: whether it was paused (bool)."""

    channel: str


class ReadPaused(NamedTuple):
    """Look for the channels that are paused. Result: `Paused`."""
