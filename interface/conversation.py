"""One connection's events on their way to the workers: in order, one turn out at a time, with the session state.

A turn ends by its settlement, or is lost: when the worker that had its event has stopped, or the layer lost it. If a
send was not answered, its turn stays out, and the layer is asked again. Lost turns are counted; the next event follows.
"""

import logging
from typing import TYPE_CHECKING

from towpath.layers.codec import unpack
from towpath.layers.contract import SESSION_STATE_MAX_BYTES, Content, Envelope, Will
from towpath.layers.errors import DecodeError
from towpath.layers.inbox_events import Replies, Settled
from towpath.layers.log_fields import USER_KEY, about
from towpath.layers.protocol import DISCONNECT

from .bounds.memory import SMALL_BYTES
from .counters import Count
from .eventloop.deadlines import Deadline
from .http.flow import notify_closed
from .interfaces import Owner
from .outbound import Outcome
from .turns import Event, Phase, Pressure, Turns, is_short, weight

if TYPE_CHECKING:
    from .hub import Hub

log = logging.getLogger(__name__)

#: Seconds without a keep-alive of its consumer (one every 2 s) after which a turn is looked up in the layer.
LOOK_SECONDS = 8.0
#: Seconds that a client waits until it is known whether the layer has accepted the first event of its connection.
UNANSWERED_SECONDS = 3.0


class Conversation:
    """Sends the events of one HTTP exchange or WebSocket (its owner), from the first to the last."""

    __slots__ = (
        "owner", "reply_channel", "local", "_hub", "_turns", "_session_state", "_state_bytes",
        "_deadline", "_is_accepted", "_is_closed", "_closed_at", "_held", "_under_way_bytes",
    )  # fmt: skip

    def __init__(self, hub: "Hub", owner: Owner) -> None:
        """Register with the hub.

        Raises:
            TooManyConnections: the process has reached `max_connections`.
        """
        self.local = hub.connections.add(self)
        self.reply_channel = hub.edge.inbox + self.local
        self.owner = owner
        self._hub = hub
        self._turns = Turns(hub.config.incoming_max_events, hub.config.incoming_max_bytes)
        self._session_state: bytes | None = None
        #: The length of the session state, if it is large.
        self._state_bytes = 0
        #: The event of the turn that is out is, or was, on its channel.
        self._is_accepted = False
        #: The deadline after which that turn is looked up.
        self._deadline = Deadline(hub.deadlines, self._turn_is_late)
        self._is_closed = False
        self._closed_at = 0.0
        #: The event of the turn that is out, while it waits for room (see `bounds.under_way`).
        self._held: Event | None = None
        #: The bytes of that event that are counted, once it is sent.
        self._under_way_bytes = 0
        hub.edge.opened(self.local)

    @property
    def is_closed(self) -> bool:
        """Return whether the connection is closed; its last events may not be sent yet."""
        return self._is_closed

    @property
    def accepted_turn(self) -> int | None:
        """The turn that is out and whose event is, or was, on its channel; None if there is none."""
        number = self._turns.number
        return number if self._is_accepted and self._turns.is_out(number) else None

    @property
    def user_id(self) -> object:
        """The user that the session state names, as Django's sessions do; None without one."""
        try:
            state = None if self._session_state is None else unpack(self._session_state)
        except DecodeError:
            return None  # of a project that keeps something else in it
        return state.get(USER_KEY) if isinstance(state, dict) else None

    @property
    def waiting_count(self) -> int:
        """The number of events that wait for their turn."""
        return self._turns.waiting_count

    @property
    def has_turn_out(self) -> bool:
        """Return whether an event is sent and not settled."""
        return self._turns.is_out(self._turns.number)

    @property
    def channel(self) -> str:
        """The channel of the latest turn's event."""
        return self._turns.channel

    def emit(self, channel: str, content: Content, *, insist: bool, will: Will | None = None) -> None:
        """Send an event when its turn comes. `insist` False: `refused` of the owner is called if the channel is full.

        The first event may carry a `will`: the last event, should this process expire (see `contract.Will`).

        Raises:
            ValueError: the conversation is closed.
        """
        event = self._turns.offer(Event(channel, content, insist, will))
        if event is not None:
            self._send(event)
        else:
            self._tell_pressure()

    def close(self, channel: str | None = None, content: Content | None = None) -> None:
        """Close: the waiting events are still sent, then the last event, if there is one.

        Leaves all groups at once. The owner is not called any more.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._closed_at = self._hub.clock.seconds()
        self._hub.edge.closed(self.local)
        last = None if channel is None else Event(channel, content or {}, insist=True)
        event = self._turns.finish(last)
        if event is not None:
            self._send(event)
        elif self._turns.phase is Phase.ENDED:
            self._unregister()

    def settled(self, event: Settled) -> None:
        """A consumer has run: deliver its replies, keep its state, release the next event."""
        if not self._turns.is_out(event.turn):
            log.debug("Turn %d is settled too late", event.turn, extra=about(self.owner))
            self._hub.counters.add(Count.SETTLEMENTS_LATE)
            return
        if event.session_state is not None:
            self._keep_session_state(event.session_state)
        try:
            if event.replies and not self._is_closed:
                self._deliver(event)
        finally:
            if self._turns.is_out(event.turn):
                self._next_turn()

    def replied(self, event: Replies) -> None:
        """Deliver messages outside of a settlement."""
        if not self._is_closed:
            self._deliver(event)
        else:
            notify_closed(self._hub, event)

    def kept(self, turn: int) -> None:
        """The consumer of this turn is still running."""
        if self._turns.is_out(turn):
            self._deadline.set(LOOK_SECONDS)

    def looked_for(self, turn: int) -> None:
        """The turn was looked up: it continues, or its settlement is in the inbox."""
        if self.accepted_turn == turn:
            self._deadline.set(LOOK_SECONDS)

    def lost(self, turn: int) -> None:
        """This turn will not be settled: the worker that had taken its event has expired, or the event has expired."""
        if self._turns.is_out(turn):
            self._lose(turn, self._turns.channel)

    def abandon(self) -> None:
        """The lease of this process had expired: end the connection, and send nothing more."""
        self._is_closed = True
        self._turns.abandon()
        self._unregister()
        self.owner.abort()

    def fail(self) -> None:
        """Handling something for this connection raised (it was logged): close it."""
        self._hub.counters.add(Count.HANDLERS_FAILED)
        if not self._is_closed:
            self.owner.failed()

    def _deliver(self, event: Settled | Replies) -> None:
        deliver = self.owner.deliver
        for content in event.replies if isinstance(event, Settled) else event.contents:
            if self._is_closed:
                return
            deliver(content)
        self.owner.replied()

    def shed(self) -> None:
        """Drop the waiting events, and close the connection: all buffers together exceed their bound."""
        dropped = self._turns.drop_waiting()
        is_held = self._held is not None
        if is_held:
            self._leave_under_way()
        self._hub.counters.add(Count.EVENTS_DROPPED, amount=dropped + is_held)
        if not self._is_closed:
            self.owner.shed()
        if is_held:
            self._next_turn()

    def send_held(self) -> None:
        """Send the event that waited for room."""
        event, self._held = self._held, None
        if event is not None:
            self._count_waiting()
            self._post(event)

    def _send(self, event: Event) -> None:
        self._is_accepted = False
        self._deadline.set(None)
        is_small = event.insist and not self._state_bytes and is_short(event.content)
        if is_small or not self.owner.is_socket or self._has_room(event):
            self._post(event)

    def _has_room(self, event: Event) -> bool:
        """Return whether the event may be sent now; if not, it is held until there is room."""
        if event.channel == DISCONNECT and is_short(event.content):
            return True
        length = weight(event.content) + self._state_bytes
        if length <= SMALL_BYTES:
            return True
        self._under_way_bytes = length
        if self._hub.events_under_way.begin(self, length):
            return True
        self._held = event
        self._count_waiting()
        return False

    def _post(self, event: Event, trace: dict[str, str] | None = None) -> None:
        envelope = Envelope(event.channel, event.content, self._turns.number, self._session_state, trace, event.will)
        self._hub.outbound.post(envelope, self._posted if event.insist else self._posted_first)

    def _posted(self, envelope: Envelope, outcome: Outcome) -> bool:
        """Handle the outcome of an event that insists; return whether to keep trying."""
        turn = envelope.turn
        if turn is None or not self._turns.is_out(turn):
            return False
        if outcome is Outcome.ACCEPTED:
            self._accepted()
            return False
        is_last = self._turns.phase is Phase.LAST_OUT
        if outcome is Outcome.FULL:
            is_lost = self._is_given_up() and envelope.channel != DISCONNECT
        else:
            is_lost = outcome is Outcome.FAILED and not is_last
        if is_lost:
            self._lose(turn, envelope.channel)
        return not is_lost

    def _posted_first(self, envelope: Envelope, outcome: Outcome) -> bool:
        """Handle the outcome of an event that does not insist."""
        turn = envelope.turn
        if outcome is Outcome.ACCEPTED or outcome is Outcome.FAILED:
            return self._posted(envelope, outcome)
        if outcome is Outcome.UNKNOWN:
            self._deadline.set(UNANSWERED_SECONDS)
            return True
        if turn is not None and self._turns.is_out(turn):
            self._hub.counters.add(Count.EVENTS_REFUSED, envelope.channel)
            is_closed = self._is_closed
            self._next_turn()
            if not is_closed:
                self.owner.refused()
        return False

    def _accepted(self) -> None:
        if self._turns.phase is Phase.LAST_OUT:
            self._next_turn()  # its settlement is not awaited
        else:
            self._is_accepted = True
            self._deadline.set(LOOK_SECONDS)

    def _is_given_up(self) -> bool:
        """Return whether to try an event of a closed connection again: within the expiry of messages.

        A `websocket.disconnect` is never given up.
        """
        return self._is_closed and self._hub.clock.seconds() - self._closed_at > self._hub.turn_seconds

    def _keep_session_state(self, session_state: bytes) -> None:
        if len(session_state) <= SESSION_STATE_MAX_BYTES:
            self._session_state = session_state or None
            before, self._state_bytes = self._state_bytes, len(session_state) if len(session_state) > SMALL_BYTES else 0
            if before != self._state_bytes:
                self._count_waiting()
            return
        line = "A session state of %d bytes is dropped: at most %d travel"
        log.error(line, len(session_state), SESSION_STATE_MAX_BYTES, extra=about(self.owner))
        self._hub.counters.add(Count.SESSIONS_TOO_LARGE)

    def _next_turn(self) -> None:
        turns = self._turns
        if self._under_way_bytes:
            self._leave_under_way()
        event = turns.settle(turns.number)
        if event is not None:
            self._send(event)
            self._tell_pressure()
        elif turns.phase is Phase.ENDED:
            self._unregister()

    def _lose(self, turn: int, channel: str) -> None:
        log.debug("Turn %d on %s is lost", turn, channel, extra=about(self.owner))
        self._hub.counters.add(Count.TURNS_LOST, channel)
        is_closed = self._is_closed
        self._next_turn()
        if not is_closed:
            self.owner.lost()

    def _leave_under_way(self) -> None:
        """Return the room of a large event: its turn has ended, or it was never sent."""
        length, self._under_way_bytes = self._under_way_bytes, 0
        if self._held is not None:
            self._held = None
            self._hub.events_under_way.forget(self)
        else:
            self._hub.events_under_way.end(length)

    def _count_waiting(self) -> None:
        held = self._state_bytes if self._held is None else self._under_way_bytes
        self._hub.memory.hold(self, self._turns.waiting_bytes + held)

    def _tell_pressure(self) -> None:
        self._count_waiting()
        change = self._turns.pressure_change(self._hub.memory.is_short)
        if change is None or self._is_closed:
            return
        if change is Pressure.CONGESTED:
            self.owner.congested()
        else:
            self.owner.relieved()

    def _turn_is_late(self) -> None:
        if self._is_accepted:
            self._hub.recovery.ask(self, self._turns.number)
        elif not self._is_closed:  # the client need not wait any longer; the event, and what follows it, does
            self.owner.lost()

    def _unregister(self) -> None:
        self._deadline.stop()
        if self._under_way_bytes:
            self._leave_under_way()
        self._hub.memory.hold(self, 0)
        self._hub.connections.remove(self.local)
