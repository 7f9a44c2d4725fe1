"""Events of connections and the bytes of WebSockets, counted by classes that take the place of the plain ones.

Labels are the channels of an interface server and words of fixed sets.
"""

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from towpath.layers.inbox_events import Settled
from towpath.layers.monitoring import Family, Histogram
from towpath.layers.monitoring.measures import SECONDS_BOUNDS
from towpath.layers.protocol import EVENT_CHANNELS

from ..conversation import Conversation
from ..turns import Event
from ..websocket.connection import WebSocket

PREFIX = "towpath_interface"


class EventCounts:
    """The counts of one server."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.events = {channel: Histogram() for channel in EVENT_CHANNELS}
        self.waits = Histogram()
        self.handshakes = {outcome: Histogram() for outcome in ("accepted", "refused")}
        self.bytes_in = self.bytes_out = 0
        self.late = Histogram()

    def families(self) -> list[Family]:
        """Return the counts since the start."""
        events = [((channel,), histogram) for channel, histogram in self.events.items()]
        handshakes = [((outcome,), histogram) for outcome, histogram in self.handshakes.items()]
        octets = [(("in",), self.bytes_in), (("out",), self.bytes_out)]
        return [
            Family(
                f"{PREFIX}_event_seconds",
                "histogram",
                "Events from the send to the channel layer to the settlement",
                ("channel",),
                events,
            ),
            Family(
                f"{PREFIX}_turn_wait_seconds",
                "histogram",
                "Events that waited for earlier events of their connection",
                (),
                [((), self.waits)],
            ),
            Family(
                f"{PREFIX}_handshake_seconds",
                "histogram",
                "WebSocket handshakes from the request to the answer",
                ("outcome",),
                handshakes,
            ),
            Family(
                f"{PREFIX}_websocket_bytes",
                "counter",
                "Bytes of WebSocket messages: payloads of clients, frames to them",
                ("direction",),
                octets,
            ),
            Family(
                f"{PREFIX}_loop_late_seconds",
                "histogram",
                "Lateness of a timer of the event loop, measured twice a second",
                (),
                [((), self.late)],
            ),
        ]


def counted_conversation(counts: EventCounts) -> type[Conversation]:
    """Return a class of conversations whose events are counted."""
    return type("CountedConversation", (_CountedConversation,), {"__slots__": (), "counts": counts})


def counted_websocket(counts: EventCounts) -> type[WebSocket]:
    """Return a class of WebSockets whose messages and handshakes are counted."""
    return type("CountedWebSocket", (_CountedWebSocket,), {"counts": counts})


class _CountedConversation(Conversation):
    """A hot path: two clock calls and one histogram for each event, and nothing more where none waits."""

    __slots__ = ("_sent_at", "_since")

    counts: EventCounts

    def __init__(self, *arguments: Any) -> None:
        self._sent_at = 0.0
        #: Of the events that wait: when they came, in the order of their turns.
        self._since: list[float] | None = None
        super().__init__(*arguments)

    def _tell_pressure(self) -> None:
        since = [] if self._since is None else self._since
        while len(since) < self._turns.waiting_count:
            since.append(self.counts.seconds())
        self._since = since or None
        super()._tell_pressure()

    def _post(self, event: Event, trace: dict[str, str] | None = None) -> None:
        self._sent_at = self.counts.seconds()
        if self._since is not None:
            self.counts.waits.observe(self._sent_at - self._since.pop(0))
            if not self._turns.waiting_count or not self._since:
                self._since = None  # also events that were dropped while they waited
        Conversation._post(self, event, trace)

    def settled(self, event: Settled) -> None:
        if event.turn == self._turns.number and (histogram := self.counts.events.get(self._turns.channel)) is not None:
            seconds = self.counts.seconds() - self._sent_at
            histogram.counts[bisect_left(SECONDS_BOUNDS, seconds)] += 1
            histogram.total_seconds += seconds
        Conversation.settled(self, event)


class _CountedWebSocket(WebSocket):
    counts: EventCounts

    def received(self, payload: bytearray, is_binary: bool) -> None:
        self.counts.bytes_in += len(payload)
        WebSocket.received(self, payload, is_binary)

    def _send(self, frame: bytes, is_shared: bool = False) -> None:
        self.counts.bytes_out += len(frame)
        WebSocket._send(self, frame, is_shared)

    def _log_action(self, action: str, **more: object) -> None:
        if action == "connecting":
            self._began = self._hub.clock.seconds()
        elif action != "disconnected":
            outcome = "accepted" if action == "connected" else "refused"
            self.counts.handshakes[outcome].observe(self._hub.clock.seconds() - self._began)
        super()._log_action(action, **more)
