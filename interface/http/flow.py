"""Flow control of streamed responses: notices to the sender about the bytes that were taken.

| message on the flow channel | meaning |
|---|---|
| `{"sent": int}` | bytes of content that were taken: sent to the client, or kept for it |
| `{"sent": int, "is_waiting": True}` | the same; the kept content has reached its bound: wait for the client |
| `{"closed": True}` | the client has disconnected; nothing follows |

One notice is in flight at a time, and a refused one is tried again, since the sender may wait for it.
"""

from typing import TYPE_CHECKING

from towpath.layers.contract import Content
from towpath.layers.inbox_events import Replies

from ..outbound import Outcome

if TYPE_CHECKING:
    from ..hub import Hub

#: Pauses between tries while the flow channel is full or the layer unavailable: the first and the longest, in seconds.
LEAST_PAUSE_SECONDS = 0.01
MOST_PAUSE_SECONDS = 1.0
#: Tries of the last notice: a sender that has not taken it by then has ended.
LAST_TRIES = 10


class FlowNotices:
    """The notices of one streamed response."""

    def __init__(self, hub: "Hub", channel: str) -> None:
        self._hub = hub
        self.channel = channel
        self._newest = 0
        self._told = 0
        self._is_waiting = False
        self._was_waiting = False
        self._is_closed = False
        self._is_busy = False
        self._pause_seconds = LEAST_PAUSE_SECONDS
        self._tries_left = LAST_TRIES

    def sent(self, total_bytes: int) -> None:
        """Notify the sender of the bytes of content that have been taken."""
        self._newest = total_bytes
        self._is_waiting = False
        self._send()

    def wait(self) -> None:
        """Notify the sender, once, that it has to wait for the client."""
        if not self._is_waiting:
            self._is_waiting = True
            self._send()

    def closed(self) -> None:
        """Notify the sender that the client has disconnected."""
        self._is_closed = True
        self._send()

    def _send(self) -> None:
        if self._is_busy:
            return
        self._is_busy = True
        notice: Content = {"closed": True} if self._is_closed else {"sent": self._newest}
        if self._is_waiting and not self._is_closed:
            notice["is_waiting"] = True
        self._told, self._was_waiting = self._newest, self._is_waiting
        was_closed = self._is_closed
        self._hub.post(self.channel, notice, lambda outcome: self._posted(outcome, was_closed))

    def _posted(self, outcome: Outcome, was_closed: bool) -> None:
        if outcome is not Outcome.ACCEPTED:
            self._tries_left -= self._is_closed
            if self._tries_left > 0:
                self._hub.clock.callLater(self._pause_seconds, self._again)
                self._pause_seconds = min(self._pause_seconds * 2, MOST_PAUSE_SECONDS)
            return
        self._pause_seconds = LEAST_PAUSE_SECONDS
        self._is_busy = False
        is_news = self._is_closed or self._newest > self._told or self._is_waiting is not self._was_waiting
        if is_news and not was_closed:
            self._send()

    def _again(self) -> None:
        self._is_busy = False
        self._send()


def notify_closed(hub: "Hub", event: Replies) -> None:
    """Notify the senders of replies to a connection that ended before it knew of them."""
    channels = {content.get("flow_channel") for content in event.contents}
    for channel in channels:
        if isinstance(channel, str):
            FlowNotices(hub, channel).closed()
