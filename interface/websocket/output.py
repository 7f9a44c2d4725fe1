"""Output of one WebSocket: what waits for the client, and when the client is too slow. A push producer.

The transport calls `pauseProducing` when its buffer is full (64 KiB) and `resumeProducing` when it is empty. Bytes
written in between wait here, where frames of groups are shared by all members. More than `max_bytes` may wait: one
consumer may send a lot at once, and a client that reads takes all of it. A client is too slow if

- no byte is taken for `STALL_SECONDS` while more than `max_bytes` wait;
- more waits than one run of a consumer can have sent on top of that (`BURST_MAX_BYTES`);
- more than `SURPLUS_MAX_BYTES` wait for all such clients of the process together; or
- its own pings have caused more than `max_bytes` of pongs that it does not read.
"""

from collections import deque
from enum import Enum
from fcntl import ioctl
from struct import pack, unpack
from termios import TIOCOUTQ
from typing import Any, Protocol

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from towpath.layers.codec import MAX_MESSAGE_BYTES

from ..clock import Clock, Timer

#: Without progress for so long a client is too slow; and how often it is looked at meanwhile. In seconds.
STALL_SECONDS = 5.0
LOOK_SECONDS = 1.0
#: The replies of one run of a consumer travel in one message.
BURST_MAX_BYTES = MAX_MESSAGE_BYTES
#: With more than this, a client above its own bound is dropped as soon as it is sent anything.
SURPLUS_MAX_BYTES = 256 * 1024 * 1024

#: How often the transport's buffer has been emptied, and the bytes in the system's buffer, negated: more is progress.
Progress = tuple[int, int]


class Flow(Enum):
    """Where the output of one client stands."""

    FLOWING = "flowing"
    PAUSED = "paused"
    CUT_OFF = "cut off"


class Outputs:
    """The bounds that the outputs of one process share; `surplus_bytes` wait for all clients above `max_bytes`."""

    __slots__ = ("clock", "max_bytes", "surplus_bytes")

    def __init__(self, clock: Clock, max_bytes: int) -> None:
        self.clock = clock
        self.max_bytes = max_bytes
        self.surplus_bytes = 0


class Owner(Protocol):
    """The connection that an output belongs to."""

    def cut_off(self) -> None:
        """Close: the client is too slow. Called once; what is written after it is not counted."""


@implementer(IPushProducer)
class Output:
    """Writes to a transport, or keeps what it cannot take."""

    __slots__ = (
        "flow", "_shared", "_transport", "_owner", "_queue", "_waiting_bytes", "_control_bytes", "_surplus_bytes",
        "_resumed_count", "_seen", "_seen_at", "_timer",
    )  # fmt: skip

    # `Any`: TCP, UNIX or TLS; what they have in common is more than Twisted's interfaces say.
    def __init__(self, shared: Outputs, transport: Any, owner: Owner) -> None:
        self.flow = Flow.FLOWING
        self._shared = shared
        self._transport = transport
        self._owner = owner
        #: What waits here; None until something does.
        self._queue: deque[bytes] | None = None
        self._waiting_bytes = 0
        #: Control frames since the queue was empty.
        self._control_bytes = 0
        #: This client's part of `Outputs.surplus_bytes`.
        self._surplus_bytes = 0
        self._resumed_count = 0
        self._seen: Progress = (0, 0)
        self._seen_at = 0.0
        self._timer: Timer | None = None

    def write(self, data: bytes, *, is_control: bool) -> None:
        """Write bytes in order; `is_control`: a control frame, which the client may have caused."""
        if self.flow is not Flow.PAUSED:
            self._transport.write(data)
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(data)
        self._waiting_bytes += len(data)
        self._control_bytes += len(data) if is_control else 0
        if self._waiting_bytes > self._shared.max_bytes:
            self._check_bounds()

    @property
    def progress(self) -> Progress:
        """How far the client has come with what it was sent."""
        return self._resumed_count, -_unacknowledged_bytes(self._transport)

    def finish(self) -> None:
        """Write all that waits: the connection is about to be closed."""
        self.flow = Flow.CUT_OFF
        while self._queue:
            self._transport.write(self._queue.popleft())
        self.stop()

    def stop(self) -> None:
        """Forget what waits: the connection is gone, or given up."""
        self.flow = Flow.CUT_OFF
        self._queue = None
        self._waiting_bytes = 0
        self._set_surplus(0)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What the transport calls.

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        if self.flow is Flow.FLOWING:
            self.flow = Flow.PAUSED

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        if self.flow is not Flow.PAUSED:
            return
        self.flow = Flow.FLOWING
        self._resumed_count += 1
        while self._queue and self.flow is Flow.FLOWING:
            data = self._queue.popleft()
            self._waiting_bytes -= len(data)
            self._transport.write(data)
        if self._surplus_bytes:
            self._set_surplus(self._waiting_bytes)
        if not self._queue:
            self._control_bytes = 0

    def stopProducing(self) -> None:
        """The connection is gone; its protocol calls `stop`."""

    # Bounds.

    def _check_bounds(self) -> None:
        shared = self._shared
        self._set_surplus(self._waiting_bytes)
        if (
            self._control_bytes > shared.max_bytes
            or self._waiting_bytes > shared.max_bytes + BURST_MAX_BYTES
            or shared.surplus_bytes > SURPLUS_MAX_BYTES
        ):
            self._cut_off()
        elif self._timer is None:
            self._note_progress()
            self._timer = shared.clock.callLater(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiting_bytes <= self._shared.max_bytes:
            self._set_surplus(0)
            return
        if self.progress > self._seen:
            self._note_progress()
        elif self._shared.clock.seconds() >= self._seen_at + STALL_SECONDS:
            self._cut_off()
            return
        self._timer = self._shared.clock.callLater(LOOK_SECONDS, self._look)

    def _note_progress(self) -> None:
        self._seen, self._seen_at = self.progress, self._shared.clock.seconds()

    def _cut_off(self) -> None:
        self.stop()
        self._owner.cut_off()

    def _set_surplus(self, waiting: int) -> None:
        self._shared.surplus_bytes += waiting - self._surplus_bytes
        self._surplus_bytes = waiting


# `Any`: see `Output`.
def _unacknowledged_bytes(transport: Any) -> int:
    """Return how much the system keeps for a client that has not acknowledged it; 0 where the system does not say."""
    try:
        (count,) = unpack("i", ioctl(transport.socket.fileno(), TIOCOUTQ, pack("i", 0)))
    except (AttributeError, OSError, ValueError):  # not a socket of the system, or closed by now
        return 0
    return int(count)
