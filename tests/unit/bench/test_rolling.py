"""The report of rolling restarts; nothing is started."""

import os

import pytest

rolling = pytest.importorskip("bench.rolling")


def test_the_table_has_a_row_for_each_way_with_the_longest_time_first():
    rounds = [rolling.Round("deploy/restart", seconds, 0.05, 9.0) for seconds in (0.1, 0.2)]
    rounds.append(rolling.Round("restart 'worker:*'", 1.5, 1.25, 3.0))
    assert rolling.table(rounds).splitlines()[2:] == [
        "| `restart 'worker:*'` | 1.50 | 1.25 | 3.00 |",
        "| `deploy/restart` | 0.20, 0.10 | 0.05, 0.05 | 9.00, 9.00 |",
    ]


def test_a_time_without_a_page_counts_if_it_ended_during_the_restart():
    found = rolling.Visitors("127.0.0.1:1", 0)
    found._pages = [1.0, 9.0, 10.0, 13.0, 13.5]
    assert found.without_page(since=9.5) == 3.0
    assert found.without_page(since=13.2) == 0.5
    found._echoes = [(9.0, 5.0), (10.0, 0.5)]
    assert (found.slowest_echo(since=9.5), found.slowest_echo(since=11.0)) == (0.5, 0.0)


def test_the_measured_commands_are_the_shipped_ones():
    assert os.access(rolling.WAYS["deploy/restart"][0], os.X_OK)
    assert (rolling.DEPLOY / "supervisor.conf").exists()
