"""The state that all connections of one interface server process share."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from towpath.layers.contract import Content, Edge, Envelope
from towpath.layers.errors import LayerUnavailable

from .accesslog import ActionLogger, no_log
from .availability import Availability
from .bounds.budget import Budget
from .bounds.memory import ClientMemory
from .bounds.under_way import EventsUnderWay
from .config import InterfaceConfig
from .connections import Connections
from .counters import Counters
from .eventloop.clock import Clock
from .eventloop.deadlines import Deadlines
from .eventloop.tasks import Tasks
from .http.spool import SpoolStore, default_folder
from .outbound import Outbound, Outcome
from .recovery import Recovery
from .workers import WorkerWatch

log = logging.getLogger(__name__)

#: Bytes of request bodies in the store or in flight at workers; above it bodies are sent in pieces, as consumers read.
INLINE_BODIES_MAX_BYTES = 32 * 1024 * 1024
#: Seconds, in addition to the expiry of messages, during which events of a closed connection are tried.
TURN_MARGIN_SECONDS = 10.0


@dataclass(slots=True)
class Hub:
    """The shared parts of one process, passed to each connection. Needs a running event loop."""

    config: InterfaceConfig
    edge: Edge
    clock: Clock
    #: Expiry of the layer's messages.
    expiry_seconds: float
    log_action: ActionLogger = no_log
    counters: Counters = field(default_factory=Counters)
    tasks: Tasks = field(default_factory=Tasks)
    deadlines: Deadlines = field(init=False)
    availability: Availability = field(init=False)
    outbound: Outbound = field(init=False)
    connections: Connections = field(init=False)
    recovery: Recovery = field(init=False)
    #: Whether there are workers.
    workers: WorkerWatch = field(init=False)
    #: The name of the layer in log lines.
    layer_label: str = "its layer"
    #: The memory of all clients, without bodies.
    memory: ClientMemory = field(init=False)
    #: Bytes of WebSocket events that are in the store or in flight at workers.
    events_under_way: EventsUnderWay = field(init=False)
    #: The requests that are open, from their heads to the ends of their responses.
    requests: Budget = field(init=False)
    #: The memory and disk of bodies, of requests and of responses.
    spools: SpoolStore = field(init=False)
    #: Bytes of bodies that travel in their requests.
    inline_bodies: Budget = field(init=False)
    #: No new connections are accepted.
    is_stopping: bool = False
    #: Seconds over which the clients of a draining server reconnect.
    reconnect_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.deadlines = Deadlines(self.clock)
        self.availability = Availability(self.clock.seconds)
        self.outbound = Outbound(self.edge, self.clock, self.tasks, self.availability)
        self.connections = Connections(self.config.max_connections)
        self.recovery = Recovery(self.edge, self.connections, self.availability)
        self.workers = WorkerWatch(self.edge, self.clock.seconds, self.layer_label)
        self.memory = ClientMemory(self.config.buffers_max_bytes)
        self.events_under_way = EventsUnderWay(self.config.events_max_bytes)
        self.requests = Budget(self.config.max_connections)
        self.inline_bodies = Budget(INLINE_BODIES_MAX_BYTES)
        memory, space = Budget(self.config.spool_memory_max_bytes), Budget(self.config.spool_max_bytes)
        self.spools = SpoolStore(memory, space, self.counters, self.config.spool_folder or default_folder())

    @property
    def turn_seconds(self) -> float:
        """Seconds during which events of a closed connection are tried while their channel is full."""
        return self.expiry_seconds + TURN_MARGIN_SECONDS

    def post(self, channel: str, content: Content, done: Callable[[Outcome], None]) -> None:
        """Send a message outside of any turn; `done` gets its outcome, once.

        While it is unknown whether the message was accepted, the layer is asked again: UNKNOWN is not reported.
        """

        def report(envelope: Envelope, outcome: Outcome) -> bool:
            if outcome is Outcome.UNKNOWN:
                return True
            done(outcome)
            return False

        self.outbound.post(Envelope(channel, content), report)

    def drop_channel(self, channel: str, done: Callable[[], None]) -> None:
        """Delete a single-reader channel and its messages, later; `done` is called after it."""
        self.tasks.start(self._drop_channel(channel, done), f"drop {channel}")

    async def _drop_channel(self, channel: str, done: Callable[[], None]) -> None:
        try:
            await self.edge.drop_channel(channel)
        except LayerUnavailable as error:
            log.info("Channel %s is left to expire: %s", channel, error)
        done()


def abandon_all(hub: Hub) -> None:
    """End all connections at once: the lease has expired, and workers have disconnected the sockets."""
    log.error("Cutting off %d connections: this process gave no sign of life for too long", len(hub.connections))
    hub.outbound.forget()
    for conversation in hub.connections:
        conversation.abandon()
