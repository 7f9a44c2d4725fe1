"""Messages that waited longer than the layer's expiry: nobody runs them, but whoever waits for them is told."""

import logging
from collections.abc import Sequence

from towpath.layers.addressee import reply_channel_of
from towpath.layers.contract import Content, Envelope, Owed, Taken

logger = logging.getLogger(__name__)

#: What a client is told whose request was not handled in time.
REQUEST_EXPIRED: Content = {
    "status": 503,
    "headers": [[b"content-type", b"text/plain; charset=utf-8"], [b"retry-after", b"5"]],
    "content": b"Service Unavailable: the request waited too long for a worker.\n",
    "more_content": False,
}
#: What each channel's sender is told; for other channels the end of the turn says enough.
REPLIES: dict[str, Content] = {"http.request": REQUEST_EXPIRED, "websocket.connect": {"close": True}}


def owed_for_expired(expired: Sequence[Taken]) -> list[Owed]:
    """Return the settlements of messages that were too old to run, all of one channel, and log how many."""
    if expired:
        channel = expired[0].envelope.channel
        logger.warning(
            "Dropped %d messages of channel %s: they waited longer than the layer's expiry", len(expired), channel
        )
    return [_owed(item.envelope) for item in expired]


def _owed(envelope: Envelope) -> Owed:
    reply_channel = reply_channel_of(envelope)
    reply = REPLIES.get(envelope.channel)
    if reply is None or reply_channel is None:
        return Owed([], reply_channel, envelope.turn)
    return Owed([Envelope(reply_channel, reply)], reply_channel, envelope.turn)
