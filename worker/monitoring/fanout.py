"""Metrics of groups and inboxes, which the store alone knows: how far the delivery to clients is behind."""

from collections.abc import Sequence

from towpath.layers.monitoring import Family
from towpath.layers.monitoring.measures import single
from towpath.layers.names import is_inbox
from towpath.layers.survey import Survey


def fanout_families(survey: Survey, owners: Sequence[str]) -> list[Family]:
    """Return the metrics of the inboxes among `owners` of leases, and of all groups once they are counted.

    The names of inboxes are not labels: each start of an interface server makes a new one.

    Raises:
        LayerUnavailable: the store does not answer.
    """
    lengths = survey.inbox_lengths([owner for owner in owners if is_inbox(owner)])
    families = [
        single("towpath_inbox_entries", "gauge", "Entries in the inboxes of all interface servers", sum(lengths)),
        single("towpath_inbox_longest_entries", "gauge", "Entries in the longest inbox", max(lengths, default=0)),
    ]
    groups = survey.group_count()
    if groups is not None:
        families.append(single("towpath_groups", "gauge", "Groups with members, on all interface servers", groups))
    return families
