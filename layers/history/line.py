"""The order of one group with a history in one inbox: its messages reach every member in the order of their offsets.

Messages may overtake each other on their way, or be lost. The next offset is delivered at once; a later one is held
until those before it have come, or were read from the history (`fill`). Plain logic, without IO.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..entries import GroupBody
from ..inbox_events import Gap, Grouped
from ..operations.history import HistoryPage
from .positions import Position

#: Messages of one group that are held; later ones are read from the history.
HELD_MESSAGES = 100
#: Epochs that have ended and are recognized.
OLD_EPOCHS = 8

#: What a line gives: messages for members, and gaps.
LineEvent = Grouped | Gap


class Delivered(Protocol):
    """The latest messages that were delivered, by their random bytes."""

    def note_delivery(self, unique: bytes) -> bool:
        """Note a message; return whether it is new."""

    def was_delivered(self, unique: bytes) -> bool:
        """Return whether a message was noted."""


class Line:
    """The place that has been delivered to the members of one group, and the members for whom that is not so."""

    __slots__ = (
        "_ahead", "_behind", "_delivered", "_doubted", "_epoch", "_floor", "_group", "_held", "_inbox", "_known",
        "_latest", "_members", "_old", "asked", "is_unchecked",
    )  # fmt: skip

    def __init__(
        self, group: str, inbox: str, members: Mapping[str, None], position: Position, latest: Delivered
    ) -> None:
        """`members` are the local ones; the line sees their changes. Its first member joins at `position`."""
        self._group = group
        self._inbox = inbox
        self._members = members
        self._latest = latest
        self._epoch, self._delivered = position
        #: Up to here nothing was delivered: a message with such an offset is older than the line.
        self._floor = self._delivered
        #: The highest offset that is known to exist.
        self._known = self._delivered
        self._held: dict[int, GroupBody] = {}
        #: Members that joined behind a message that is not delivered yet, and those that still replay older ones.
        self._ahead: dict[str, int] = {}
        self._behind: dict[str, int] = {}
        self._old: deque[str] = deque(maxlen=OLD_EPOCHS)
        #: A message that is not known, though its offset was passed: it is late, or the store has older data.
        self._doubted: tuple[int, bytes] | None = None
        #: The highest known offset when the history was asked last.
        self.asked = 0
        #: Messages may have come before the first member joined: the history is to be read.
        self.is_unchecked = True

    @property
    def position(self) -> Position:
        """The place up to which messages were delivered."""
        return Position(self._epoch, self._delivered)

    @property
    def is_replaying(self) -> bool:
        """Return whether members wait for messages of the history."""
        return bool(self._behind)

    @property
    def is_missing(self) -> bool:
        """Return whether the history is to be read."""
        return self.is_unchecked or bool(self._behind or self._doubted) or self._known > self._delivered

    def begin_read(self) -> int:
        """Return the offset after which to read the history now; `fill` gets the result."""
        self.asked = max(self._known, self._delivered)
        doubted = [self._doubted[0] - 1] if self._doubted is not None else []
        return min([self._delivered, *self._behind.values(), *doubted])

    def note_head(self, epoch: str, newest: int) -> None:
        """Take the newest offset of the store into account."""
        if epoch == self._epoch:
            self._known = max(self._known, newest)
        self.is_unchecked = self.is_unchecked or bool(epoch) and (epoch != self._epoch or newest < self._delivered)

    # Members

    def join(self, local: str, position: Position, *, has_gap: bool) -> list[LineEvent]:
        """Let a new member get the messages after a position."""
        events: list[LineEvent] = []
        if position.epoch != self._epoch:
            if position.epoch in self._old:
                return [self._gap((local,))]
            events += self._begin(position.epoch, position.offset)
        elif position.offset > self._delivered:
            self._ahead[local] = position.offset
            self._known = max(self._known, position.offset)
        elif position.offset < self._delivered:
            self._behind[local] = position.offset
        return [*events, self._gap((local,), position.offset)] if has_gap else events

    def leave(self, local: str) -> None:
        """Forget a member."""
        self._ahead.pop(local, None)
        self._behind.pop(local, None)

    # Messages

    def take(self, position: Position, body: GroupBody) -> list[LineEvent]:
        """Take a message from the inbox; return what can be delivered now."""
        events: list[LineEvent] = []
        epoch, offset = position
        if epoch != self._epoch:
            if epoch in self._old:
                return []
            events += self._begin(epoch, 0)
        if offset <= self._delivered:
            is_late = offset <= self._floor or self._latest.was_delivered(body.unique)
            if not is_late and (self._doubted is None or offset < self._doubted[0]):
                self._doubted = offset, body.unique
            return events
        self._known = max(self._known, offset)
        if offset > self._delivered + 1:
            if len(self._held) < HELD_MESSAGES:
                self._held[offset] = body
            return events
        return [*events, *self._deliver(offset, body), *self._deliver_held()]

    def fill(self, page: HistoryPage, bodies: Mapping[int, GroupBody]) -> list[LineEvent]:
        """Take messages from the history; `bodies` has those that could be decoded. Return what is delivered now."""
        self.is_unchecked = False
        events: list[LineEvent] = []
        if page.epoch != self._epoch:
            return self._begin(page.epoch, 0) if page.epoch else self._give_up()
        doubted, self._doubted = self._doubted, None
        if doubted is not None and (body := bodies.get(doubted[0])) is not None and body.unique == doubted[1]:
            events += self._rewind(doubted[0] - 1)
        elif page.newest < self.asked:
            return self._rewind(page.newest)
        self._known = max(self._known, page.newest)
        events += self._skip_to(page.oldest - 1)
        for kept in page.kept:
            late = [local for local, offset in self._behind.items() if offset == kept.offset - 1]
            body = bodies.get(kept.offset)
            for local in late:
                self._behind[local] = kept.offset
            if kept.offset == self._delivered + 1:
                held = self._held.pop(kept.offset, None)
                events += self._deliver(kept.offset, body if held is None else held)
            if late and body is not None:
                events += self._grouped(late, kept.offset, body)
            for local in late:
                if self._behind[local] >= self._delivered:
                    del self._behind[local]
        return [*events, *self._deliver_held()]

    def _deliver_held(self) -> list[LineEvent]:
        events: list[LineEvent] = []
        while self._delivered + 1 in self._held:
            events += self._deliver(self._delivered + 1, self._held.pop(self._delivered + 1))
        return events

    def _deliver(self, offset: int, body: GroupBody | None) -> list[LineEvent]:
        """Deliver the next message to the members that are neither behind nor ahead; None: it cannot be decoded."""
        locals_ = tuple(self._live(offset))
        self._delivered = offset
        self._known = max(self._known, offset)
        self._ahead = {local: first for local, first in self._ahead.items() if first > offset} if self._ahead else {}
        is_new = body is not None and self._latest.note_delivery(body.unique)
        return self._grouped(locals_, offset, body) if body is not None and is_new else []

    def _live(self, offset: int) -> Collection[str]:
        if not self._ahead and not self._behind:
            return self._members.keys()
        return [local for local in self._members if local not in self._behind and self._ahead.get(local, 0) < offset]

    def _grouped(self, locals_: Collection[str], offset: int, body: GroupBody) -> list[LineEvent]:
        members = tuple(locals_)
        if body.excluded:
            members = tuple([local for local in members if self._inbox + local not in body.excluded])
        if not members:
            return []
        return [Grouped(self._group, members, body.content, body.trace, Position(self._epoch, offset))]

    # Gaps

    def _skip_to(self, offset: int) -> list[LineEvent]:
        """Continue after an offset up to which the history has nothing: deliver held messages, the rest is a gap."""
        late = [local for local, behind in self._behind.items() if behind < offset]
        events: list[LineEvent] = [self._gap(late, offset)] if late else []
        for local in late:
            self._behind[local] = offset
        for held in sorted(self._held):
            if self._delivered < held <= offset:
                events += self._gap_to(held - 1)
                events += self._deliver(held, self._held.pop(held))
        events += self._gap_to(offset)
        self._behind = {local: behind for local, behind in self._behind.items() if behind < self._delivered}
        return events

    def _gap_to(self, offset: int) -> list[LineEvent]:
        if offset <= self._delivered:
            return []
        locals_ = tuple(self._live(self._delivered + 1))
        self._delivered = offset
        return [self._gap(locals_)] if locals_ else []

    def _begin(self, epoch: str, offset: int) -> list[LineEvent]:
        """Begin a new epoch: the store has lost the history."""
        self._old.append(self._epoch)
        self._epoch = epoch
        return self._rewind(offset)

    def _rewind(self, offset: int) -> list[LineEvent]:
        """Go on at another offset; the members cannot know the messages before it."""
        self._doubted = None
        self._held.clear()
        self._ahead.clear()
        self._behind.clear()
        self._delivered = self._floor = self._known = offset
        self.is_unchecked = True
        return [self._gap(tuple(self._members))] if self._members else []

    def _give_up(self) -> list[LineEvent]:
        """Deliver what is held: the store has no history to read."""
        events = self._skip_to(max(self._held, default=self._delivered))
        self._known = self._delivered
        self._behind.clear()
        return events

    def _gap(self, locals_: Sequence[str], offset: int | None = None) -> Gap:
        return Gap(self._group, tuple(locals_), Position(self._epoch, self._delivered if offset is None else offset))
