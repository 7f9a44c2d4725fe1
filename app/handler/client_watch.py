"""Notices of an interface server about the client of one request: the bytes it has taken, and its disconnection.

Long work for a client checks from time to time whether the client is still connected. The first message that names
the flow channel makes the interface send notices there: a part of a response, or the flow channel alone.
"""

import logging
import time

from towpath.channels import Channel
from towpath.channels.stopping import is_worker_stopping
from towpath.layers.protocol import FLOW_CHANNEL

logger = logging.getLogger(__name__)

#: Seconds in which a client takes none of the waiting bytes; then its response is given up. The same holds if its
#: interface server has stopped, and sends no notices.
STALL_SECONDS = 120.0
#: Notices are kept for the layer's expiry only: after a longer pause between two checks, missing ones prove nothing.
LOOK_PAUSE_MAX_SECONDS = 10.0


class ClientWatch:
    """The client of one request, as known from notices. `stop_seconds`: the time of work in a stopping worker."""

    def __init__(self, reply_channel: Channel, stop_seconds: float | None) -> None:
        self._layer = reply_channel.channel_layer
        self._reply_channel = reply_channel
        self._stop_seconds = stop_seconds
        self._stopping_since: float | None = None
        self._looked_at = time.monotonic()
        self._progress_at = self._looked_at
        self.flow_channel: str = self._layer.new_channel(FLOW_CHANNEL)
        self.sent_bytes = 0
        self.taken_bytes = 0
        #: The client has left: no more parts are sent.
        self.is_gone = False
        #: The kept part of the response has reached its bound at the interface server.
        self.is_late = False

    def is_wanted(self) -> bool:
        """Read all notices; return whether the client still waits, and the worker has time for it."""
        self.look()
        return not self.is_gone and not self.has_stalled() and not self.is_out_of_time()

    def look(self) -> None:
        """Read all received notices."""
        while self.take_notice(block=False):
            pass

    def take_notice(self, block: bool) -> bool:
        """Read one notice; return whether there was one."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_PAUSE_MAX_SECONDS or self.taken_bytes >= self.sent_bytes:
            self._progress_at = now
        self._looked_at = now
        _, notice = self._layer.receive([self.flow_channel], block=block)
        if notice is None:
            return False
        if notice.get("closed"):
            self.is_gone = True
        self.is_late = bool(notice.get("is_waiting"))
        if notice.get("sent", 0) > self.taken_bytes:
            self.taken_bytes = notice["sent"]
            self._progress_at = now
        return True

    def has_stalled(self) -> bool:
        """Return whether the client has taken none of the sent bytes for `STALL_SECONDS`; log it."""
        if self.taken_bytes < self.sent_bytes and time.monotonic() - self._progress_at >= STALL_SECONDS:
            self.give_up(f"the client takes nothing for {STALL_SECONDS:g} seconds")
            return True
        return False

    def is_out_of_time(self) -> bool:
        """Return whether the worker has been stopping for `stop_seconds`; log it. None: without a limit."""
        if self._stop_seconds is None or not is_worker_stopping():
            return False
        now = time.monotonic()
        if self._stopping_since is None:
            self._stopping_since = now
        if now - self._stopping_since < self._stop_seconds:
            return False
        self.give_up(f"the worker stops, and {self._stop_seconds:g} seconds are over")
        return True

    def give_up(self, reason: str) -> None:
        """Log why the work ends."""
        logger.warning("gave up a response to %s after %d bytes: %s", self._reply_channel.name, self.sent_bytes, reason)

    def close(self) -> None:
        """Forget the flow channel."""
        self._layer.drop_channel(self.flow_channel)
