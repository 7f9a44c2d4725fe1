"""Last wills: the last event of each connection of an expired inbox, published once, as its will has it.

It comes after all events of the connection that reached the store: a connection is skipped while an event of it is
queued or in flight. So it has the session state of the last consumer.
"""

import logging
from collections.abc import Sequence

from .capacity import Capacities
from .contract import Envelope, Will
from .entries import EntryCodec
from .errors import DecodeError
from .names import split_local
from .operations.groups import MARK_SECONDS
from .operations.in_flight import Outstanding
from .operations.inboxes import CloseInbox
from .operations.leases import DelayClaim, ExpiredOwner, ForgetOwner
from .operations.operation import Execute
from .operations.queues import Fence
from .operations.wills import ForgetWills, PushWills, ReadWills, StoredWill

logger = logging.getLogger(__name__)


#: Time from one cleanup of an expired inbox to the next, in seconds.
CLAIM_AGAIN_SECONDS = 1.0
#: Wills read in one round trip, and published in one.
PAGE, AT_A_TIME = 1000, 100
#: Turn of a last event: no connection waits for its end, but the session state of its consumer needs a turn.
LAST_TURN = 0


class Wills:
    """Publishes the last wills of one layer's expired inboxes."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._capacities = capacities
        self._execute = execute

    def clean_up(self, expired: ExpiredOwner) -> None:
        """Publish the wills of connections without other events; delete the inbox when no will and no mark is left.

        Raises:
            LayerUnavailable: the store is unavailable.
        """
        inbox = expired.owner
        self._execute([Fence(inbox)])  # its process may still run: its events are refused from now on
        published, left, unreadable = self._publish_all(inbox)
        if published or left:
            logger.error(
                "Inbox %s has expired: %d last wills are published, %d wait for other events", inbox, published, left
            )
        if left or expired.seconds < MARK_SECONDS:
            self._execute([CloseInbox(inbox), DelayClaim(inbox, CLAIM_AGAIN_SECONDS)])
            return
        if unreadable:
            logger.error("%d last wills of inbox %s cannot be read and are dropped", unreadable, inbox)
        self._execute([CloseInbox(inbox), ForgetWills(inbox), ForgetOwner(inbox)])

    def _publish_all(self, inbox: str) -> tuple[int, int, int]:
        """Return how many wills are published, how many are left for later, and how many cannot be read."""
        published = left = unreadable = begin = 0
        searched: set[str] = set()
        busy: set[str] = set()
        while True:
            page = self._execute([ReadWills(inbox, begin, PAGE)])[0]
            wills = self._opened(page.wills)
            unsearched = {channel for _, will in wills for channel in will.after} - searched
            if unsearched:
                # The page is read again after the search: a session state may have been stored since.
                busy |= self._busy(inbox, sorted(unsearched))
                searched |= unsearched
                continue
            accepted = self._publish(inbox, [pair for pair in wills if pair[0].local not in busy])
            published += accepted
            left += len(wills) - accepted
            unreadable += len(page.wills) - len(wills)
            begin = page.next
            if not begin:
                return published, left, unreadable

    def _opened(self, stored: Sequence[StoredWill]) -> list[tuple[StoredWill, Will]]:
        """Return the wills that can be read."""
        found = []
        for each in stored:
            try:
                found.append((each, self._codec.open_will(each.will)))
            except DecodeError as error:
                logger.debug("A last will cannot be read: %s", error)  # counted, and logged when it is dropped
        return found

    def _busy(self, inbox: str, channels: Sequence[str]) -> set[str]:
        """Return which connections have events that are queued in these channels or in flight."""
        locals_: set[str] = set()
        for record in self._execute([Outstanding(channels)])[0]:
            for raw in record.entries:
                try:
                    envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
                except DecodeError:
                    continue  # it is logged and counted where it is taken
                owner, local = split_local(envelope.reply_channel or "")
                if owner == inbox:
                    locals_.add(local)
        return locals_

    def _publish(self, inbox: str, wills: Sequence[tuple[StoredWill, Will]]) -> int:
        """Publish wills while their channels have room; return how many."""
        by_channel: dict[str, list[tuple[StoredWill, Will]]] = {}
        for pair in wills:
            by_channel.setdefault(pair[1].channel, []).append(pair)
        return sum(self._push(inbox, channel, found) for channel, found in by_channel.items())

    def _push(self, inbox: str, channel: str, wills: Sequence[tuple[StoredWill, Will]]) -> int:
        capacity = self._capacities.of(channel)
        for begin in range(0, len(wills), AT_A_TIME):
            events = [(stored.local, self._body(stored, will)) for stored, will in wills[begin : begin + AT_A_TIME]]
            if not self._execute([PushWills(inbox, channel, events, capacity)])[0]:
                return begin
        return len(wills)

    def _body(self, stored: StoredWill, will: Will) -> bytes:
        session_state = None
        if stored.session_state is not None:
            try:
                session_state = self._codec.open_session_state(stored.session_state)
            except DecodeError as error:
                logger.warning("The session state of a connection cannot be read; its will goes without it: %s", error)
        return self._codec.queue_body(Envelope(will.channel, will.content, LAST_TURN, session_state))
