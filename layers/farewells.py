"""The last word for the sockets of an interface server that died: their `websocket.disconnect`, once each.

It comes after everything else that its client had sent and that reached the store: a socket is left alone while an
event of it waits in a queue or is in a worker's hand. Then its state is the one that its last consumer left.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from .addressee import reply_channel_of
from .capacity import Capacities
from .contract import Envelope
from .entries import EntryCodec
from .errors import DecodeError
from .in_flight import Outstanding, Record
from .lives import Bury, Dead, Revisit
from .names import split_local
from .operations import MARK_SECONDS, CloseInbox, Fence, Operation
from .sockets import CONNECT, DISCONNECT, RECEIVE, ForgetSockets, PushWills, Socket, SocketPage, Sockets

logger = logging.getLogger(__name__)

Execute = Callable[[Sequence[Operation]], Sequence[object]]

#: Close code of a connection that ended without a close frame (RFC 6455, section 7.4.1).
ABNORMAL_CLOSURE = 1006
#: From one visit of a dead inbox to the next, in seconds.
REVISIT_SECONDS = 1.0
#: Sockets that are read in one round trip, and farewells that are sent in one.
PAGE, AT_A_TIME = 1000, 100
#: Turn of a last event: nobody waits for its end, but state that its consumer changes needs one to go to.
LAST_TURN = 0


class Farewells:
    """Says farewell for the dead inboxes of one layer."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, execute: Execute) -> None:
        self._codec = codec
        self._capacity = capacities.of(DISCONNECT)
        self._execute = execute

    def visit(self, dead: Dead) -> None:
        """Do what can be done now; the inbox is buried when all is done, and groups have forgotten it.

        Raises:
            LayerUnavailable: the store is away.
        """
        inbox = dead.owner
        self._execute([Fence(inbox)])  # it may go on: none of its events comes behind those that are looked for now
        busy = self._busy(inbox)
        said = left = 0
        for sockets in self._pages(inbox):
            quiet = [socket for socket in sockets if socket.local not in busy]
            accepted = self._say(inbox, quiet)
            said += accepted
            left += len(sockets) - accepted
        if said or left:
            logger.error(
                "Inbox %s died: disconnected %d of its sockets, %d have something left to do", inbox, said, left
            )
        if left or dead.seconds < MARK_SECONDS:
            self._execute([CloseInbox(inbox), Revisit(inbox, REVISIT_SECONDS)])
        else:
            self._execute([CloseInbox(inbox), ForgetSockets(inbox), Bury(inbox)])

    def _busy(self, inbox: str) -> set[str]:
        """Return which sockets have events that are queued or in flight."""
        locals_: set[str] = set()
        for record in cast("list[Record]", self._execute([Outstanding([CONNECT, RECEIVE])])[0]):
            for raw in record.entries:
                try:
                    envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
                except DecodeError:
                    continue  # it is logged and counted where it is taken
                owner, local = split_local(reply_channel_of(envelope) or "")
                if owner == inbox:
                    locals_.add(local)
        return locals_

    def _pages(self, inbox: str) -> Iterator[Sequence[Socket]]:
        begin = 0
        while True:
            page = cast(SocketPage, self._execute([Sockets(inbox, begin, PAGE)])[0])
            yield page.sockets
            begin = page.next
            if not begin:
                return

    def _say(self, inbox: str, sockets: Sequence[Socket]) -> int:
        """Send last events as long as their channel has room; return of how many sockets."""
        for begin in range(0, len(sockets), AT_A_TIME):
            some = sockets[begin : begin + AT_A_TIME]
            wills = [(socket.local, self._codec.queue_body(self._last_event(inbox, socket))) for socket in some]
            done = cast(int, self._execute([PushWills(inbox, DISCONNECT, wills, self._capacity)])[0])
            if not done:
                return begin
        return len(sockets)

    def _last_event(self, inbox: str, socket: Socket) -> Envelope:
        content = {"reply_channel": inbox + socket.local, "path": self._stored(socket.card), "code": ABNORMAL_CLOSURE}
        state = self._stored(socket.state) if socket.state is not None else None
        return Envelope(DISCONNECT, content, LAST_TURN, state if isinstance(state, bytes) else None)

    def _stored(self, sealed: bytes) -> str | bytes:
        try:
            return self._codec.open_stored(sealed)
        except DecodeError as error:
            logger.warning("What was stored of a socket is left out of its websocket.disconnect: %s", error)
            return ""
