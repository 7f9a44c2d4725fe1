"""The output of one WebSocket: its queue, and the rules for clients that are too slow. A push producer.

The transport calls `pauseProducing` when its buffer is full (64 KiB) and `resumeProducing` when it is empty. Bytes
written in between wait here, where frames of groups are shared by all members. More than `max_bytes` may wait: one
consumer may send a lot at once, and a client that reads takes all of it. A client is too slow if

- no byte is taken for `STALL_SECONDS` while more than `max_bytes` wait;
- more bytes wait than that and one run of a consumer together (`BURST_MAX_BYTES`);
- all buffers of the process together exceed their bound, and its own is one of the largest (`memory`); or
- its own pings have caused more than `max_bytes` of pongs that it does not read.

A frame of a group is one object for all members: up to `max_bytes` of them are not counted in the sum of the process.
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

from ..bounds.memory import ClientMemory
from ..eventloop.clock import Clock, Timer

#: Seconds without progress after which a client is too slow, and between the checks.
STALL_SECONDS = 5.0
LOOK_SECONDS = 1.0
#: The replies of one run of a consumer travel in one message.
BURST_MAX_BYTES = MAX_MESSAGE_BYTES
#: A frame above this length is counted while it is in the transport's buffer, which is above its own bound then.
TRANSPORT_BYTES = 64 * 1024

#: How often the transport's buffer has been emptied, and the bytes in the system's buffer, negated: more is progress.
Progress = tuple[int, int]


class Flow(Enum):
    """The state of one client's output."""

    FLOWING = "flowing"
    PAUSED = "paused"
    CUT_OFF = "cut off"


class Outputs:
    """The bounds that the outputs of one process share; a client for which more than `max_bytes` wait may be slow."""

    __slots__ = ("clock", "max_bytes", "memory")

    def __init__(self, clock: Clock, max_bytes: int, memory: ClientMemory) -> None:
        self.clock = clock
        self.max_bytes = max_bytes
        self.memory = memory


class Owner(Protocol):
    """The connection that an output belongs to."""

    def cut_off(self) -> None:
        """Close: the client is too slow. Called once; bytes written after it are not counted."""

    def shed(self) -> None:
        """Close: the output is one of the largest buffers, and all buffers together exceed their bound."""


@implementer(IPushProducer)
class Output:
    """Writes to a transport, or queues what the transport cannot take."""

    __slots__ = (
        "flow", "_shared", "_transport", "_owner", "_queue", "_waiting_bytes", "_control_bytes", "_own_bytes",
        "_transport_bytes", "_resumed_count", "_seen", "_seen_at", "_timer",
    )  # fmt: skip

    # `Any`: TCP, UNIX or TLS; they share more methods than Twisted's interfaces declare.
    def __init__(self, shared: Outputs, transport: Any, owner: Owner) -> None:
        self.flow = Flow.FLOWING
        self._shared = shared
        self._transport = transport
        self._owner = owner
        #: Waiting bytes; None until there are some.
        self._queue: deque[bytes] | None = None
        self._waiting_bytes = 0
        #: Control frames since the queue was empty.
        self._control_bytes = 0
        #: Bytes for this client only, since the queue was empty.
        self._own_bytes = 0
        #: The long frame that is, or was, in the transport's buffer.
        self._transport_bytes = 0
        self._resumed_count = 0
        self._seen: Progress = (0, 0)
        self._seen_at = 0.0
        self._timer: Timer | None = None

    def write(self, data: bytes, *, is_control: bool = False, is_shared: bool = False) -> None:
        """Write bytes in order.

        `is_control`: a control frame, which the client may have caused; `is_shared`: a frame that others are sent, too.
        """
        if self.flow is not Flow.PAUSED:
            self._write_now(data)
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(data)
        self._waiting_bytes += len(data)
        self._control_bytes += len(data) if is_control else 0
        self._own_bytes += 0 if is_shared else len(data)
        self._count()
        if self._waiting_bytes > self._shared.max_bytes:
            self._check_bounds()

    @property
    def progress(self) -> Progress:
        """The client's progress in reading; it grows with each byte that leaves."""
        return self._resumed_count, -_unacknowledged_bytes(self._transport)

    def finish(self) -> None:
        """Write all waiting bytes before a close. They are counted until `stop`."""
        if self.flow is not Flow.CUT_OFF:
            self.flow = Flow.CUT_OFF
            self._transport_bytes += self._waiting_bytes
            self._waiting_bytes = 0
            while self._queue:
                self._transport.write(self._queue.popleft())
            self._stop_looking()
            self._count()

    def stop(self) -> None:
        """Drop waiting bytes: the connection is closed or aborted."""
        self.flow = Flow.CUT_OFF
        self._queue = None
        self._waiting_bytes = self._own_bytes = self._transport_bytes = 0
        self._shared.memory.hold(self, 0)
        self._stop_looking()

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Called by the transport.

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        if self.flow is Flow.FLOWING:
            self.flow = Flow.PAUSED
            if self._transport_bytes:
                self._count()

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        if self.flow is not Flow.PAUSED:
            return
        self.flow = Flow.FLOWING
        self._resumed_count += 1
        self._transport_bytes = 0
        while self._queue and self.flow is Flow.FLOWING:
            data = self._queue.popleft()
            self._waiting_bytes -= len(data)
            self._write_now(data)
        if not self._queue:
            self._control_bytes = self._own_bytes = 0
        self._count()

    def stopProducing(self) -> None:
        """Nothing to do: the protocol of the closed connection calls `stop`."""

    # Bounds.

    def shed(self) -> None:
        """Drop waiting bytes, and close: one of the largest buffers while all together exceed their bound."""
        self.stop()
        self._owner.shed()

    def _write_now(self, data: bytes) -> None:
        if len(data) > TRANSPORT_BYTES:
            self._transport_bytes = len(data)
        self._transport.write(data)

    def _count(self) -> None:
        """Report the waiting bytes, without `max_bytes` of shared frames, to the account of the process."""
        own = min(self._own_bytes, self._waiting_bytes)
        waiting = max(own, self._waiting_bytes - self._shared.max_bytes)
        self._shared.memory.hold(self, waiting + self._transport_bytes)

    def _check_bounds(self) -> None:
        shared = self._shared
        if self.flow is not Flow.PAUSED:
            return
        if self._control_bytes > shared.max_bytes or self._waiting_bytes > shared.max_bytes + BURST_MAX_BYTES:
            self._cut_off()
        elif self._timer is None:
            self._note_progress()
            self._timer = shared.clock.callLater(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiting_bytes <= self._shared.max_bytes:
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


# `Any`: see `Output`.
def _unacknowledged_bytes(transport: Any) -> int:
    """Return the unacknowledged bytes in the system's buffer; 0 if the system does not report them."""
    try:
        (count,) = unpack("i", ioctl(transport.socket.fileno(), TIOCOUTQ, pack("i", 0)))
    except (AttributeError, OSError, ValueError):  # not a socket of the system, or closed by now
        return 0
    return int(count)
