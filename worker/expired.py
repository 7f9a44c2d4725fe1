"""Messages that waited longer than the layer's expiry: they are not run, but waiting clients are answered."""

import logging
from collections.abc import Sequence

from towpath.layers.contract import Content, Envelope, Settlement, Taken
from towpath.layers.protocol import CONNECT, HTTP_REQUEST

logger = logging.getLogger(__name__)

#: The response to a request that was not handled in time.
REQUEST_EXPIRED: Content = {
    "status": 503,
    "headers": [[b"content-type", b"text/plain; charset=utf-8"], [b"retry-after", b"5"]],
    "content": b"Service Unavailable: the request waited too long for a worker.\n",
    "more_content": False,
}


def settlements_of_expired(expired: Sequence[Taken]) -> list[Settlement]:
    """Return the settlements of messages that were too old to run, all of one channel, and log how many."""
    if expired:
        channel = expired[0].envelope.channel
        logger.warning(
            "Dropped %d messages of channel %s: they waited longer than the layer's expiry", len(expired), channel
        )
    settlements = []
    for envelope, _ in expired:
        reply_channel = envelope.reply_channel
        # The connection of a handshake is notified that nothing has run, and answers 503; 403 would mean "never".
        settlement = Settlement([], reply_channel, envelope.turn, is_lost=envelope.channel == CONNECT)
        if envelope.channel == HTTP_REQUEST and reply_channel is not None:
            settlement.sends.append(Envelope(reply_channel, REQUEST_EXPIRED))
        settlements.append(settlement)
    return settlements
