"""Outages of the layer: pauses between attempts, and one log line at each end."""

import logging

from towpath.layers import LayerUnavailable
from towpath.layers.backoff import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Backoff, Outages


def test_pauses_grow_to_a_bound_and_begin_again():
    pauses = Backoff()
    drawn = [pauses.next() for _ in range(12)]
    assert FIRST_PAUSE_SECONDS / 2 <= drawn[0] <= FIRST_PAUSE_SECONDS
    assert LONGEST_PAUSE_SECONDS / 2 <= drawn[-1] <= LONGEST_PAUSE_SECONDS
    pauses.reset()
    assert pauses.next() <= FIRST_PAUSE_SECONDS


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(caplog):
    outage = Outages()
    for _ in range(2):
        outage.ended()
        outage.began(LayerUnavailable("no answer"))
        outage.began(LayerUnavailable("no answer"))
        outage.ended()
        outage.ended()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 4
    assert "unavailable: no answer" in caplog.messages[0]
    assert "available again after" in caplog.messages[1]
