"""Turns sends into push operations, enforces capacities, and logs refusals. Shared by the sides of a layer; no IO."""

import logging
from collections.abc import Sequence

from .capacity import Capacities
from .contract import Envelope
from .entries import EntryCodec
from .operations.groups import Marks
from .operations.inboxes import PushInbox
from .operations.operation import AnyOperation
from .operations.queues import UNLIMITED, Push
from .plan import Plan

logger = logging.getLogger(__name__)


class Sender:
    """Makes the push operations of one layer and reads their results."""

    def __init__(self, codec: EntryCodec, capacities: Capacities) -> None:
        self._codec = codec
        self._capacities = capacities

    def queue_pushes(self, plan: Plan) -> list[Push]:
        """Return one push for each named channel of a plan."""
        pushes = [Push(channel, bodies, self._capacities.of(channel)) for channel, bodies in plan.queues.items()]
        # A message that was accepted before is not refused now: its place may have been taken while it was in flight.
        return pushes + [Push(channel, bodies, UNLIMITED) for channel, bodies in plan.again.items()]

    def pushes(self, envelopes: Sequence[Envelope]) -> list[Push]:
        """Return one push for each channel, keeping order within each."""
        bodies: dict[str, list[bytes]] = {}
        for envelope in envelopes:
            bodies.setdefault(envelope.channel, []).append(self._codec.queue_body(envelope))
        return [Push(channel, new, self._capacities.of(channel)) for channel, new in bodies.items()]

    def refused(self, pushes: Sequence[Push], results: Sequence[object]) -> list[Push]:
        """Return the messages of pushes that were not accepted."""
        left = []
        for push, accepted in zip(pushes, results, strict=False):
            if isinstance(accepted, int) and accepted < len(push.bodies):
                left.append(Push(push.channel, push.bodies[max(0, accepted) :], push.capacity))
        return left

    def marks(self, look_ups: Sequence[Marks], results: Sequence[object]) -> dict[str, Sequence[str]]:
        """Pair groups with the marks that were found."""
        return {
            look_up.group: result if isinstance(result, list) else ()
            for look_up, result in zip(look_ups, results, strict=True)
        }

    def log_refused_deliveries(self, operations: Sequence[AnyOperation], results: Sequence[object]) -> int:
        """Log the refusals of full inboxes, which the store has counted; return the number of entries."""
        total = 0
        for operation, refused in zip(operations, results, strict=True):
            if isinstance(operation, PushInbox) and isinstance(refused, int) and refused:
                total += refused
                logger.warning("Inbox %s is full: dropped %d deliveries or group messages", operation.inbox, refused)
        return total
