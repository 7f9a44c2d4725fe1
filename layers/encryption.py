"""Encryption of message bodies: access to the store does not give access to the messages.

Names of channels and groups, sending times and the kinds of inbox entries are not encrypted. To rotate keys, put the
new key first, restart all processes, then remove the old one.
"""

import math
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from .errors import ConfigurationError, DecodeError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

#: Seconds, in addition to the layer's expiry, for which a sealed body can be opened: clocks differ a little.
CLOCK_TOLERANCE_SECONDS = 10


class Cipher(Protocol):
    """Seals bodies that are written to the store and opens those that are read from it."""

    def seal(self, body: bytes) -> bytes:
        """Return the stored form of `body`."""

    def open(self, sealed: bytes, *, is_aged: bool = False) -> bytes:
        """Return the body that was sealed; `is_aged`: of any age, since it is state and not a message.

        Raises:
            DecodeError: it was not sealed with one of the keys, was changed since, or is too old.
        """


class NoCipher:
    """Leaves bodies as they are."""

    def seal(self, body: bytes) -> bytes:
        """Return `body` itself."""
        return body

    def open(self, sealed: bytes, *, is_aged: bool = False) -> bytes:
        """Return `sealed` itself."""
        return sealed


class FernetCipher:
    """Seals with Fernet (AES-128 and HMAC); the first key seals, every key opens.

    An entry older than `expiry_seconds` and `CLOCK_TOLERANCE_SECONDS` by this machine's clock is refused, so that a
    copied entry cannot be played back later.

    Raises:
        ConfigurationError: the keys are not a list of non-empty str or bytes, or `cryptography` is not installed.
    """

    def __init__(self, keys: Sequence[str | bytes], expiry_seconds: float) -> None:
        self._fernet = _fernet([_derived(key) for key in _checked_keys(keys)])
        self._expiry_seconds = expiry_seconds

    def seal(self, body: bytes) -> bytes:
        """Return `body` as a Fernet token."""
        return self._fernet.encrypt(body)

    def open(self, sealed: bytes, *, is_aged: bool = False) -> bytes:
        """Return the body of a Fernet token (see `Cipher.open`)."""
        from cryptography.fernet import InvalidToken

        ttl_seconds = None if is_aged else math.ceil(self._expiry_seconds) + CLOCK_TOLERANCE_SECONDS
        try:
            return self._fernet.decrypt(sealed, ttl=ttl_seconds)
        except InvalidToken as error:
            raise DecodeError(
                f"{len(sealed)} bytes that no symmetric_encryption_keys open, or older than {ttl_seconds} s"
            ) from error


def _fernet(keys: Sequence[bytes]) -> "MultiFernet":
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ImportError as error:
        raise ConfigurationError(
            "symmetric_encryption_keys needs the package cryptography: install towpath[encryption]"
        ) from error
    return MultiFernet([Fernet(key) for key in keys])


def _checked_keys(keys: object) -> Sequence[str | bytes]:
    if not isinstance(keys, (list, tuple)) or not keys:
        raise ConfigurationError(f"symmetric_encryption_keys is a list of keys, not a {type(keys).__name__}")
    for position, key in enumerate(keys):
        if not isinstance(key, (str, bytes)) or not key:
            raise ConfigurationError(f"symmetric_encryption_keys[{position}] is not a str or bytes with a key in it")
    return keys


def _derived(key: str | bytes) -> bytes:
    """Return a Fernet key: 32 bytes in URL-safe base64 from a secret of any length."""
    secret = key.encode() if isinstance(key, str) else key
    return urlsafe_b64encode(sha256(secret).digest())
