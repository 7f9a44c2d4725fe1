"""The body of one request, from its first byte to its consumer: in memory up to a size, on disk above it.

| reply to `http.request` | meaning |
|---|---|
| `{"body_until": int}` | the consumer reads: the body may be sent up to this byte, counted from its beginning |
| `{"body_whole": True}` | the consumer wants the whole body: send the request again when it is complete |

A complete and short body travels in the request itself; any other is sent over its channel (`body_channel`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .body_channel import BodyChannel, Piece
from .pace import Pace
from .spool import Spool
from .wire import Wire

if TYPE_CHECKING:
    from ..hub import Hub

#: Bytes of one body in memory, while the bound of all bodies has room for them; the rest is on disk.
MEMORY_MAX_BYTES = 1024 * 1024
#: The client is paused when this number of bytes waits for the disk, or for a consumer that reads the body while it
#: arrives; it is resumed at the second number.
WAITING_MAX_BYTES = 1024 * 1024
WAITING_LOW_BYTES = 512 * 1024


class RequestBody:
    """The received part of one body.

    `timed` is called when the deadline changes (`seconds_left`), `failed` when the body can no longer be kept or sent.
    """

    __slots__ = (
        "received_bytes", "is_complete", "is_live", "is_paused", "_hub", "_wire", "_pace", "_timed", "_failed",
        "_gathered", "_inline_bytes", "_sent_bytes", "_spool", "_channel", "_is_closed",
    )  # fmt: skip

    def __init__(self, hub: "Hub", wire: Wire, timed: Callable[[], None], failed: Callable[[], None]) -> None:
        self.received_bytes = 0
        self.is_complete = False
        #: A consumer reads the body while it arrives.
        self.is_live = False
        #: Reading from the client is paused: the body waits for the disk or for the consumer.
        self.is_paused = False
        self._hub = hub
        self._wire = wire
        self._pace = Pace(hub.clock.seconds, hub.config.body_timeout_seconds, hub.config.body_rate_bytes)
        self._timed = timed
        self._failed = failed
        self._gathered: list[bytes] = []
        #: Bytes of the body inside a request that is in the store or in flight at a worker.
        self._inline_bytes = 0
        self._sent_bytes = 0
        self._spool: Spool | None = None
        self._channel: BodyChannel | None = None
        self._is_closed = False

    @property
    def has_room(self) -> bool:
        """Whether the received bytes fit into the bounds of the process."""
        return self._spool is None or not self._spool.is_full

    def seconds_left(self) -> float | None:
        """Return the seconds until the client, or else the application, has been too slow; None: no deadline."""
        if self.is_complete or self.is_paused:
            return self._hub.config.http_timeout_seconds
        return self._pace.seconds_left(self.received_bytes)

    def feed(self, data: bytes) -> None:
        """Keep bytes that were received from the client."""
        self.received_bytes += len(data)
        if self._spool is None:
            is_short = self.received_bytes <= self._hub.config.body_inline_max_bytes
            if is_short and self._hub.spools.memory.take(len(data)):
                self._gathered.append(data)
                return
        self._spooled().append(data)
        self._changed()

    def complete(self) -> None:
        """Note that the whole body has been received."""
        self.is_complete = True
        if self._channel is not None:
            self._channel.send()

    def first_bytes(self) -> bytes:
        """Return the part of a complete body that travels in the request: all of a short one, else its beginning.

        Empty if the bodies inside of requests have reached their bound.
        """
        length = min(self.received_bytes, self._hub.config.body_inline_max_bytes)
        if not self._hub.inline_bodies.take(length):
            return b""
        self._inline_bytes = length
        if self._spool is None:
            body = b"".join(self._gathered)
            self._forget_gathered()
        else:
            body = self._spool.take(length)
        self._sent_bytes = len(body)
        return body

    @property
    def is_sent(self) -> bool:
        """Whether all of a body that is complete has travelled in the request."""
        return self._sent_bytes == self.received_bytes

    def open_channel(self) -> str:
        """Return the name of the channel that carries the rest of the body."""
        if self._channel is None:
            self._channel = BodyChannel(self._hub, self._take, self._failed)
        self._channel.offset = self._sent_bytes
        return self._channel.name

    def allow(self, until: int) -> None:
        """Release the first `until` bytes of the body to the consumer."""
        if self._channel is not None and not self._is_closed:
            self._channel.allow(until)
            self._went_on()

    def close(self, *, is_awaited: bool) -> None:
        """Drop the kept bytes; `is_awaited`: a consumer may wait for the rest, and is notified of the end."""
        if self._is_closed:
            return
        self._is_closed = True
        self._hub.inline_bodies.give_back(self._inline_bytes)
        self._forget_gathered()
        if self._spool is not None:
            self._spool.close()
        if self._channel is not None:
            self._channel.close(is_awaited=is_awaited)

    def _forget_gathered(self) -> None:
        self._hub.spools.memory.give_back(sum(map(len, self._gathered)))
        self._gathered.clear()

    def _spooled(self) -> Spool:
        if self._spool is None:
            self._spool = spool = self._hub.spools.spool(MEMORY_MAX_BYTES, self._changed)
            gathered = list(self._gathered)
            self._forget_gathered()
            for data in gathered:
                spool.append(data)
        return self._spool

    def _take(self, max_bytes: int) -> Piece | None:
        spool = self._spooled()
        content = spool.take(max_bytes)
        is_last = self.is_complete and spool.waiting_bytes == 0
        return Piece(content, is_last) if content or is_last else None

    def _changed(self) -> None:
        """Continue after more of the body was loaded into memory, or written to disk."""
        if self._is_closed:
            return
        if self._spool is not None and self._spool.is_broken:
            self._failed()
            return
        if self._channel is not None:
            self._channel.send()
        self._went_on()

    def _went_on(self) -> None:
        """Pause the client if too many bytes wait, or resume it."""
        spool = self._spool
        if spool is None or self._is_closed:
            return
        waiting_bytes = spool.waiting_bytes if self.is_live else spool.backlog_bytes
        # While all bodies together exceed their memory, each client waits until its bytes are on disk.
        most, least = (WAITING_MAX_BYTES, WAITING_LOW_BYTES) if self._hub.spools.memory.has_room(0) else (1, 0)
        if not self.is_paused and waiting_bytes >= most and not self.is_complete:
            self.is_paused = True
            self._pace.pause()
            self._wire.pause_body()
            self._timed()
        elif self.is_paused and waiting_bytes <= least:
            self.is_paused = False
            self._pace.resume()
            self._timed()
            self._wire.resume_body()
