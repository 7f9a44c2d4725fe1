"""Messages to bytes and back: msgpack, as strict on the way in as on the way out, and optionally encrypted.

`check_content` is the one definition of a message that can be sent: a message that it accepts can be packed into every
entry of `entries`, and is unpacked unchanged. `Any` ends here: the result of `unpack` is narrowed by `entries`.
"""

from typing import Any

import msgpack

from .errors import DecodeError, EncodeError, MessageTooLarge

#: Longest encoded message, in bytes. Redis would take 512 MiB; large bodies travel in pieces instead.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
#: Longest encoded entry, in bytes: a message with its turn, its connection's name and its session state (64 KiB).
MAX_ENTRY_BYTES = MAX_MESSAGE_BYTES + 128 * 1024
#: Deepest nesting of dicts and lists in a message, itself included. msgpack stops at 511, Python's stack not far above.
MAX_DEPTH = 100

_SCALARS = (str, bytes, int, float, bool, type(None))
_PLAIN = frozenset(_SCALARS)
#: Least and greatest integer that msgpack holds.
_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
#: What msgpack adds to a pair of bytes, at most.
_PAIR_BYTES = 11
#: Characters and bytes up to which a message of usual values is certainly short enough.
_SHORT = 1024 * 1024
#: Longest part of a wrong key that an error shows, in characters.
_SHOWN_KEY = 60


def check_content(content: object) -> None:
    """Check that a message can be sent: a dict of str, bytes, int of 64 bits, float, bool, None, list and dict.

    Raises:
        EncodeError: it cannot be sent; names the first key with a wrong value.
        MessageTooLarge: it is longer than `MAX_MESSAGE_BYTES`.
    """
    if type(content) is dict and _is_short_and_usual(content):
        return
    if not isinstance(content, dict):
        raise EncodeError(f"a message is a dict, not a {type(content).__name__}")
    if not _has_sendable_types(content, MAX_DEPTH):
        _explain(content, "message", MAX_DEPTH)
    try:
        size = len(msgpack.packb(content, use_bin_type=True))
    except (TypeError, ValueError, OverflowError) as error:
        _explain(content, "message", MAX_DEPTH)
        raise EncodeError(f"the message cannot be encoded: {error}") from error
    if size > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(f"the message is {size} bytes long; at most {MAX_MESSAGE_BYTES} are allowed")


def _is_short_and_usual(content: dict[Any, Any]) -> bool:
    """Return whether a message is one of the usual ones, which need no further checks: a hot path."""
    size = len(content)
    for key, value in content.items():
        kind = type(value)
        if type(key) is not str or not key.isascii():
            return False
        if kind is str:
            if not value.isascii():
                return False
            size += len(value)
        elif kind is bytes:
            size += len(value)
        elif kind is list:  # the headers of a response
            for pair in value:
                if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not bytes or type(pair[1]) is not bytes:
                    return False
                size += len(pair[0]) + len(pair[1]) + _PAIR_BYTES
        elif kind is int:
            if not 0 <= value <= _MAX_INT:
                return False
        elif value is not None and kind is not bool:
            return False
        size += len(key)
    return size < _SHORT


def _has_sendable_types(value: object, depth: int) -> bool:
    """Return whether all types can be sent. A hot path: if one cannot, `_explain` finds the reason."""
    if isinstance(value, dict):
        return depth > 0 and all(
            [
                isinstance(key, str) and (type(item) in _PLAIN or _has_sendable_types(item, depth - 1))
                for key, item in value.items()
            ]
        )
    if isinstance(value, (list, tuple)):
        return (
            depth > 0
            and not isinstance(value, msgpack.ExtType)
            and all([type(item) in _PLAIN or _has_sendable_types(item, depth - 1) for item in value])
        )
    return isinstance(value, _SCALARS)


def _explain(value: object, where: str, depth: int) -> None:
    if isinstance(value, (dict, list, tuple)) and depth == 0:
        raise EncodeError(f"{where} is nested deeper than {MAX_DEPTH} dicts and lists")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise EncodeError(f"{where}[{_shown(key)}]: keys of a message are str, not {type(key).__name__}")
            _explain(key, f"the key {_shown(key)} of {where}", depth)
            _explain(item, f"{where}[{_shown(key)}]", depth - 1)
    elif isinstance(value, (list, tuple)) and not isinstance(value, msgpack.ExtType):
        for index, item in enumerate(value):
            _explain(item, f"{where}[{index}]", depth - 1)
    elif not isinstance(value, _SCALARS):
        raise EncodeError(
            f"{where} is of type {type(value).__name__} and cannot be sent: "
            "use str, bytes, int, float, bool, None, list or dict"
        )
    elif isinstance(value, int) and not _MIN_INT <= value <= _MAX_INT:
        raise EncodeError(f"{where} is an int below -2**63 or above 2**64 - 1 and cannot be sent: use a str")
    elif isinstance(value, str) and not _is_unicode(value):
        raise EncodeError(f"{where} is a str with a lone surrogate, which is not valid Unicode and cannot be sent")


def _shown(key: object) -> str:
    shown = repr(key)
    return shown if len(shown) <= _SHOWN_KEY else f"{shown[:_SHOWN_KEY]}..."


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def pack(value: object) -> bytes:
    """Encode a value of plain types: an entry, or a part of one.

    Raises:
        EncodeError: it holds something else, an int over 64 bits, or text that is not valid Unicode.
        MessageTooLarge: it is longer than `MAX_ENTRY_BYTES`.
    """
    try:
        data: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EncodeError(f"the message cannot be encoded: {error}") from error
    if len(data) > MAX_ENTRY_BYTES:
        raise MessageTooLarge(f"the entry is {len(data)} bytes long; at most {MAX_ENTRY_BYTES} are allowed")
    return data


def unpack(data: bytes) -> Any:
    """Decode what `pack` made.

    Raises:
        DecodeError: the bytes are not a packed value, or are more than `MAX_ENTRY_BYTES`.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise DecodeError(f"{len(data)} bytes: an entry has at most {MAX_ENTRY_BYTES}")
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True, ext_hook=_refuse_extension)
    except Exception as error:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        reason = str(error) or type(error).__name__  # some of its own have no text
        raise DecodeError(f"{len(data)} bytes that are not a message: {reason}") from error


def _refuse_extension(code: int, data: bytes) -> None:
    raise ValueError(f"an extension of type {code}, which is never sent")
