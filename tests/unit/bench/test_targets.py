"""The targets of Towpath, and whether they are reached."""

import pytest

from bench.scenarios.base import Target

MEDIANS = {"towpath": 90.0, "channels-sync-a": 30.0, "channels-sync-b": 50.0, "autobahn": 100.0}


def test_a_number_is_wanted_as_it_is():
    assert Target("rate", 40).wanted("higher", MEDIANS) == 40


def test_the_best_peer_of_a_glob_counts_where_more_is_better():
    assert Target("rate", 2, "channels-sync-*").wanted("higher", MEDIANS) == 100


def test_the_best_peer_of_a_glob_counts_where_less_is_better():
    assert Target("last_ms", 0.25, "channels-sync-*").wanted("lower", MEDIANS) == 7.5


@pytest.mark.parametrize(
    ("better", "limit", "is_met"),
    [("higher", 90, True), ("higher", 91, False), ("lower", 90, True), ("lower", 89, False)],
)
def test_reaching_exactly_is_enough(better, limit, is_met):
    assert Target("figure", limit).is_met(better, MEDIANS) is is_met


def test_nothing_is_wanted_of_peers_that_were_not_measured():
    assert Target("rate", 2, "gunicorn-*").wanted("higher", MEDIANS) is None
    assert Target("rate", 2, "gunicorn-*").is_met("higher", MEDIANS) is None


def test_nothing_is_said_of_a_towpath_that_was_not_measured():
    assert Target("rate", 2, "autobahn").is_met("higher", {"autobahn": 1.0}) is None
