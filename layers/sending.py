"""Turns sends into push operations, enforces capacities, and logs refusals. Shared by the sides of a layer; no IO."""

import logging
from collections.abc import Sequence

from .capacity import Capacities
from .contract import Envelope
from .entries import EntryCodec
from .history.bounds import Histories
from .operations.groups import Marks
from .operations.history import Publish, Published
from .operations.inboxes import PushInbox
from .operations.operation import AnyOperation
from .operations.queues import UNLIMITED, Push
from .plan import Plan

logger = logging.getLogger(__name__)


class Sender:
    """Makes the push operations of one layer and reads their results."""

    def __init__(self, codec: EntryCodec, capacities: Capacities, histories: Histories | None = None) -> None:
        self.histories = Histories() if histories is None else histories
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

    def look_ups(self, plan: Plan) -> list[Publish | Marks]:
        """Return what gives the marks of a plan's groups: a publish for each message of one with a history, first."""
        return [*plan.publishes, *map(Marks, plan.groups)]

    def published(self, plan: Plan, results: Sequence[object]) -> list[Published | None]:
        """Return the places of a plan's published messages, None where the store refused, from those of `look_ups`."""
        return [result if isinstance(result, Published) else None for result in results[: len(plan.publishes)]]

    def marks(self, plan: Plan, results: Sequence[object]) -> dict[str, Sequence[str]]:
        """Pair a plan's groups with the marks that were found, from the results of `look_ups`."""
        found = results[len(plan.publishes) :]
        return {
            group: result if isinstance(result, list) else () for group, result in zip(plan.groups, found, strict=True)
        }

    def log_refused_deliveries(self, operations: Sequence[AnyOperation], results: Sequence[object]) -> int:
        """Log the refusals of full inboxes, which the store has counted; return the number of entries."""
        total = 0
        for operation, refused in zip(operations, results, strict=True):
            if isinstance(operation, PushInbox) and isinstance(refused, int) and refused:
                total += refused
                logger.warning("Inbox %s is full: dropped %d deliveries or group messages", operation.inbox, refused)
        return total
