"""Messages to bytes and back: msgpack, as strict on the way in as on the way out, and optionally encrypted.

`Any` ends here: what comes out of `unpack` is narrowed by `entries`.
"""

from typing import Any

import msgpack

from .errors import DecodeError, EncodeError, MessageTooLarge

#: Longest encoded message, in bytes. Redis would take 512 MiB; large bodies travel in pieces instead.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_SCALARS = (str, bytes, int, float, bool, type(None))
_PLAIN = frozenset(_SCALARS)


def check_content(content: object) -> None:
    """Check that a message is a dict of values that travel.

    Raises:
        EncodeError: names the first key whose value cannot.
    """
    if not isinstance(content, dict):
        raise EncodeError(f"a message is a dict, not a {type(content).__name__}")
    if not _travels(content):
        _explain(content, "message")


def _travels(value: object) -> bool:
    """Tell whether a value can be sent. A hot path: where it cannot, `_explain` looks again for the reason."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if isinstance(value, dict):
        return all(isinstance(key, str) and (type(item) in _PLAIN or _travels(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all([type(item) in _PLAIN or _travels(item) for item in value])
    return isinstance(value, _SCALARS)


def _explain(value: object, where: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise EncodeError(f"{where}[{key!r}]: keys of a message are str, not {type(key).__name__}")
            _explain(item, f"{where}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _explain(item, f"{where}[{index}]")
    elif not isinstance(value, _SCALARS):
        raise EncodeError(
            f"{where} is a {type(value).__name__} and cannot be sent: "
            "use str, bytes, int, float, bool, None, list or dict"
        )


def pack(value: object) -> bytes:
    """Encode a value of plain types.

    Raises:
        EncodeError: it holds something else, an int over 64 bits, or text that is not valid Unicode.
        MessageTooLarge: it is longer than `MAX_MESSAGE_BYTES`.
    """
    try:
        data: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EncodeError(f"the message cannot be encoded: {error}") from error
    if len(data) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(f"the message is {len(data)} bytes long; at most {MAX_MESSAGE_BYTES} are allowed")
    return data


def unpack(data: bytes) -> Any:
    """Decode what `pack` made.

    Raises:
        DecodeError: the bytes are not that, or are more than `MAX_MESSAGE_BYTES`.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise DecodeError(f"{len(data)} bytes: no message has more than {MAX_MESSAGE_BYTES}")
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True, ext_hook=_refuse_extension)
    except Exception as error:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        reason = str(error) or type(error).__name__  # some of its own have no text
        raise DecodeError(f"{len(data)} bytes that are not a message: {reason}") from error


def _refuse_extension(code: int, data: bytes) -> None:
    raise ValueError(f"an extension of type {code}, which nobody here sends")
