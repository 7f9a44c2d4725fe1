"""Sending a response in parts, no faster than the interface server takes them.

Every part names a flow channel. The interface server sends `{"sent": total}` there, the bytes of content that it has
taken so far: sent to the client, or kept for it. With `"is_waiting": True` the kept part has reached its bound, so that
the sender waits for the client, unless too many others do (`network`). `{"closed": True}`: the client disconnected.
"""

import time

from towpath.channels import Channel
from towpath.layers.contract import Content
from towpath.layers.errors import ChannelFull

from . import client_watch
from .client_watch import ClientWatch
from .network import network_waits

#: Bytes that may be in flight to the client before the sender waits.
WINDOW_BYTES = 1024 * 1024
#: Parts after which notices are read in any case, so that they neither pile up nor expire unread.
PARTS_BETWEEN_LOOKS = 32
#: The same as a time, in seconds; so a slow stream is notified of a disconnection within it.
SECONDS_BETWEEN_LOOKS = 1.0
#: First and longest pause before a part is sent again to a full inbox, in seconds.
FULL_PAUSES_SECONDS = (0.02, 1.0)
#: Seconds that a response without Content-Length, which may have no end, continues in a stopping worker.
STOP_SECONDS = 10.0


class ResponseStream:
    """One streamed response. After `send` has returned False, no more parts must be sent."""

    def __init__(self, reply_channel: Channel, has_length: bool = False) -> None:
        self._reply_channel = reply_channel
        self._watch = ClientWatch(reply_channel, None if has_length else STOP_SECONDS)
        self._may_wait = False
        self._parts_since_look = 0
        self._looked_at = time.monotonic()
        #: A part has been sent.
        self.has_begun = False

    def send(self, content: Content) -> bool:
        """Send a part at once, then wait until the client has room for another; False if the client has left.

        The wait comes after the part, not before the next one: notices that expire while a view computes are then
        never needed, as the next part brings a new one.

        Raises:
            LayerUnavailable: the layer is unavailable.
        """
        if not self._put({**content, "flow_channel": self._watch.flow_channel}, client_watch.STALL_SECONDS):
            return False
        self.has_begun = True
        self._watch.sent_bytes += len(content["content"])
        self._parts_since_look += 1
        if not content.get("more_content", False):
            return True
        return self._is_wanted_still() and self._wait_for_room()

    def is_wanted(self) -> bool:
        """Return whether the client still waits for a part that is not available yet."""
        self._parts_since_look = 0
        self._looked_at = time.monotonic()
        return self._watch.is_wanted()

    def abandon(self) -> None:
        """Notify the interface server that the response has failed, so that it is not taken for complete."""
        if not self._watch.is_gone:
            self._put({"content": b"", "more_content": True, "closed": True}, patience_seconds=0)

    def close(self) -> None:
        """Forget the flow channel."""
        if self._may_wait:
            network_waits.leave()
        self._watch.close()

    def _put(self, content: Content, patience_seconds: float) -> bool:
        pause_seconds, longest = FULL_PAUSES_SECONDS
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                self._reply_channel.send(content, immediately=True)
                return True
            except ChannelFull:
                if time.monotonic() >= deadline:
                    self._watch.give_up(f"the inbox of its interface server is full for {patience_seconds:g} seconds")
                    return False
            time.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, longest)

    def _is_wanted_still(self) -> bool:
        """Return whether to read notices now: not after each part of a fast stream."""
        is_time = time.monotonic() - self._looked_at >= SECONDS_BETWEEN_LOOKS
        return self.is_wanted() if is_time or self._parts_since_look >= PARTS_BETWEEN_LOOKS else True

    def _wait_for_room(self) -> bool:
        watch = self._watch
        while not watch.is_gone and watch.sent_bytes - watch.taken_bytes >= WINDOW_BYTES:
            if watch.is_late and not self._is_waiting_allowed():
                return False
            watch.take_notice(block=True)
            if watch.has_stalled() or watch.is_out_of_time():
                return False
        return not watch.is_gone

    def _is_waiting_allowed(self) -> bool:
        """Return whether this thread may wait for the client, as one of a share of all threads; log a refusal."""
        if not self._may_wait:
            self._may_wait = network_waits.enter()
            if not self._may_wait:
                self._watch.give_up("the client is slow, and as many threads as may wait for others")
        return self._may_wait
