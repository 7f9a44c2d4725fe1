"""Commands in Redis's own protocol, packed by hiredis: an order of magnitude cheaper than in Python."""

from collections.abc import Iterable

import hiredis

from .scripts import Command


def pack(commands: Iterable[Command]) -> bytes:
    """Return the bytes that ask for these commands, in order; arguments are str, bytes, int or float."""
    return b"".join(map(hiredis.pack_command, commands))
