"""Metrics that the store alone knows. Each worker process serves them: ask one, since all say the same."""

from collections.abc import Sequence

from towpath.layers.monitoring import Family
from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.survey import Survey

from .fanout import fanout_families


def store_families(survey: Survey, channels: Sequence[str]) -> list[Family]:
    """Return the metrics of the store: queues of the routing's channels, leases.

    Raises:
        LayerUnavailable: the store does not answer.
    """
    states = survey.queues(sorted({*channels, DELAY_CHANNEL}))
    owners = [owner for owner, _ in survey.leases()]
    inboxes = sum(owner.endswith("!") for owner in owners)
    labels = ("channel",)
    depths = [((state.channel,), state.depth) for state in states]
    ages = [((state.channel,), state.oldest_seconds) for state in states]
    delayed = [((state.channel,), state.delayed) for state in states]
    dropped = [
        ((state.channel, reason), count)
        for state in states
        for reason, count in (("lost", state.lost), ("expired", state.expired), ("full", state.full))
    ]
    paused = survey.paused()
    pauses = [((state.channel,), float(state.channel in paused)) for state in states]
    leases = [(("interface",), inboxes), (("worker_thread",), len(owners) - inboxes)]
    return [
        Family("towpath_queue_depth", "gauge", "Messages that wait", labels, depths),
        Family("towpath_queue_oldest_seconds", "gauge", "Age of the oldest message that waits", labels, ages),
        Family("towpath_queue_delayed", "gauge", "Messages that are not due yet", labels, delayed),
        Family("towpath_queue_paused", "gauge", "Whether an operator has paused the channel", labels, pauses),
        Family("towpath_queue_dropped", "counter", "Messages lost or refused", ("channel", "reason"), dropped),
        *fanout_families(survey, owners),
        Family("towpath_leases", "gauge", "Leases that have not expired", ("owner",), leases),
    ]
