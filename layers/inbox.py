"""The reader's side of an inbox, without IO: the groups of local connections, and the meaning of entries.

FIFO is the invariant: a join takes effect before every group message that was sent after it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from .entries import REPEATED, UNIQUE_BYTES, EntryCodec, GroupBody, Kind, place_of, read_group_body
from .errors import DecodeError
from .history.lines import Join, Lines
from .history.positions import Position
from .inbox_events import Commanded, Grouped, InboxEvent, Kept, Lost, Replies, Settled

logger = logging.getLogger(__name__)

#: Deliveries and group messages that are recognized if they are repeated: at least this number, at most twice.
SEEN_ENTRIES = 10_000


class Inbox:
    """The group index of one `name!`, fed by its entries.

    `is_open` returns whether a connection may join groups; None: every local part may.
    """

    def __init__(
        self,
        name: str,
        codec: EntryCodec,
        is_open: Callable[[str], bool] | None = None,
        missing: asyncio.Event | None = None,
    ) -> None:
        self.name = name
        #: Entries that were damaged or foreign, since the start.
        self.undecodable_count = 0
        #: Where messages of groups with a history are put in order; None: they are events as they come.
        self.lines = None if missing is None else Lines(name, codec, self, missing)
        self._codec = codec
        self._is_open = is_open
        self._members: dict[str, dict[str, None]] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self._strays: list[tuple[str, str]] = []
        #: The latest deliveries and group messages, by kind and random bytes; and those before them.
        self._seen: set[bytes] = set()
        self._seen_before: set[bytes] = set()

    @property
    def groups(self) -> Sequence[str]:
        """The groups with members in this inbox."""
        return list(self._members)

    def members(self, group: str) -> Sequence[str]:
        """Return a group's local members, in the order in which they joined."""
        return tuple(self._members.get(group, ()))

    def events(self, entries: Sequence[bytes]) -> list[InboxEvent]:
        """Apply entries in order; return the events for the owner. Damaged entries are counted and skipped."""
        events: list[InboxEvent] = []
        for entry in entries:
            if entry[:1] in REPEATED and self._was_seen(entry):
                continue
            try:
                kind, fields = self._codec.open_inbox_entry(entry)
                if kind == Kind.PUBLISHED or kind == Kind.JOIN:
                    events += self._published(entry, fields) if kind == Kind.PUBLISHED else self._joined(fields)
                    continue
                event = self._apply(kind, fields)
            except DecodeError as error:
                self.undecodable_count += 1
                logger.warning("Skipped an entry of inbox %s: %s", self.name, error)
            else:
                if event is not None:
                    events.append(event)
        return events

    def remove(self, local: str) -> Sequence[str]:
        """Take a connection out of all its groups; return them."""
        groups = tuple(self._groups.pop(local, ()))
        for group in groups:
            self._forget_member(group, local)
        return groups

    def pop_strays(self) -> Sequence[tuple[str, str]]:
        """Return (group, local) pairs that were asked to join but are not open: the store still lists them."""
        strays, self._strays = self._strays, []
        return strays

    def _was_seen(self, entry: bytes) -> bool:
        """Note a delivery or group message; return whether it is among the latest, so that its write was repeated."""
        key = entry[: 1 + UNIQUE_BYTES]
        if len(key) <= UNIQUE_BYTES:
            return False  # it is damaged
        if key in self._seen or key in self._seen_before:
            return True
        self._seen.add(key)
        if len(self._seen) >= SEEN_ENTRIES:
            self._seen_before, self._seen = self._seen, set()
        return False

    def _apply(self, kind: bytes, fields: Sequence[Any]) -> InboxEvent | None:
        match kind, fields:
            case Kind.SETTLED, [
                str() as local,
                int() as turn,
                list() as replies,
                (bytes() | None) as session_state,
            ] if _are_messages(replies):
                return Settled(local, turn, replies, session_state)
            case Kind.DELIVERY, [str() as local, dict() as content]:
                return Replies(local, (content,))
            case Kind.GROUP, [str() as group, dict() as content]:
                members = self.members(group)
                return Grouped(group, members, content) if members else None
            case Kind.GROUP, [str() as group, dict() as content, dict() as trace]:
                members = self.members(group)
                return Grouped(group, members, content, trace) if members else None
            case Kind.GROUP, [_, _, *_, list()]:
                return self._grouped(*read_group_body(fields, b""))
            case Kind.KEPT, [str() as local, int() as turn]:
                return Kept(local, turn)
            case Kind.LOST, [str() as local, int() as turn]:
                return Lost(local, turn)
            case Kind.COMMAND, [dict() as content]:
                return Commanded(content)
            case Kind.LEAVE, [str() as group, str() as local]:
                self._leave(group, local)
            case _:
                raise DecodeError(f"kind {kind!r} with {len(fields)} fields is unknown")
        return None

    def _grouped(self, group: str, body: GroupBody) -> Grouped | None:
        """Return a message for the local members of a group, without its excluded channels."""
        members = tuple([local for local in self.members(group) if self.name + local not in body.excluded])
        return Grouped(group, members, body.content, body.trace) if members else None

    def _published(self, entry: bytes, fields: Sequence[Any]) -> Sequence[InboxEvent]:
        """Return what a message of a group with a history lets its members have now."""
        unique, position = entry[1 : 1 + UNIQUE_BYTES], place_of(entry)
        group, body = read_group_body(fields, unique)
        members = self._members.get(group)
        if members is None:
            return ()
        if self.lines is not None:
            return self.lines.take(group, position, body, members)
        event = self._grouped(group, body)
        return (event._replace(position=position),) if event is not None and self.note_delivery(unique) else ()

    def _joined(self, fields: Sequence[Any]) -> Sequence[InboxEvent]:
        match fields:
            case [str() as group, str() as local]:
                self._join(group, local)
                return ()
            case [str() as group, str() as local, str() as epoch, int() as offset, bool() as has_gap]:
                is_new = local not in self._members.get(group, ())
                if not self._join(group, local) or not is_new or self.lines is None:
                    return ()
                join = Join(group, local, Position(epoch, offset), has_gap)
                return self.lines.join(join, self._members[group])
        raise DecodeError(f"a join with {len(fields)} fields is unknown")

    def note_delivery(self, unique: bytes) -> bool:
        """Note a message of a group with a history; return whether it is new."""
        return not self._was_seen(Kind.PUBLISHED + unique)

    def was_delivered(self, unique: bytes) -> bool:
        """Return whether a message of a group with a history was noted."""
        key = Kind.PUBLISHED + unique
        return key in self._seen or key in self._seen_before

    def _join(self, group: str, local: str) -> bool:
        """Add a member; return False if it is not open."""
        if self._is_open is not None and not self._is_open(local):
            self._strays.append((group, local))
            return False
        self._members.setdefault(group, {})[local] = None
        self._groups.setdefault(local, {})[group] = None
        return True

    def _leave(self, group: str, local: str) -> None:
        groups = self._groups.get(local, {})
        groups.pop(group, None)
        if not groups:
            self._groups.pop(local, None)
        self._forget_member(group, local)

    def _forget_member(self, group: str, local: str) -> None:
        members = self._members.get(group, {})
        members.pop(local, None)
        if self.lines is not None:
            self.lines.leave(group, local, is_last=not members)
        if not members:
            self._members.pop(group, None)


def _are_messages(replies: Sequence[Any]) -> bool:
    return all([type(reply) is dict for reply in replies])
