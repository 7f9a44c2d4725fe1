"""The format of entries in queues and inboxes.

Queue entry    16-byte header (sent_at, expires_at: big-endian doubles, the store's clock in seconds), written by the
               store, then the body: [content, turn, session_state], with tracing [content, turn, session_state, trace].
Inbox entry    one kind byte in clear, then the body:

  kind  body                                    meaning
  S     [local, turn, replies, session_state]   a settlement: replies, new session state (nil: as before), turn
  D     [local, content]                        a message for one connection; 8 random bytes in clear before it
  G     [group, content]                        a message for the members of a group in this inbox; the same.
                                                With tracing: [group, content, trace]
  J, L  [group, local]                          a connection joins, leaves a group
  K     [local, turn]                           the consumer of this turn is still running
  X     [local, turn]                           the worker that had taken this turn's message has expired
  C     [command]                               a command of an operator to the interface server, see `commands`

Bodies are msgpack, sealed by the layer's cipher where it has one. Names, header and kind stay in clear.

The random bytes identify an entry: one that was written twice, because an answer was lost, counts once.
"""

import os
import struct
from collections.abc import Callable, Sequence
from typing import Any

from .codec import pack, unpack
from .contract import Content, Envelope
from .encryption import Cipher, NoCipher
from .errors import DecodeError

#: sent_at, expires_at.
HEADER = struct.Struct(">dd")


class Kind:
    """The kind byte of an inbox entry, in clear so that the store can tell what it may refuse."""

    SETTLED = b"S"
    DELIVERY = b"D"
    GROUP = b"G"
    JOIN = b"J"
    LEAVE = b"L"
    KEPT = b"K"
    LOST = b"X"
    COMMAND = b"C"


#: The kinds that an inbox refuses above its capacity; all others are always accepted.
REFUSABLE = (Kind.DELIVERY, Kind.GROUP)
#: Random bytes behind the kind of a delivery or group message.
UNIQUE_BYTES = 8


def sent_at(entry: bytes) -> float:
    """Return when a queue entry was sent, by the store's clock in seconds."""
    return float(HEADER.unpack_from(entry)[0])


def is_expired(entry: bytes, now: float) -> bool:
    """Return whether a queue entry is too old at `now` (the store's clock); a damaged one never is."""
    return len(entry) >= HEADER.size and bool(HEADER.unpack_from(entry)[1] <= now)


class EntryCodec:
    """Writes and reads entries, with the cipher of one layer."""

    def __init__(self, cipher: Cipher | None = None) -> None:
        self._pack: Callable[[object], bytes] = pack
        self._unpack: Callable[[bytes], Any] = unpack
        self._unpack_aged: Callable[[bytes], Any] = unpack
        if cipher is not None and not isinstance(cipher, NoCipher):
            self._pack = lambda value: cipher.seal(pack(value))
            self._unpack = lambda data: unpack(cipher.open(data))
            self._unpack_aged = lambda data: unpack(cipher.open(data, is_aged=True))

    def queue_body(self, envelope: Envelope) -> bytes:
        """Encode the body of a queue entry."""
        if envelope.trace is None:
            return self._pack((envelope.content, envelope.turn, envelope.session_state))
        return self._pack((envelope.content, envelope.turn, envelope.session_state, envelope.trace))

    def open_queue_entry(self, channel: str, entry: bytes, *, is_aged: bool = False) -> Envelope:
        """Decode a queue entry; `is_aged`: it was taken some time ago.

        Raises:
            DecodeError: it is damaged, foreign, or sealed with an unknown key.
        """
        open_body = self._unpack_aged if is_aged else self._unpack
        match open_body(entry[HEADER.size :]):
            case [dict() as content, (int() | None) as turn, (bytes() | None) as session_state]:
                return Envelope(channel, content, turn, session_state)
            case [dict() as content, (int() | None) as turn, (bytes() | None) as session_state, dict() as trace]:
                return Envelope(channel, content, turn, session_state, trace)
        raise DecodeError(f"an entry of channel {channel!r} is not a message")

    def settled(self, local: str, turn: int, replies: Sequence[Content], session_state: bytes | None) -> bytes:
        """Encode the end of a turn."""
        return Kind.SETTLED + self._pack((local, turn, replies, session_state))

    def delivery(self, local: str, content: Content) -> bytes:
        """Encode a message for one connection."""
        return Kind.DELIVERY + os.urandom(UNIQUE_BYTES) + self._pack((local, content))

    def group(self, group: str, content: Content, trace: dict[str, str] | None = None) -> bytes:
        """Encode a group message."""
        fields = (group, content) if trace is None else (group, content, trace)
        return Kind.GROUP + os.urandom(UNIQUE_BYTES) + self._pack(fields)

    def join(self, group: str, local: str) -> bytes:
        """Encode that a connection joins a group."""
        return Kind.JOIN + self._pack((group, local))

    def leave(self, group: str, local: str) -> bytes:
        """Encode that a connection leaves a group."""
        return Kind.LEAVE + self._pack((group, local))

    def kept(self, local: str, turn: int) -> bytes:
        """Encode that a turn's consumer is still running."""
        return Kind.KEPT + self._pack((local, turn))

    def lost(self, local: str, turn: int) -> bytes:
        """Encode that a turn will not be settled."""
        return Kind.LOST + self._pack((local, turn))

    def command(self, content: Content) -> bytes:
        """Encode a command of an operator."""
        return Kind.COMMAND + self._pack((content,))

    def stored(self, value: str | bytes) -> bytes:
        """Encode a part of a socket's registration."""
        return self._pack(value)

    def open_stored(self, data: bytes) -> str | bytes:
        """Decode the result of `stored`, of any age.

        Raises:
            DecodeError: it is damaged, foreign, or sealed with an unknown key.
        """
        value = self._unpack_aged(data)
        if not isinstance(value, (str, bytes)):
            raise DecodeError("what is stored of a socket is neither str nor bytes")
        return value

    def open_inbox_entry(self, entry: bytes) -> tuple[bytes, Sequence[Any]]:
        """Return an inbox entry's kind and fields; `inbox` narrows the fields.

        Raises:
            DecodeError: it is damaged, foreign, or sealed with an unknown key.
        """
        kind = entry[:1]
        fields = self._unpack(entry[1 + UNIQUE_BYTES :] if kind in REFUSABLE else entry[1:])
        if not isinstance(fields, list):
            raise DecodeError("an inbox entry is not a list of fields")
        return kind, fields
