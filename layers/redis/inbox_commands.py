"""Operations on inboxes as Redis commands, and Redis's answers as results. Part of `commands`; no IO."""

from ..keys import Keys
from ..operations.inboxes import CloseInbox, PushInbox, TakeInbox
from . import scripts
from .in_flight_commands import head_of
from .scripts import Command
from .table import COUNTS_SECONDS, Lifetimes, Row, Table, as_int


class InboxCommands:
    """The operations of `inboxes` for one layer."""

    def __init__(self, keys: Keys, lives: Lifetimes) -> None:
        self._keys = keys
        self._inbox_ms = lives.inbox_ms

    def _push_inbox(self, push: PushInbox) -> Command:
        keys = [self._keys.inbox(push.inbox), self._keys.counts(push.inbox)]
        limits = push.capacity, self._inbox_ms, COUNTS_SECONDS
        if push.settles is None:
            return scripts.PUSH_INBOX.call(keys, *limits, *push.entries)
        reader, number = push.settles
        return scripts.PUSH_INBOX.call([*keys, self._keys.in_flight(reader)], *limits, head_of(number), *push.entries)

    def _take_inbox(self, take: TakeInbox) -> Command:
        return scripts.TAKE_INBOX.call([self._keys.inbox(take.inbox)], take.limit, self._inbox_ms)

    def _close_inbox(self, close: CloseInbox) -> Command:
        return "DEL", self._keys.inbox(close.inbox), self._keys.counts(close.inbox)

    table: Table = {
        PushInbox: Row(_push_inbox, as_int),
        TakeInbox: Row(_take_inbox, lambda _, entries: list(entries or ())),
        CloseInbox: Row(_close_inbox),
    }
