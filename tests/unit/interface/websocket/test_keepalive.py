"""Silence is pinged, then dropped; idle and old sockets are closed; a server that does not read demands no pong."""

import pytest

from towpath.interface.websocket.keepalive import LEAST_CHECK_SECONDS, Due, Keepalive, Limits

ALL_OFF = {"ping_interval": None, "ping_timeout": None, "idle": None, "age": None}


def keepalive(**limits: float) -> Keepalive:
    return Keepalive(Limits(**{**ALL_OFF, **limits}), 0.0)


def test_without_limits_nothing_is_ever_due():
    alive = keepalive()
    assert alive.next_check(0, is_reading=True) is None
    assert alive.check(1e9, is_reading=True) is Due.NOTHING


def test_silence_is_pinged_once_an_interval_and_dropped_without_a_pong():
    alive = keepalive(ping_interval=20, ping_timeout=30)
    assert alive.next_check(0, is_reading=True) == 20
    assert alive.check(19, is_reading=True) is Due.NOTHING
    assert alive.check(20, is_reading=True) is Due.PING
    assert alive.check(20, is_reading=True) is Due.NOTHING
    assert alive.check(49, is_reading=True) is Due.NOTHING
    assert alive.check(50, is_reading=True) is Due.DROP


def test_whatever_the_client_sends_answers_the_ping():
    alive = keepalive(ping_interval=20, ping_timeout=30)
    alive.check(20, is_reading=True)
    alive.heard_at = 45
    assert alive.check(50, is_reading=True) is Due.NOTHING
    assert alive.next_check(50, is_reading=True) == 15
    assert alive.check(65, is_reading=True) is Due.PING


def test_what_is_sent_to_the_client_does_not_show_that_it_leases():
    alive = keepalive(ping_interval=20, ping_timeout=30)
    alive.talked_at = 19
    assert alive.check(20, is_reading=True) is Due.PING


def test_a_server_that_does_not_read_pings_but_demands_no_pong_and_begins_anew():
    alive = keepalive(ping_interval=20, ping_timeout=30, idle=100)
    pings = [second for second in range(300) if alive.check(second, is_reading=False) is Due.PING]
    assert pings == list(range(20, 300, 20))
    assert alive.next_check(299, is_reading=False) == 1
    alive.resumed(300)
    assert alive.check(300, is_reading=True) is Due.NOTHING
    assert alive.check(320, is_reading=True) is Due.PING


@pytest.mark.parametrize(("limit", "due"), [("idle", Due.CLOSE_IDLE), ("age", Due.CLOSE_OLD)])
def test_idle_and_old_sockets_are_closed(limit, due):
    alive = keepalive(**{limit: 60})
    assert alive.next_check(10, is_reading=True) == 50
    assert alive.check(59, is_reading=True) is Due.NOTHING
    assert alive.check(60, is_reading=True) is due


def test_talk_puts_off_the_idle_close_but_not_the_age():
    alive = keepalive(idle=60, age=100)
    alive.heard_at = 50  # a pong
    alive.talked_at = 50
    assert alive.check(100 - 1, is_reading=True) is Due.NOTHING
    assert alive.check(100, is_reading=True) is Due.CLOSE_OLD


def test_checks_are_never_close_together():
    assert keepalive(age=1).next_check(5, is_reading=True) == LEAST_CHECK_SECONDS
