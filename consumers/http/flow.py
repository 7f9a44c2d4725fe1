"""Sending a response in parts no faster than the client takes them.

Every part names a flow channel. The interface sends there `{"sent": total}`, the bytes of content that have left for
the client so far, whenever its buffer has drained after a part, and `{"closed": True}` when the client is gone.
"""

import logging
import time

from towpath.channels import Channel
from towpath.layers.contract import Content
from towpath.layers.errors import ChannelFull

logger = logging.getLogger(__name__)

#: Bytes that may be on their way to the client before the sender waits.
WINDOW_BYTES = 1024 * 1024
#: Silence of a client that has a full window to take, in seconds; then it is given up.
STALL_SECONDS = 120.0
#: Parts after which notices are read without need, so that they neither pile up nor expire unread.
PARTS_BETWEEN_LOOKS = 32
#: The same as a time, in seconds: how soon a slow stream learns that its client has left.
SECONDS_BETWEEN_LOOKS = 1.0
#: First and longest pause before a part is sent again to a full inbox, in seconds.
FULL_PAUSES_SECONDS = (0.02, 1.0)


class ResponseStream:
    """One streamed response on its way out. After `send` has said False, nothing more is to be sent."""

    def __init__(self, reply_channel: Channel) -> None:
        self._reply_channel = reply_channel
        self._layer = reply_channel.channel_layer
        self._flow_channel: str = self._layer.new_channel("http.response.flow?")
        self._sent_bytes = 0
        self._taken_bytes = 0
        self._client_is_gone = False
        self._parts_since_look = 0
        self._looked_at = time.monotonic()

    def send(self, content: Content) -> bool:
        """Send a part at once, then wait until the client has room for another; False if it has left or stalled.

        The wait comes after the part, not before the next one: notices that expire while a view computes are then
        never needed, as the next part brings a new one.

        Raises:
            LayerUnavailable: the layer is away.
        """
        if not self._put({**content, "flow_channel": self._flow_channel}, STALL_SECONDS):
            return False
        self._sent_bytes += len(content["content"])
        self._parts_since_look += 1
        if not content.get("more_content", False):
            return True
        self._look()
        return self._wait_for_room()

    def abandon(self) -> None:
        """Tell the interface that the rest will not come, so that half a response is not taken for a whole one."""
        if not self._client_is_gone:
            self._put({"content": b"", "more_content": True, "closed": True}, patience_seconds=0)

    def close(self) -> None:
        """Forget the flow channel."""
        self._layer.drop_channel(self._flow_channel)

    def _put(self, content: Content, patience_seconds: float) -> bool:
        pause_seconds, longest = FULL_PAUSES_SECONDS
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                self._reply_channel.send(content, immediately=True)
                return True
            except ChannelFull:
                if time.monotonic() >= deadline:
                    return self._give_up("the inbox of its interface server is full")
            time.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, longest)

    def _look(self) -> None:
        now = time.monotonic()
        if self._parts_since_look >= PARTS_BETWEEN_LOOKS or now - self._looked_at >= SECONDS_BETWEEN_LOOKS:
            self._parts_since_look = 0
            self._looked_at = now
            while self._take_notice(block=False):
                pass

    def _wait_for_room(self) -> bool:
        deadline = time.monotonic() + STALL_SECONDS
        while not self._client_is_gone and self._sent_bytes - self._taken_bytes >= WINDOW_BYTES:
            before = self._taken_bytes
            self._take_notice(block=True)
            if self._taken_bytes > before:
                deadline = time.monotonic() + STALL_SECONDS
            elif time.monotonic() >= deadline:
                return self._give_up("the client takes nothing")
        return not self._client_is_gone

    def _take_notice(self, block: bool) -> bool:
        _, notice = self._layer.receive([self._flow_channel], block=block)
        if notice is None:
            return False
        if notice.get("closed"):
            self._client_is_gone = True
        self._taken_bytes = max(self._taken_bytes, notice.get("sent", 0))
        return True

    def _give_up(self, reason: str) -> bool:
        logger.warning(
            "gave up a streamed response to %s after %d bytes: %s for %g seconds",
            self._reply_channel.name, self._sent_bytes, reason, STALL_SECONDS,
        )  # fmt: skip
        return False
