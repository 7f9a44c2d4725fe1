"""The reader's side of an inbox, without IO: the groups of local connections, and the meaning of entries.

FIFO is the invariant: a join takes effect before every group message that was sent after it.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from .entries import REFUSABLE, UNIQUE_BYTES, EntryCodec, Kind, place_of
from .errors import DecodeError
from .inbox_events import Commanded, Grouped, InboxEvent, Kept, Lost, Replies, Settled

logger = logging.getLogger(__name__)

#: Deliveries and group messages that are recognized if they are repeated: at least this number, at most twice.
SEEN_ENTRIES = 10_000


class Inbox:
    """The group index of one `name!`, fed by its entries.

    `is_open` returns whether a connection may join groups; None: every local part may.
    """

    def __init__(self, name: str, codec: EntryCodec, is_open: Callable[[str], bool] | None = None) -> None:
        self.name = name
        #: Entries that were damaged or foreign, since the start.
        self.undecodable_count = 0
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
            if entry[:1] in REFUSABLE and self._was_seen(entry):
                continue
            try:
                kind, fields = self._codec.open_inbox_entry(entry)
                event = self._apply(kind, fields) if kind != Kind.PUBLISHED else self._published(entry, fields)
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

    def _members_without(self, group: str, excluded: Sequence[Any]) -> Sequence[str]:
        """Return a group's local members, without these reply channels."""
        return tuple([local for local in self.members(group) if self.name + local not in excluded])

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
            case Kind.GROUP, [str() as group, dict() as content, *others, list() as excluded] if len(others) <= 1:
                event = self._apply(kind, [group, content, *others])
                members = self._members_without(group, excluded)
                return event._replace(locals=members) if isinstance(event, Grouped) and members else None
            case Kind.KEPT, [str() as local, int() as turn]:
                return Kept(local, turn)
            case Kind.LOST, [str() as local, int() as turn]:
                return Lost(local, turn)
            case Kind.COMMAND, [dict() as content]:
                return Commanded(content)
            case Kind.JOIN, [str() as group, str() as local]:
                self._join(group, local)
            case Kind.LEAVE, [str() as group, str() as local]:
                self._leave(group, local)
            case _:
                raise DecodeError(f"kind {kind!r} with {len(fields)} fields is unknown")
        return None

    def _published(self, entry: bytes, fields: Sequence[Any]) -> InboxEvent | None:
        """Return a message of a group with a history, with its place there."""
        event = self._apply(Kind.GROUP, fields)
        return event._replace(position=place_of(entry)) if isinstance(event, Grouped) else None

    def _join(self, group: str, local: str) -> None:
        if self._is_open is not None and not self._is_open(local):
            self._strays.append((group, local))
            return
        self._members.setdefault(group, {})[local] = None
        self._groups.setdefault(local, {})[group] = None

    def _leave(self, group: str, local: str) -> None:
        groups = self._groups.get(local, {})
        groups.pop(group, None)
        if not groups:
            self._groups.pop(local, None)
        self._forget_member(group, local)

    def _forget_member(self, group: str, local: str) -> None:
        members = self._members.get(group, {})
        members.pop(local, None)
        if not members:
            self._members.pop(group, None)


def _are_messages(replies: Sequence[Any]) -> bool:
    return all([type(reply) is dict for reply in replies])
