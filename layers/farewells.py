"""The last word for the sockets of an interface server that died: their `websocket.disconnect`, once each.

It comes after everything else that its client had sent and that reached the store: a socket is left alone while an
event of it waits in a queue or is in a worker's hand. Then its state is the one that its last consumer left.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from .addressee import reply_channel_of
from .capacity import Capacities
from .contract import Envelope
from .entries import EntryCodec
from .errors import DecodeError
from .lives import Bury, Dead, InHand, Readers, Record, Revisit
from .names import split_local
from .operations import MARK_SECONDS, ChannelState, CloseInbox, Operation, Push, Statistics
from .sockets import CONNECT, DISCONNECT, RECEIVE, ForgetSockets, Peek, RemoveSockets, Socket, SocketPage, Sockets

logger = logging.getLogger(__name__)

Execute = Callable[[Sequence[Operation]], Sequence[object]]

#: Close code of a connection that ended without a close frame (RFC 6455, section 7.4.1).
ABNORMAL_CLOSURE = 1006
#: Between two looks for events of the dead, in seconds: one that was on its way from a queue to a hand is seen then.
LOOK_AGAIN_SECONDS = 0.3
#: From one visit of a dead inbox to the next, in seconds.
REVISIT_SECONDS = 1.0
#: Sockets, and entries of a queue, that are read in one round trip; and farewells that are sent in one.
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
        busy = self._busy(inbox)
        time.sleep(LOOK_AGAIN_SECONDS)
        busy |= self._busy(inbox)
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
        """Return which sockets have events in queues or hands; queues first, since that is the way they go."""
        locals_: set[str] = set()
        for channel in (CONNECT, RECEIVE):
            for entries in self._queued(channel):
                self._add_locals(Record(channel, entries), inbox, locals_)
        readers = cast("list[str]", self._execute([Readers()])[0])
        for record in self._execute([InHand(reader) for reader in readers]) if readers else ():
            if isinstance(record, Record):
                self._add_locals(record, inbox, locals_)
        return locals_

    def _queued(self, channel: str) -> Iterator[Sequence[bytes]]:
        begin = 0
        while entries := cast("list[bytes]", self._execute([Peek(channel, begin, PAGE)])[0]):
            yield entries
            begin += PAGE

    def _add_locals(self, record: Record, inbox: str, locals_: set[str]) -> None:
        for raw in record.entries:
            try:
                envelope = self._codec.open_queue_entry(record.channel, raw, is_aged=True)
            except DecodeError:
                continue  # who takes it will log and count it
            owner, local = split_local(reply_channel_of(envelope) or "")
            if owner == inbox:
                locals_.add(local)

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
            state = cast(ChannelState, self._execute([Statistics(DISCONNECT)])[0])
            if state.pending >= self._capacity:
                return begin
            some = sockets[begin : begin + AT_A_TIME]
            bodies = [self._codec.queue_body(self._last_event(inbox, socket)) for socket in some]
            # What has room is not refused for a few more: both are written, or none.
            push = Push(DISCONNECT, bodies, self._capacity + state.pending + len(bodies))
            self._execute([push, RemoveSockets(inbox, [socket.local for socket in some])])
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
