"""Frames of WebSocket clients."""

import struct

#: A mask that changes nothing, so that a test can read the frame. RFC 6455 allows it.
ZEROS = bytes(4)


def frame(
    opcode: int, payload: bytes = b"", *, is_last: bool = True, reserved: int = 0, mask: bytes | None = ZEROS
) -> bytes:
    """Return a frame; `reserved` are the bits RSV1 (4), RSV2 (2), RSV3 (1). Without a mask no server may accept it."""
    first = (128 if is_last else 0) | reserved << 4 | opcode
    marked = 0 if mask is None else 128
    if len(payload) < 126:
        head = bytes([first, marked | len(payload)])
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, marked | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, marked | 127, len(payload))
    return head + (payload if mask is None else mask + masked(payload, mask))


def masked(payload: bytes, mask: bytes) -> bytes:
    """Mask, or unmask, a payload."""
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")
