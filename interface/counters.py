"""Counters of losses, refusals and aborts of an interface server; logged once a second at most."""

import logging
from collections import Counter
from enum import Enum

log = logging.getLogger(__name__)


class Count(Enum):
    """The counted events; the value is the text in the log."""

    TURNS_LOST = "turns lost (their worker died or took too long, or the layer lost them)"
    SETTLEMENTS_LATE = "settlements too late for their turn"
    EVENTS_REFUSED = "first events refused (channel full, or layer away)"
    CONNECTIONS_REFUSED = "connections refused (too many are open)"
    SESSIONS_TOO_LARGE = "session states dropped (over their bound)"
    REPLIES_BAD = "replies ignored (not a message of this protocol)"
    SLOW_CLIENTS = "slow clients cut off (output buffer over its bound)"
    HANDSHAKES_SILENT = "handshakes the application did not answer"
    FLOODS = "connections of HTTP/2 closed (floods of frames)"
    BUFFERS_SHED = "connections closed (their buffers were the largest, and all together over the bound)"
    EVENTS_DROPPED = "messages of clients dropped with such connections"
    GROUP_MESSAGES_DROPPED = "group messages dropped in a handshake (over their bound)"
    HISTORY_GAPS = "members of groups for whom messages are missing (their history does not have them any more)"
    MESSAGES_DROPPED = "messages dropped on their way to a channel"
    SPOOL_FAILED = "bodies that could not be written to disk or read from it"
    STORAGE_FULL = "requests refused (no room to keep their bodies, or their responses)"
    HANDLERS_FAILED = "connections closed because handling them failed"


class Counters:
    """Totals since the start, and the counts since the last report."""

    def __init__(self) -> None:
        self.totals: Counter[Count] = Counter()
        #: Entries that were read from the inbox.
        self.received = 0
        self._new: Counter[tuple[Count, str]] = Counter()

    def add(self, what: Count, where: str = "", amount: int = 1) -> None:
        """Count an event; `where` is a channel name or another word from a small set, never a client's own."""
        self.totals[what] += amount
        self._new[what, where] += amount

    def report(self) -> None:
        """Log the changes since the last report as one WARNING, if there are any."""
        if not self._new:
            return
        news, self._new = self._new, Counter()
        log.warning("%s", "; ".join(self._line(what, news) for what in Count if any(key[0] is what for key in news)))

    def _line(self, what: Count, news: Counter[tuple[Count, str]]) -> str:
        parts = [f"{amount} {where}".rstrip() for (name, where), amount in news.items() if name is what]
        return f"{what.value}: {', '.join(parts)}, {self.totals[what]} in all"
