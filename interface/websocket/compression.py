"""permessage-deflate (RFC 7692): the agreement with a client, and the compression of frames that are sent.

No context is kept between messages, on either side: an idle socket holds no window, and a frame for many sockets is
compressed once. The client's offer is parsed here, strictly; Autobahn negotiates with an offer made from it, and
inflates within the bound of a message (see `compressed`). Plain logic.
"""

import re
import struct
import zlib
from collections.abc import Sequence
from inspect import signature
from typing import NamedTuple

from autobahn.websocket.compress import PerMessageDeflate

from towpath.layers.errors import ConfigurationError

EXTENSION = b"permessage-deflate"
#: Windows of raw deflate that zlib can make, as powers of two; 8 is allowed by the RFC, and not by zlib.
LEAST_WINDOW_BITS, MOST_WINDOW_BITS = 9, 15
#: The event loop compresses, so speed counts; and 5 is enough for windows of a few KiB.
LEVEL, MEMORY_LEVEL = 1, 5


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text.replace(b"TOKEN", rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"))


#: RFC 6455, 9.1: one extension with its parameters, or none between two commas; and the parameters one by one.
_EXTENSION = _pattern(rb'[ \t]*(?:(TOKEN)((?:[ \t]*;[ \t]*TOKEN(?:[ \t]*=[ \t]*(?:TOKEN|"TOKEN"))?)*))?[ \t]*(?:,|\Z)')
_PARAMETERS = _pattern(rb';[ \t]*(TOKEN)(?:[ \t]*=[ \t]*(?:(TOKEN)|"(TOKEN)"))?')
_WINDOW_BITS = re.compile(rb"[89]|1[0-5]")


def room_for(max_message_bytes: int) -> int:
    """Return the length, compressed or inflated, above which Autobahn refuses a message.

    Data that deflate cannot shorten becomes a little longer. And zlib may stop at a bound with a few hundred bytes
    unread, which Autobahn takes for the end: the message would lack them.
    """
    return max_message_bytes + max_message_bytes // 128 + 1024


Parameters = Sequence[tuple[bytes, bytes | None]]


class Agreement(NamedTuple):
    """The window sizes of client and server, as powers of two."""

    #: The window that the server compresses with; None: the client has set no limit.
    server_window_bits: int | None
    #: The largest window that the client may use; None: it cannot be limited, and may use the largest of all.
    client_window_bits: int | None

    @property
    def offer(self) -> str:
        """The offer that makes Autobahn agree to this."""
        parts = [EXTENSION.decode(), "server_no_context_takeover", "client_no_context_takeover"]
        if self.server_window_bits is not None:
            parts.append(f"server_max_window_bits={self.server_window_bits}")
        if self.client_window_bits is not None:
            parts.append("client_max_window_bits")
        return "; ".join(parts)


def agree(values: Sequence[bytes], most_window_bits: int) -> Agreement | None:
    """Return the agreement on the first acceptable offer of Sec-WebSocket-Extensions, or None.

    A header that is malformed offers nothing.
    """
    for name, parameters in _offers(b",".join(values)):
        if name.lower() == EXTENSION:
            agreement = _agreement(parameters, most_window_bits)
            if agreement is not None:
                return agreement
    return None


def _offers(header: bytes) -> list[tuple[bytes, Parameters]]:
    found: list[tuple[bytes, Parameters]] = []
    at = 0
    while at < len(header):
        match = _EXTENSION.match(header, at)
        if match is None:
            return []
        if match[1] is not None:
            parameters = [
                (key.lower(), plain or quoted or None) for key, plain, quoted in _PARAMETERS.findall(match[2])
            ]
            found.append((match[1], parameters))
        at = match.end()
    return found


def _agreement(parameters: Parameters, most_window_bits: int) -> Agreement | None:
    given = dict(parameters)
    if len(given) != len(parameters):
        return None
    no_contexts = [given.pop(f"{side}_no_context_takeover".encode(), None) for side in ("server", "client")]
    if any(value is not None for value in no_contexts):
        return None
    server = client = None
    if b"server_max_window_bits" in given:
        server = _window_bits(given.pop(b"server_max_window_bits"))
        if server is None or server < LEAST_WINDOW_BITS:
            return None
        server = min(server, most_window_bits)
    if b"client_max_window_bits" in given:
        value = given.pop(b"client_max_window_bits")
        wanted = MOST_WINDOW_BITS if value is None else _window_bits(value)
        if wanted is None:
            return None
        client = min(wanted, most_window_bits) if wanted >= LEAST_WINDOW_BITS else None
    return None if given else Agreement(server, client)


def _window_bits(value: bytes | None) -> int | None:
    return int(value) if value is not None and _WINDOW_BITS.fullmatch(value) is not None else None


class Deflater:
    """Compresses frames for all sockets of one process."""

    def __init__(self, window_bits: int, min_bytes: int) -> None:
        """Messages below `min_bytes` are not compressed.

        Raises:
            ConfigurationError: the installed Autobahn would inflate a small message to any size.
        """
        if "max_output_len" not in signature(PerMessageDeflate.decompress_message_data).parameters:
            raise ConfigurationError("compression needs autobahn 26.7.1 or newer: older ones inflate without a bound")
        self.window_bits = window_bits
        self._min_bytes = min_bytes
        #: For each window, the latest frame and its compressed form: a group sends one frame to many sockets.
        self._latest: dict[int, tuple[bytes, bytes]] = {}

    def compressed(self, frame: bytes, window_bits: int | None) -> bytes:
        """Return a server's unfragmented frame compressed, or itself where that is not shorter."""
        bits = self.window_bits if window_bits is None else window_bits
        latest = self._latest.get(bits)
        if latest is not None and latest[0] is frame:
            return latest[1]
        made = self._compress(frame, bits)
        self._latest[bits] = (frame, made)
        return made

    def _compress(self, frame: bytes, bits: int) -> bytes:
        payload = frame[{126: 4, 127: 10}.get(frame[1], 2) :]
        if len(payload) < self._min_bytes:
            return frame
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -bits, MEMORY_LEVEL)
        # The end of a sync flush is not sent (RFC 7692, 7.2.1).
        short = (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        return _head(frame[0] | 0x40, len(short)) + short if len(short) < len(payload) else frame


def _head(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    return struct.pack("!BBH", first, 126, length) if length < 1 << 16 else struct.pack("!BBQ", first, 127, length)
