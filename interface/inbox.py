"""Dispatches the entries of this process's inbox to its connections.

An error in one connection's handler is logged with its traceback and closes that connection, never the loop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from towpath.layers.contract import Content
from towpath.layers.errors import LayerUnavailable
from towpath.layers.inbox_events import Commanded, Gap, Grouped, InboxEvent, Kept, Lost, Replies, Settled
from towpath.layers.log_fields import about

from .counters import Count
from .eventloop.clock import pause
from .http.flow import notify_closed
from .hub import Hub
from .interfaces import GroupMessage, Registered

log = logging.getLogger(__name__)

#: Members of a group message that are served before other work of the event loop runs: a few milliseconds.
MEMBERS_AT_A_TIME = 128
#: Seconds to wait after an error of our own in reading, so that it does not fill the log.
ERROR_PAUSE_SECONDS = 0.5


class Inbox:
    """Reads the edge of one interface server."""

    def __init__(self, hub: Hub, take_command: Callable[[Content], object] = lambda content: None) -> None:
        """`take_command` takes the commands of operators."""
        self._hub = hub
        self._take_command = take_command
        #: Held while events are dispatched: those of `read` and `fill` in the order in which they were returned.
        self._turn = asyncio.Lock()

    async def read(self) -> None:
        """Read and dispatch until cancelled; wait while the layer is unavailable."""
        while True:
            try:
                events = await self._hub.edge.receive()
            except LayerUnavailable as error:
                self._hub.availability.went_away(error)
                await self._hub.availability.wait_until_back()
                continue
            except Exception:
                log.exception("Reading the inbox failed; its entries may be lost")
                await pause(self._hub.clock, ERROR_PAUSE_SECONDS)
                continue
            self._hub.counters.received += len(events)
            await self._dispatch_all(events)
            await asyncio.sleep(0)  # output of this turn is written to sockets before the next read of the store

    async def fill(self) -> None:
        """Dispatch messages of groups that were missing and are read from their histories, until cancelled."""
        while True:
            try:
                events = await self._hub.edge.fill()
            except LayerUnavailable as error:
                self._hub.availability.went_away(error)
                await self._hub.availability.wait_until_back()
            except Exception:
                log.exception("Reading the history of groups failed; trying again")
                await pause(self._hub.clock, ERROR_PAUSE_SECONDS)
            else:
                await self._dispatch_all(events)

    async def _dispatch_all(self, events: Sequence[InboxEvent]) -> None:
        async with self._turn:
            for event in events:
                await self.dispatch(event)

    async def dispatch(self, event: InboxEvent) -> None:
        """Deliver one event to its connection, or to all members of its group."""
        if isinstance(event, Grouped):
            await self._dispatch_group(event)
            return
        if isinstance(event, Gap):
            self._hub.counters.add(Count.HISTORY_GAPS, amount=len(event.locals))
            return
        if isinstance(event, Commanded):
            self._take_command(event.content)
            return
        conversation = self._hub.connections.get(event.local)
        if conversation is None:
            log.debug("A message for %s, which is closed", event.local)
            if isinstance(event, Replies):
                notify_closed(self._hub, event)
            return
        try:
            _dispatch_one(conversation, event)
        except Exception:
            log.exception("Handling a reply failed: closing its connection", extra=about(conversation.owner))
            _fail(conversation)

    async def _dispatch_group(self, event: Grouped) -> None:
        message = GroupMessage(event.group, event.content)
        for begin in range(0, len(event.locals), MEMBERS_AT_A_TIME):
            if begin:
                await asyncio.sleep(0)
            for local in event.locals[begin : begin + MEMBERS_AT_A_TIME]:
                conversation = self._hub.connections.get(local)
                if conversation is not None and not conversation.is_closed:
                    try:
                        conversation.owner.deliver_group(message)
                    except Exception:
                        log.exception("Delivering failed: closing the connection", extra=about(conversation.owner))
                        _fail(conversation)


def _dispatch_one(conversation: Registered, event: Settled | Replies | Kept | Lost) -> None:
    if isinstance(event, Settled):
        conversation.settled(event)
    elif isinstance(event, Replies):
        conversation.replied(event)
    elif isinstance(event, Kept):
        conversation.kept(event.turn)
    else:
        conversation.lost(event.turn)


def _fail(conversation: Registered) -> None:
    try:
        conversation.fail()
    except Exception:
        log.exception("Closing the connection failed too", extra=about(conversation.owner))
