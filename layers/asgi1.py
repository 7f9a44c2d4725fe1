"""Attributes of a channel layer that ASGI 1 and asgiref's base layer define, in addition to those of `ChannelLayer`.

Code of Channels 1.x catches `layer.ChannelFull`, extends `layer.extensions`, and checks names through its layer.
"""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import errors
from .names import check_channel_name, check_group_name, is_inbox


class Asgi1Attributes:
    """The errors, extensions and checks of names that every layer has."""

    ChannelFull = errors.ChannelFull
    MessageTooLarge = errors.MessageTooLarge

    #: The extensions of ASGI 1 that the layer has. Each instance has a list of its own.
    extensions: list[str] = ["groups", "flush", "statistics", "edge"]  # a list in ASGI 1

    if TYPE_CHECKING:

        def receive(
            self, channels: Sequence[str], block: bool = False
        ) -> tuple[str, dict[str, Any]] | tuple[None, None]: ...

    def receive_many(
        self, channels: Sequence[str], block: bool = False
    ) -> tuple[str, dict[str, Any]] | tuple[None, None]:
        """Take one message from the channels: the old name of `receive`, deprecated since asgiref 1.1."""
        warnings.warn("receive_many() is deprecated: write receive()", DeprecationWarning, stacklevel=2)
        return self.receive(channels, block)

    def valid_channel_name(self, name: object, receive: bool = False) -> bool:
        """Return True if messages can be sent to a channel of this name; with `receive`, if they can be received there.

        Raises:
            InvalidName: they cannot (a TypeError).
        """
        checked = check_channel_name(name)
        if checked.endswith("?"):
            raise errors.InvalidName(f"channel name {name!r} is a pattern: new_channel({name!r}) returns a channel")
        if receive and is_inbox(checked) and not checked.endswith("!"):
            raise errors.InvalidName(f"receive from {checked.partition('!')[0]}!, not from {name!r}")
        return True

    def valid_channel_names(self, names: Sequence[object], receive: bool = False) -> bool:
        """Return True if `valid_channel_name` does for each of the names.

        Raises:
            InvalidName: one is not valid, or there are none.
        """
        if not names or isinstance(names, str):
            raise errors.InvalidName(f"a list of channel names is needed, not {names!r}")
        return all(self.valid_channel_name(name, receive) for name in names)

    def valid_group_name(self, name: object) -> bool:
        """Return True if `name` is a group name.

        Raises:
            InvalidName: it is not (a TypeError).
        """
        return bool(check_group_name(name))
