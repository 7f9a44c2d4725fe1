"""Channel and group names: the rules for them, and their parts.

A channel name is ASCII letters, digits, `.`, `-`, `_`, shorter than 100 characters, with at most one type character:
`?` (one reader, made by `new_channel`) or `!` (owned by a process: `inbox!local`). Group names have no type character.
"""

import os
import re
import secrets
import socket

from .errors import InvalidName

#: Names are shorter than this, in characters (the limit of the 1.x base layer).
MAX_NAME_LENGTH = 100
#: Random bytes in a generated name: 96 bits, not guessable, 16 characters of the allowed alphabet.
RANDOM_BYTES = 12

_CHANNEL = re.compile(r"[a-zA-Z0-9\-_.]+(\?[a-zA-Z0-9\-_.]*|![a-zA-Z0-9\-_.]*)?\Z", re.ASCII)
_GROUP = re.compile(r"[a-zA-Z0-9\-_.]+\Z", re.ASCII)


def check_channel_name(name: object) -> str:
    """Return `name` if it is a channel name.

    Raises:
        InvalidName: it is not a str, too long, or has a character that is not allowed.
    """
    if isinstance(name, str) and len(name) < MAX_NAME_LENGTH and _CHANNEL.match(name):
        return name
    raise InvalidName(
        f"channel name {name!r} is not valid: use 1 to {MAX_NAME_LENGTH - 1} ASCII letters, digits, '.', '-', '_', "
        "with at most one '?' or '!' after the first part"
    )


def check_group_name(name: object) -> str:
    """Return `name` if it is a group name.

    Raises:
        InvalidName: it is not a str, too long, or has a character that is not allowed.
    """
    if isinstance(name, str) and len(name) < MAX_NAME_LENGTH and _GROUP.match(name):
        return name
    raise InvalidName(
        f"group name {name!r} is not valid: use 1 to {MAX_NAME_LENGTH - 1} ASCII letters, digits, '.', '-', '_'; "
        "towpath.group_name makes a name of any text"
    )


def split_local(channel: str) -> tuple[str, str]:
    """Split `inbox!local` into (`inbox!`, `local`); a channel without `!` gives (channel, "")."""
    inbox, mark, local = channel.partition("!")
    return inbox + mark, local


def is_inbox(channel: str) -> bool:
    """Return whether `channel` is process-specific, that is, holds a `!`."""
    return "!" in channel


def random_token() -> str:
    """Return 16 unguessable characters that are allowed in names."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def new_reader_name() -> str:
    """Return an unused name for a reader, with its host and process for readers of logs."""
    return f"{socket.gethostname()}:{os.getpid()}:{random_token()}"


def new_channel_name(pattern: object) -> str:
    """Return a new single-reader channel name that begins with `pattern`.

    Raises:
        InvalidName: `pattern` is not a channel name that ends in `?`.
    """
    if not (isinstance(pattern, str) and pattern.endswith("?")):
        raise InvalidName(f"new_channel() takes a pattern that ends in '?', not {pattern!r}")
    return check_channel_name(pattern + random_token())
