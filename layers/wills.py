"""Last wills: the `websocket.disconnect` of each socket of an expired inbox, sent once.

It comes after all events of the socket that reached the store: a socket is skipped while an event of it is queued or in
flight. So it has the session state of the last consumer.
"""

import logging
from collections.abc import Iterator, Sequence

from .capacity import Capacities
from .contract import Envelope
from .entries import EntryCodec
from .errors import DecodeError
from .names import split_local
from .operations.groups import MARK_SECONDS
from .operations.in_flight import Outstanding
from .operations.inboxes import CloseInbox
from .operations.leases import DelayClaim, ExpiredOwner, ForgetOwner
from .operations.operation import Execute
from .operations.queues import Fence
from .operations.wills import ForgetSockets, PushWills, Socket, Sockets
from .protocol import ABNORMAL_CLOSURE, CONNECT, DISCONNECT, RECEIVE

logger = logging.getLogger(__name__)


#: Time from one cleanup of an expired inbox to the next, in seconds.
CLAIM_AGAIN_SECONDS = 1.0
#: Sockets read in one round trip, and last events sent in one.
PAGE, AT_A_TIME = 1000, 100
#: Turn of a last event: no connection waits for its end, but the session state of its consumer needs a turn.
LAST_TURN = 0


class Wills:
    """Sends the last events of the sockets of one layer's expired inboxes."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._capacity = capacities.of(DISCONNECT)
        self._execute = execute

    def clean_up(self, expired: ExpiredOwner) -> None:
        """Disconnect the sockets that have no other events; delete the inbox when none is left and no marks exist.

        Raises:
            LayerUnavailable: the store is unavailable.
        """
        inbox = expired.owner
        self._execute([Fence(inbox)])  # its process may still run: its events are refused from now on
        busy = self._busy(inbox)
        sent = left = 0
        for sockets in self._pages(inbox):
            quiet = [socket for socket in sockets if socket.local not in busy]
            accepted = self._send(inbox, quiet)
            sent += accepted
            left += len(sockets) - accepted
        if sent or left:
            logger.error(
                "Inbox %s has expired: disconnected %d of its sockets, %d still have events", inbox, sent, left
            )
        if left or expired.seconds < MARK_SECONDS:
            self._execute([CloseInbox(inbox), DelayClaim(inbox, CLAIM_AGAIN_SECONDS)])
        else:
            self._execute([CloseInbox(inbox), ForgetSockets(inbox), ForgetOwner(inbox)])

    def _busy(self, inbox: str) -> set[str]:
        """Return which sockets have events that are queued or in flight."""
        locals_: set[str] = set()
        for record in self._execute([Outstanding([CONNECT, RECEIVE])])[0]:
            for raw in record.entries:
                try:
                    envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
                except DecodeError:
                    continue  # it is logged and counted where it is taken
                owner, local = split_local(envelope.reply_channel or "")
                if owner == inbox:
                    locals_.add(local)
        return locals_

    def _pages(self, inbox: str) -> Iterator[Sequence[Socket]]:
        begin = 0
        while True:
            page = self._execute([Sockets(inbox, begin, PAGE)])[0]
            yield page.sockets
            begin = page.next
            if not begin:
                return

    def _send(self, inbox: str, sockets: Sequence[Socket]) -> int:
        """Send last events while their channel has room; return the number of sockets."""
        for begin in range(0, len(sockets), AT_A_TIME):
            some = sockets[begin : begin + AT_A_TIME]
            wills = [(socket.local, self._codec.queue_body(self._last_event(inbox, socket))) for socket in some]
            done = self._execute([PushWills(inbox, DISCONNECT, wills, self._capacity)])[0]
            if not done:
                return begin
        return len(sockets)

    def _last_event(self, inbox: str, socket: Socket) -> Envelope:
        content = {
            "reply_channel": inbox + socket.local,
            "path": self._stored(socket.registration),
            "code": ABNORMAL_CLOSURE,
        }
        state = self._stored(socket.state) if socket.state is not None else None
        return Envelope(DISCONNECT, content, LAST_TURN, state if isinstance(state, bytes) else None)

    def _stored(self, sealed: bytes) -> str | bytes:
        try:
            return self._codec.open_stored(sealed)
        except DecodeError as error:
            logger.warning(
                "The stored path or state of a socket cannot be read; its disconnect goes without it: %s",
                error,
            )
            return ""
