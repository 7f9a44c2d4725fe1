"""Getting held sends out through a layer's blocking side, for everything but the worker's own layer."""

import logging
import time
from collections.abc import Sequence

from towpath.layers.contract import ChannelLayer, Envelope, Send

logger = logging.getLogger(__name__)

#: How long sends to a full channel are tried again, in seconds; as long as a worker's reader does.
PATIENCE_SECONDS = 2.0
#: Pause between two tries, in seconds.
PAUSE_SECONDS = 0.1


def deliver(layer: ChannelLayer, sends: Sequence[Send], patience_seconds: float = PATIENCE_SECONDS) -> Sequence[Send]:
    """Send all, trying again while channels are full; return and log what had to be dropped.

    Raises:
        EncodeError, MessageTooLarge: a message cannot be sent.
        LayerUnavailable: the store is away.
    """
    deadline = time.monotonic() + patience_seconds
    refused = layer.send_many(sends)
    while refused and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        refused = layer.send_many(refused)
    for send in refused:
        logger.warning("dropped a message to %s: full for %.1f seconds", _target(send), patience_seconds)
    return refused


def _target(send: Send) -> str:
    return send.channel if isinstance(send, Envelope) else send.group
