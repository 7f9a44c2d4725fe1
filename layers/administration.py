"""Orders of operators to the processes of a layer: pauses of channels, commands to interface servers.

See `towpath.operations`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from .names import check_channel_name
from .operations.inboxes import INBOX_CAPACITY, PushInbox
from .operations.operation import Execute
from .operations.pauses import MAX_PAUSE_SECONDS, Pause, Paused, ReadPaused, Resume


class Administration:
    """Sends orders through the store of one layer. Each method raises `LayerUnavailable` if it is unavailable."""

    def __init__(self, execute: Execute, encode: Callable[[dict[str, Any]], bytes]) -> None:
        """`encode` makes an inbox entry of a command."""
        self._execute = execute
        self._encode = encode

    def command(self, inboxes: Sequence[str], content: dict[str, Any]) -> None:
        """Put a command (see `commands`) into the inboxes of interface servers, in one round trip.

        Raises:
            EncodeError: the content cannot be encoded.
        """
        entry = self._encode(content)
        self._execute([PushInbox(inbox, [entry], INBOX_CAPACITY) for inbox in inboxes])

    def pause(self, channel: str, seconds: float | None = None) -> None:
        """Stop workers from taking messages of a channel, for `seconds` or until it is resumed; effective within 2 s.

        Raises:
            InvalidName: the name is not one of a channel.
            ValueError: `seconds` is not above 0, or longer than a year.
        """
        if seconds is not None and not 0 < seconds <= MAX_PAUSE_SECONDS:
            raise ValueError(f"a pause lasts more than 0 seconds and at most a year, not {seconds!r} seconds")
        self._execute([Pause(check_channel_name(channel), seconds)])

    def resume(self, channel: str) -> bool:
        """Let workers take messages from a channel again; return whether it was paused.

        Raises:
            InvalidName: the name is not one of a channel.
        """
        return self._execute([Resume(check_channel_name(channel))])[0]

    def paused(self) -> Paused:
        """Return the channels that are paused."""
        return self._execute([ReadPaused()])[0]
