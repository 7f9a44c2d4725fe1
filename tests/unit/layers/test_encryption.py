"""Sealing bodies: keys that rotate, tokens that grow old, settings that are wrong."""

import sys
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from cryptography.fernet import Fernet

from towpath.layers.encryption import CLOCK_TOLERANCE_SECONDS, FernetCipher, NoCipher
from towpath.layers.errors import ConfigurationError, DecodeError

BODY = b"\x00body\xff"


def test_what_is_sealed_can_be_opened_and_does_not_show_the_body() -> None:
    cipher = FernetCipher(["key"], 60)
    sealed = cipher.seal(BODY)
    assert b"body" not in sealed
    assert cipher.open(sealed) == BODY


def test_every_key_opens_and_the_first_seals() -> None:
    before, during, after = FernetCipher(["old"], 60), FernetCipher(["new", "old"], 60), FernetCipher(["new"], 60)
    assert during.open(before.seal(BODY)) == BODY
    assert after.open(during.seal(BODY)) == BODY
    with pytest.raises(DecodeError):
        after.open(before.seal(BODY))


def test_a_key_is_the_digest_of_what_was_given_so_that_1_x_keys_stay() -> None:
    fernet = Fernet(urlsafe_b64encode(sha256(b"key").digest()))
    assert FernetCipher(["key"], 60).open(fernet.encrypt(BODY)) == BODY
    assert FernetCipher([b"key"], 60).open(fernet.encrypt(BODY)) == BODY


def test_what_is_too_old_is_refused() -> None:
    now = int(time.time())
    fernet = Fernet(urlsafe_b64encode(sha256(b"key").digest()))
    cipher = FernetCipher(["key"], 59.5)
    limit = 60 + CLOCK_TOLERANCE_SECONDS
    assert cipher.open(fernet.encrypt_at_time(BODY, now - limit + 5)) == BODY
    with pytest.raises(DecodeError, match="older than 70 s"):
        cipher.open(fernet.encrypt_at_time(BODY, now - limit - 1))


@pytest.mark.parametrize("sealed", [b"", b"junk", b"\xff" * 90])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(DecodeError):
        FernetCipher(["key"], 60).open(sealed)


def test_what_was_changed_is_refused() -> None:
    cipher = FernetCipher(["key"], 60)
    sealed = bytearray(cipher.seal(BODY))
    sealed[40] ^= 1
    with pytest.raises(DecodeError):
        cipher.open(bytes(sealed))


@pytest.mark.parametrize("keys", ["a bare string", b"bytes", [], [""], ["key", None], [5], {"key": 1}, 5])
def test_keys_are_a_list_of_texts_and_an_error_does_not_show_them(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="symmetric_encryption_keys") as caught:
        FernetCipher(keys, 60)
    assert "bare string" not in str(caught.value)


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(ConfigurationError, match=r"towpath\[encryption\]"):
        FernetCipher(["key"], 60)


def test_no_cipher_changes_nothing() -> None:
    assert NoCipher().open(NoCipher().seal(BODY)) == BODY
