"""The blocking receive of 1.x over the operations of a store: one message at a time, from queues and inboxes alike.

A process that reads a `name!` this way gets group messages as an interface server does: the group index is kept here,
group messages are returned member by member, and the marks of groups are renewed while the process receives.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from .contract import Content
from .entries import EntryCodec, is_expired
from .errors import DecodeError, InvalidName
from .inbox import Inbox
from .inbox_events import Grouped, Replies, Settled
from .names import check_channel_name, is_inbox, split_local
from .operations.groups import RENEW_SECONDS, Renew
from .operations.inboxes import INBOX_READ, TakeInbox
from .operations.operation import Execute
from .operations.queues import Batch, Count, Take

logger = logging.getLogger(__name__)

#: Seconds that a blocking receive waits.
RECEIVE_SECONDS = 5.0

#: Waits for one entry of these queues and inboxes, for a number of seconds; returns the name and the entry.
WaitForEntry = Callable[[Sequence[str], Sequence[str], float], "tuple[str, bytes] | None"]


class Receiver:
    """Receives for one layer; any number of threads may use it."""

    def __init__(self, codec: EntryCodec, execute: Execute, wait_for_entry: WaitForEntry) -> None:
        self._codec = codec
        self._execute = execute
        self._wait_for_entry = wait_for_entry
        self._lock = threading.Lock()
        self._inboxes: dict[str, Inbox] = {}
        #: Inbox -> (full channel name, content) that were read and not returned yet.
        self._messages: dict[str, deque[tuple[str, Content]]] = {}
        self._renewed_at: dict[str, float] = {}

    def receive(self, channels: Sequence[str], block: bool) -> tuple[str, Content] | tuple[None, None]:
        """Take one message, or (None, None); with `block`, wait up to `RECEIVE_SECONDS`."""
        queues, inboxes = _split_receivable(channels)
        found = self._receive_now(queues, inboxes)
        if found is None and block:
            waited = self._wait_for_entry(queues, inboxes, RECEIVE_SECONDS)
            found = self._open(*waited, queues, inboxes) if waited is not None else None
        return found if found is not None else (None, None)

    def forget(self) -> None:
        """Drop groups, and messages that were read and not returned: the store has been emptied."""
        with self._lock:
            self._inboxes.clear()
            self._messages.clear()

    def _receive_now(self, queues: Sequence[str], inboxes: Sequence[str]) -> tuple[str, Content] | None:
        with self._lock:
            for inbox in inboxes:
                found = self._receive_from_inbox(inbox)
                if found is not None:
                    return found
        return self._receive_from_queues(queues) if queues else None

    def _open(
        self, name: str, entry: bytes, queues: Sequence[str], inboxes: Sequence[str]
    ) -> tuple[str, Content] | None:
        """Return the message of a received entry; an inbox entry may hold none, or several."""
        if not is_inbox(name):
            return self._opened(name, entry) or self._receive_now(queues, inboxes)
        with self._lock:
            self._read(name, [entry])
        return self._receive_now(queues, inboxes)

    def _receive_from_queues(self, queues: Sequence[str]) -> tuple[str, Content] | None:
        while True:
            batch = self._execute([Take(queues, [1] * len(queues))])[0]
            if not isinstance(batch, Batch):
                return None
            entry = batch.entries[0]
            if is_expired(entry, batch.now):
                self._execute([Count(batch.channel, "expired", 1)])
            elif (found := self._opened(batch.channel, entry)) is not None:
                return found

    def _opened(self, channel: str, entry: bytes) -> tuple[str, Content] | None:
        """Return the message of a queue entry; None, counted and logged, if it holds none."""
        try:
            return channel, self._codec.open_queue_entry(channel, entry).content
        except DecodeError as error:
            logger.warning("Skipped an entry of channel %r: %s", channel, error)
            self._execute([Count(channel, "undecodable", 1)])
            return None

    def _receive_from_inbox(self, inbox: str) -> tuple[str, Content] | None:
        messages = self._messages.setdefault(inbox, deque())
        if not messages:
            # Renew the marks of its groups, if it is time.
            now, index = time.monotonic(), self._inboxes.get(inbox)
            if index is not None and index.groups and now - self._renewed_at.get(inbox, 0.0) >= RENEW_SECONDS:
                self._renewed_at[inbox] = now
                self._execute([Renew(group, inbox) for group in index.groups])
            self._read(inbox, self._execute([TakeInbox(inbox, INBOX_READ)])[0])
        return messages.popleft() if messages else None

    def _read(self, inbox: str, entries: Sequence[bytes]) -> None:
        index = self._inboxes.setdefault(inbox, Inbox(inbox, self._codec))
        messages = self._messages.setdefault(inbox, deque())
        for event in index.events(entries):
            match event:
                case Replies(local, contents) | Settled(local=local, replies=contents):
                    messages.extend((inbox + local, content) for content in contents)
                case Grouped(locals=locals_, content=content):
                    messages.extend((inbox + local, content) for local in locals_)


def _split_receivable(channels: Sequence[str]) -> tuple[list[str], list[str]]:
    queues: list[str] = []
    inboxes: list[str] = []
    for channel in channels:
        inbox, local = split_local(check_channel_name(channel))
        if local:
            raise InvalidName(f"receive() takes {inbox!r} and returns the full names; not {channel!r}")
        (inboxes if is_inbox(inbox) else queues).append(channel)
    random.shuffle(queues)
    return queues, inboxes
