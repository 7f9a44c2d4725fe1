"""`group_history` and `group_position` of a layer, over the operations of its store."""

from ..entries import UNIQUE_BYTES, EntryCodec
from ..errors import DecodeError
from ..names import check_group_name, random_token
from ..operations.groups import Join
from ..operations.history import NEWEST, HistoryPage, ReadHistory
from ..operations.inboxes import INBOX_CAPACITY, PushInbox
from ..operations.operation import Execute
from .bounds import Histories
from .messages import GroupHistory, HistoryMessage
from .positions import Position, Positions


class HistoryReader:
    """Reads the histories of one layer's groups."""

    def __init__(self, codec: EntryCodec, histories: Histories, positions: Positions, execute: Execute) -> None:
        self._codec = codec
        self._histories = histories
        self._positions = positions
        self._execute = execute

    def join(self, group: str, inbox: str, local: str, since: str | None = None) -> bool:
        """Add a connection to a group, at `since` or behind the newest message; return whether `since` is reached."""
        bounds = self._histories.required(group)
        after = None if since is None else self._positions.read(group, since)
        read = ReadHistory(group, bounds, random_token(), NEWEST, 0)
        # The mark comes first: each message behind the newest offset has its entry in the inbox.
        page = read.result_of(self._execute([Join(group, inbox, (local,)), read])[1])
        has_gap = after is not None and is_gap(after, page)
        begin = Position(page.epoch, page.newest) if after is None or has_gap else after
        entry = self._codec.join_at(group, local, begin, has_gap=has_gap)
        self._execute([PushInbox(inbox, [entry], INBOX_CAPACITY)])
        return not has_gap

    def history(self, group: str, since: str | None, limit: int | None) -> GroupHistory:
        """Return the messages that a group keeps (see `KeepsHistory`)."""
        bounds = self._histories.required(check_group_name(group))
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise ValueError(f"limit is a number of messages, 1 or more, not {limit!r}")
        after = None if since is None else self._positions.read(group, since)
        begin = NEWEST if after is None else after.offset
        page = self._page(group, begin, bounds.messages if limit is None else min(limit, bounds.messages))
        has_gap = after is not None and is_gap(after, page)
        if has_gap:  # what is kept follows, from its beginning
            page = self._page(group, 0, bounds.messages if limit is None else limit)
        last = page.kept[-1].offset if page.kept else page.newest
        return GroupHistory(self._messages(group, page), self._text(group, page.epoch, last), has_gap)

    def position(self, group: str) -> str:
        """Return the position behind the newest message of a group."""
        self._histories.required(check_group_name(group))
        page = self._page(group, NEWEST, 0)
        return self._text(group, page.epoch, page.newest)

    def _page(self, group: str, after: int, limit: int) -> HistoryPage:
        return self._execute([ReadHistory(group, self._histories.required(group), random_token(), after, limit)])[0]

    def _messages(self, group: str, page: HistoryPage) -> list[HistoryMessage]:
        """Decode messages. One that was published twice, because an answer was lost, counts once."""
        found: dict[bytes, HistoryMessage] = {}
        for kept in page.kept:
            unique = kept.entry[:UNIQUE_BYTES]
            try:
                content = self._codec.open_kept(group, kept.entry).content
            except DecodeError:
                continue  # sealed with a key that was taken out of service: as if it were not kept
            message = HistoryMessage(content, self._text(group, page.epoch, kept.offset), kept.sent_at)
            found.setdefault(unique, message)
        return list(found.values())

    def _text(self, group: str, epoch: str, offset: int) -> str:
        return self._positions.text(group, Position(epoch, offset))


def is_gap(after: Position, page: HistoryPage) -> bool:
    """Return whether messages after a position are missing in what a group keeps."""
    return after.epoch != page.epoch or after.offset > page.newest or after.offset + 1 < page.oldest
