"""Positions in the history of a group, as signed text that a page can hold. Plain logic.

The text is the offset in hexadecimal, the epoch and a signature, separated by dots: positions of one epoch sort as
their offsets do, and hold only letters, digits, `.`, `-` and `_`. The signature covers the name of the group.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from ..errors import BadPosition, ConfigurationError

#: Signs this use of a key only.
_PURPOSE = b"towpath.layers.history.positions:"
#: Bytes of a signature.
SIGNATURE_BYTES = 15
#: Longest part of a wrong position that an error shows, in characters.
_SHOWN = 40

_TEXT = re.compile(r"([0-9a-f]{14})\.([0-9A-Za-z_-]{16})\.([0-9A-Za-z_-]{20})\Z", re.ASCII)

#: Returns the keys: the first one signs, every one verifies.
Keys = Callable[[], Sequence[str | bytes]]


class Position(NamedTuple):
    """A place in a group's history: behind the message with this offset, 0 before the first one.

    Offsets of different epochs cannot be compared: a new epoch begins when the store has lost the history.
    """

    epoch: str
    offset: int


class Positions:
    """Signs and reads positions, with the keys of one layer."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def text(self, group: str, position: Position) -> str:
        """Return a position of a group as signed text.

        Raises:
            ConfigurationError: there is no key.
        """
        unsigned = f"{position.offset:014x}.{position.epoch}"
        return f"{unsigned}.{_signature(self._all_keys()[0], group, unsigned)}"

    def read(self, group: str, text: object) -> Position:
        """Return the position that `text` of this method's counterpart describes.

        Raises:
            BadPosition: it is not a position of this group, or was signed with another key.
            ConfigurationError: there is no key.
        """
        found = _TEXT.match(text) if isinstance(text, str) else None
        if found is None:
            shown = repr(text) if not isinstance(text, str) or len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."
            raise BadPosition(f"{shown[:200]} is not a position: pass what Group({group!r}).position() has returned")
        offset, epoch, signature = found.groups()
        unsigned = f"{offset}.{epoch}"
        for key in self._all_keys():
            if hmac.compare_digest(_signature(key, group, unsigned), signature):
                return Position(epoch, int(offset, 16))
        raise BadPosition(
            f"position {unsigned!r} is not signed for group {group!r}: it is of another group, forged, or older than a "
            "change of the keys (SECRET_KEY; keep the old one in SECRET_KEY_FALLBACKS)"
        )

    def _all_keys(self) -> Sequence[str | bytes]:
        keys = self._keys()
        if not keys:
            raise ConfigurationError(
                "positions of groups are signed, and there is no key: set SECRET_KEY, or 'position_keys' in CONFIG of "
                "the channel layer"
            )
        return keys


def checked_keys(keys: object) -> Sequence[str | bytes]:
    """Return the value of the layer option `position_keys`.

    Raises:
        ConfigurationError: it is not a list of non-empty str or bytes. Does not show the keys.
    """
    if not isinstance(keys, (list, tuple)) or not keys:
        raise ConfigurationError(f"position_keys is a list of keys, not a {type(keys).__name__}")
    for index, key in enumerate(keys):
        if not isinstance(key, (str, bytes)) or not key:
            raise ConfigurationError(f"position_keys[{index}] is not a str or bytes with a key in it")
    return keys


def _signature(key: str | bytes, group: str, unsigned: str) -> str:
    secret = sha256(_PURPOSE + (key.encode() if isinstance(key, str) else key)).digest()
    digest = hmac.digest(secret, f"{group}:{unsigned}".encode(), "sha256")
    return urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode()
