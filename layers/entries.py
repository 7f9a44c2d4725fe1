"""The format of entries in queues and inboxes.

Queue entry    16-byte header (sent_at, expires_at: big-endian doubles, the store's clock in seconds), written by the
               store, then the body: [content, turn, session_state], with tracing [content, turn, session_state, trace].
Inbox entry    one kind byte in clear, then the body:

  kind  body                                    meaning
  S     [local, turn, replies, session_state]   a settlement: replies, new session state (nil: as before), turn
  D     [local, content]                        a message for one connection; 8 random bytes in clear before it
  G     [group, content]                        a message for the members of a group in this inbox; the same.
                                                With tracing: [group, content, trace]
  H     [group, content]                        the same of a group with a history; before it in clear the random bytes,
                                                its offset (8 bytes, big-endian) and its epoch (16 characters)
  J, L  [group, local]                          a connection joins, leaves a group
  J     [group, local, epoch, offset, has_gap]  joins one with a history: it gets the messages after this offset
  K     [local, turn]                           the consumer of this turn is still running
  X     [local, turn]                           the worker that had taken this turn's message has expired
  C     [command]                               a command of an operator to the interface server, see `commands`

`G` and `H` may have a last field, a list: the reply channels that are not to get the message. An entry of a history is
the random bytes and the body of `H`; its place in the history gives its offset.

Bodies are msgpack, sealed by the layer's cipher where it has one. Names, header and kind stay in clear.

The random bytes identify an entry: one that was written twice, because an answer was lost, counts once.
"""

import os
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .codec import pack, unpack
from .contract import Content, Envelope, Will
from .encryption import Cipher, NoCipher
from .errors import DecodeError
from .history.positions import Position

#: sent_at, expires_at.
HEADER = struct.Struct(">dd")


class Kind:
    """The kind byte of an inbox entry, in clear so that the store can tell what it may refuse."""

    SETTLED = b"S"
    DELIVERY = b"D"
    GROUP = b"G"
    PUBLISHED = b"H"
    JOIN = b"J"
    LEAVE = b"L"
    KEPT = b"K"
    LOST = b"X"
    COMMAND = b"C"


#: The kinds that an inbox refuses above its capacity; all others are always accepted.
REFUSABLE = (Kind.DELIVERY, Kind.GROUP, Kind.PUBLISHED)
#: The kinds of which no two entries of an inbox are equal, unless one was written twice: a settlement names its turn,
#: and the others have random bytes.
UNIQUE = (Kind.SETTLED, Kind.DELIVERY, Kind.GROUP, Kind.PUBLISHED)
#: The kinds that are recognized by their random bytes if they are read twice; `H` is recognized when it is delivered.
REPEATED = (Kind.DELIVERY, Kind.GROUP)
#: Random bytes behind the kind of a delivery or group message.
UNIQUE_BYTES = 8
#: Offset and epoch of a message of a group with a history, behind its random bytes.
PLACE = struct.Struct(">Q16s")


def sent_at(entry: bytes) -> float:
    """Return when a queue entry was sent, by the store's clock in seconds."""
    return float(HEADER.unpack_from(entry)[0])


def is_expired(entry: bytes, now: float) -> bool:
    """Return whether a queue entry is too old at `now` (the store's clock); a damaged one never is."""
    return len(entry) >= HEADER.size and bool(HEADER.unpack_from(entry)[1] <= now)


def published_entry(kept: bytes, epoch: str, offset: int) -> bytes:
    """Return the inbox entry of a message, out of its entry in the history of its group and its place there."""
    return b"".join((Kind.PUBLISHED, kept[:UNIQUE_BYTES], PLACE.pack(offset, epoch.encode()), kept[UNIQUE_BYTES:]))


class GroupBody(NamedTuple):
    """A message of a group with a history: with its trace, the channels that do not get it, and its random bytes."""

    content: Content
    trace: dict[str, Any] | None
    excluded: Sequence[str]
    unique: bytes


def read_group_body(fields: object, unique: bytes) -> tuple[str, GroupBody]:
    """Return the group and the message that the fields of a group message say.

    Raises:
        DecodeError: they are not those of a group message.
    """
    match fields:
        case [str() as group, dict() as content]:
            return group, GroupBody(content, None, (), unique)
        case [str() as group, dict() as content, dict() as trace]:
            return group, GroupBody(content, trace, (), unique)
        case [str() as group, dict() as content, list() as excluded]:
            return group, GroupBody(content, None, excluded, unique)
        case [str() as group, dict() as content, dict() as trace, list() as excluded]:
            return group, GroupBody(content, trace, excluded, unique)
    raise DecodeError("an entry is not a group message")


def place_of(entry: bytes) -> Position:
    """Return the place of an inbox entry in the history of its group.

    Raises:
        DecodeError: it is damaged.
    """
    try:
        offset, epoch = PLACE.unpack_from(entry, 1 + UNIQUE_BYTES)
        return Position(epoch.decode("ascii"), offset)
    except (struct.error, UnicodeDecodeError) as error:
        raise DecodeError(f"an entry without a place in a history: {error}") from error


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

    def group(
        self, group: str, content: Content, trace: dict[str, str] | None = None, exclude: Sequence[str] = ()
    ) -> bytes:
        """Encode a group message, which the reply channels in `exclude` do not get."""
        return Kind.GROUP + self.of_history(group, content, trace, exclude)

    def of_history(
        self, group: str, content: Content, trace: dict[str, str] | None = None, exclude: Sequence[str] = ()
    ) -> bytes:
        """Encode a group message for a history."""
        fields: tuple[object, ...] = (group, content) if trace is None else (group, content, trace)
        return os.urandom(UNIQUE_BYTES) + self._pack((*fields, exclude) if exclude else fields)

    def open_kept(self, group: str, kept: bytes) -> GroupBody:
        """Decode a message of a group's history, of any age.

        Raises:
            DecodeError: it is damaged, foreign, of another group, or sealed with an unknown key.
        """
        name, body = read_group_body(self._unpack_aged(kept[UNIQUE_BYTES:]), kept[:UNIQUE_BYTES])
        if name != group:
            raise DecodeError(f"an entry in the history of group {group!r} is a message of another group")
        return body

    def join(self, group: str, local: str) -> bytes:
        """Encode that a connection joins a group."""
        return Kind.JOIN + self._pack((group, local))

    def join_at(self, group: str, local: str, position: Position, *, has_gap: bool) -> bytes:
        """Encode that a connection joins a group with a history, and gets the messages after a position."""
        return Kind.JOIN + self._pack((group, local, *position, has_gap))

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

    def will(self, will: Will) -> bytes:
        """Encode the will of a connection."""
        return self._pack(will)

    def open_will(self, data: bytes) -> Will:
        """Decode a will of any age.

        Raises:
            DecodeError: it is damaged, foreign, or sealed with an unknown key.
        """
        match self._unpack_aged(data):
            case [str() as channel, dict() as content, [*after]] if all(isinstance(name, str) for name in after):
                return Will(channel, content, tuple(after))
        raise DecodeError("a stored will is not a channel, a message and channels")

    def session_state(self, session_state: bytes) -> bytes:
        """Encode the session state of a connection, to be stored beside its will."""
        return self._pack(session_state)

    def open_session_state(self, data: bytes) -> bytes:
        """Decode a stored session state of any age.

        Raises:
            DecodeError: it is damaged, foreign, or sealed with an unknown key.
        """
        session_state = self._unpack_aged(data)
        if not isinstance(session_state, bytes):
            raise DecodeError(f"a stored session state is of type {type(session_state).__name__}, not bytes")
        return session_state

    def open_inbox_entry(self, entry: bytes) -> tuple[bytes, Sequence[Any]]:
        """Return an inbox entry's kind and fields; `inbox` narrows the fields.

        Raises:
            DecodeError: it is damaged, foreign, or sealed with an unknown key.
        """
        kind = entry[:1]
        begin = 1 + UNIQUE_BYTES + PLACE.size if kind == Kind.PUBLISHED else 1 + UNIQUE_BYTES * (kind in REFUSABLE)
        fields = self._unpack(entry[begin:])
        if not isinstance(fields, list):
            raise DecodeError("an inbox entry is not a list of fields")
        return kind, fields
