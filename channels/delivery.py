"""Delivery of held sends through a layer's blocking side, for all layers but the worker's own."""

import logging
import time
from collections.abc import Sequence

from towpath.layers.contract import ChannelLayer, Delayed, GroupSend, Send

logger = logging.getLogger(__name__)

#: How long sends to a full channel are tried again, in seconds; as long as a worker's reader does.
PATIENCE_SECONDS = 2.0
#: Pause between two tries, in seconds.
PAUSE_SECONDS = 0.1


AnySend = Send | Delayed


def deliver(
    layer: ChannelLayer, sends: Sequence[AnySend], patience_seconds: float = PATIENCE_SECONDS
) -> Sequence[AnySend]:
    """Send all, trying again while channels are full; log and return the dropped messages.

    Raises:
        EncodeError, MessageTooLarge: a message cannot be sent.
        LayerUnavailable: the store is unavailable.
    """
    deadline = time.monotonic() + patience_seconds
    refused = _send(layer, sends)
    while refused and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        refused = _send(layer, refused)
    for send in refused:
        logger.warning("dropped a message to %s: full for %.1f seconds", _target(send), patience_seconds)
    return refused


def _send(layer: ChannelLayer, sends: Sequence[AnySend]) -> Sequence[AnySend]:
    """Send all; return those refused. Delayed messages go last: nothing waits for it."""
    now = [send for send in sends if not isinstance(send, Delayed)]
    later = [send for send in sends if isinstance(send, Delayed)]
    return [*(layer.send_many(now) if now else ()), *(layer.send_later(later) if later else ())]


def _target(send: AnySend) -> str:
    return send.group if isinstance(send, GroupSend) else send.channel
