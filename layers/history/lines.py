"""The lines of all groups with a history that have members in one inbox, and the reads of histories that they need."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..entries import EntryCodec, GroupBody
from ..errors import DecodeError
from ..operations.history import NEWEST, Head, HistoryPage, ReadHistory
from .line import Delivered, Line, LineEvent
from .positions import Position

#: Messages of one group that are read at a time, and groups in one round trip.
READ_MESSAGES = 64
READ_GROUPS = 16
#: Groups whose newest offset is compared each second; where there are more, each waits for its turn.
CHECKED_AT_A_TIME = 500


class Join(NamedTuple):
    """A join of a group with a history: the member gets the messages after `position`."""

    group: str
    local: str
    position: Position
    has_gap: bool


class Lines:
    """One line a group."""

    def __init__(self, inbox: str, codec: EntryCodec, latest: Delivered, missing: asyncio.Event) -> None:
        """`missing` is set while a history is to be read."""
        self._inbox = inbox
        self._codec = codec
        self._latest = latest
        self._lines: dict[str, Line] = {}
        self._unchecked: Iterator[str] = iter(())
        self._missing = missing

    def join(self, join: Join, members: Mapping[str, None]) -> list[LineEvent]:
        """Let a new member get what is after a position; `members` are those of its group in this inbox."""
        line = self._lines.get(join.group)
        if line is None:
            line = self._begin(join.group, members, join.position)
        return self._noted(line, line.join(join.local, join.position, has_gap=join.has_gap))

    def leave(self, group: str, local: str, *, is_last: bool) -> None:
        """Forget a member; with the last one, the group."""
        line = self._lines.get(group)
        if line is not None:
            line.leave(local)
            if is_last:
                del self._lines[group]

    def take(self, group: str, position: Position, body: GroupBody, members: Mapping[str, None]) -> list[LineEvent]:
        """Take a message from the inbox; return what can be delivered now."""
        line = self._lines.get(group)
        if line is None:  # its members joined when the group had no history
            line = self._begin(group, members, Position(position.epoch, position.offset - 1))
        return self._noted(line, line.take(position, body))

    # Reading

    @property
    def is_replaying(self) -> bool:
        """Return whether members wait for messages of the history: those are read without a pause."""
        return any(line.is_replaying or line.is_unchecked for line in self._lines.values())

    def reads(self) -> list[ReadHistory]:
        """Return the reads of histories that are needed now."""
        missing = [(group, line) for group, line in self._lines.items() if line.is_missing]
        if not missing:
            self._missing.clear()
        return [ReadHistory(group, None, "", line.begin_read(), READ_MESSAGES) for group, line in missing[:READ_GROUPS]]

    def fill(self, group: str, page: HistoryPage) -> list[LineEvent]:
        """Take what was read of a history; return what can be delivered now."""
        line = self._lines.get(group)
        if line is None:
            return []
        bodies: dict[int, GroupBody] = {}
        known: set[bytes] = set()
        for kept in page.kept:
            try:
                body = self._codec.open_kept(group, kept.entry)
            except DecodeError:
                continue
            if body.unique not in known:  # else it was published twice
                bodies[kept.offset] = body
            known.add(body.unique)
        return self._noted(line, line.fill(page, bodies))

    def records(self, groups: Sequence[str]) -> list[ReadHistory]:
        """Return what renews the records of groups with members: an epoch ends where nothing is sent for long."""
        return [ReadHistory(group, None, "", NEWEST, 0) for group in groups if group in self._lines]

    def heads(self) -> list[Head]:
        """Return what to ask for the groups that are checked now: a message may be lost that no other has followed."""
        groups: list[str] = []
        while len(groups) < min(CHECKED_AT_A_TIME, len(self._lines)):
            group = next(self._unchecked, None)
            if group is None:
                self._unchecked = iter(list(self._lines))
            elif group in self._lines:
                groups.append(group)
        return [Head(group) for group in groups]

    def note_heads(self, heads: Sequence[Head], newest: Sequence[Position | None]) -> None:
        """Compare the newest offsets of groups with what was delivered."""
        for head, position in zip(heads, newest, strict=True):
            line = self._lines.get(head.group)
            if line is not None and position is not None:
                line.note_head(*position)
                self._noted(line, [])

    def _begin(self, group: str, members: Mapping[str, None], position: Position) -> Line:
        line = self._lines[group] = Line(group, self._inbox, members, position, self._latest)
        return line

    def _noted(self, line: Line, events: list[LineEvent]) -> list[LineEvent]:
        if line.is_missing:
            self._missing.set()
        return events
