"""Messages of 1.x's channel `asgi.delay`: requests to put a message on a channel later.

| key | meaning |
|---|---|
| `channel` | the channel for the message |
| `content` | the message, a dict |
| `delay` | how long the message waits, in milliseconds, beginning when the request is taken |

A malformed request is logged and dropped.
"""

import logging

from towpath.layers.contract import ChannelLayer, Content, Delayed, Received
from towpath.layers.errors import LayerUnavailable, TowpathError
from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.operations.in_flight import BatchId

logger = logging.getLogger(__name__)


def keep_requested(layer: ChannelLayer, received: Received, batch: BatchId) -> None:
    """Store the delayed message that a request contains, once: the call may be repeated.

    Raises:
        LayerUnavailable: the layer is unavailable; the request is still in flight, or was kept.
    """
    expired = sum(item.envelope.channel == DELAY_CHANNEL for item in received.expired)
    if expired:
        logger.warning("Dropped %d requests of %s: they waited longer than the layer's expiry", expired, DELAY_CHANNEL)
    requests = [item.envelope for item in received.taken if item.envelope.channel == DELAY_CHANNEL]
    for request in requests:
        try:
            send = delayed(request.content)._replace(trace=request.trace)
            refused = layer.send_later([send], batch)
        except LayerUnavailable:
            raise
        except (TowpathError, ValueError) as error:
            logger.error("Dropped a request of channel %s: %s", DELAY_CHANNEL, error)
        else:
            for send in refused:
                logger.warning("Dropped a message to %s: too many wait for their time there", send.channel)


def delayed(request: Content) -> Delayed:
    """Read a request.

    Raises:
        ValueError: it lacks a key, or one has a value of the wrong kind; the layer checks the rest.
    """
    channel, content, delay = (request.get(key) for key in ("channel", "content", "delay"))
    if not isinstance(channel, str):
        raise ValueError(f"'channel' is the name of a channel, not {channel!r}")
    if not isinstance(content, dict):
        raise ValueError(f"'content' is a dict, not a {type(content).__name__}")
    if isinstance(delay, bool) or not isinstance(delay, int | float):
        raise ValueError(f"'delay' is a number of milliseconds, not {delay!r}")
    return Delayed(channel, content, delay / 1000)
