"""Response heads and chunks as bytes of HTTP/1.1. No IO."""

from .pages import reason_of
from .response import ResponseHead

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_STATUS_LINES = {status: f"HTTP/1.1 {status} {reason_of(status)}\r\n".encode("ascii") for status in range(200, 600)}


def encode_head(head: ResponseHead, keeps_open: bool) -> bytes:
    """Encode a head that was checked by `response_head`, with the headers of the connection."""
    lines = [_STATUS_LINES[head.status]]
    lines += [name + b": " + value + b"\r\n" for name, value in head.headers]
    lines.append(b"\r\n" if keeps_open else b"Connection: close\r\n\r\n")
    return b"".join(lines)


def encode_chunk(content: bytes, is_last: bool) -> bytes:
    """Encode content as one chunk (an empty chunk would end the body), with the end of the body if it is the last."""
    chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
    return chunk + LAST_CHUNK if is_last else chunk
