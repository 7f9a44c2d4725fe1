"""The orders of the admin's page, and the status that its viewers share."""

import os
import threading
from socket import gethostname
from typing import Any, cast
from unittest.mock import Mock

import pytest

from towpath.layers.commands import SocketFilter
from towpath.layers.errors import LayerUnavailable
from towpath.layers.memory import MemoryChannelLayer
from towpath.layers.protocol import POLICY_VIOLATION
from towpath.layers.survey import GroupState, ProcessRecord, QueueState, StoreState
from towpath.operations import orders, pausing, recent
from towpath.operations.orders import ORDERS, filter_of, given_fields, target_of
from towpath.operations.restart import Restart, RestartFailed
from towpath.operations.rows import group_rows, process_rows, queue_rows
from towpath.operations.site import OrderRefused, Site
from towpath.operations.status import Status


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    layer = MemoryChannelLayer()
    monkeypatch.setattr(pausing, "check_known", lambda site, channel: None)
    survey = Mock(processes=Mock(return_value=[]), leases=Mock(return_value=[]))
    return Site(Mock(channel_layer=layer, alias="default"), survey, layer.administration())


def test_empty_and_unknown_fields_are_left_out() -> None:
    assert given_fields({"channel": " jobs ", "user": " ", "csrfmiddlewaretoken": "x"}) == {"channel": "jobs"}


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"server": "web1:2"}, "web1:2"),
        ({"host": "web1"}, "the workers of web1"),
        ({"channel": "jobs"}, "jobs"),
        ({"user": "7", "path": "/chat/*"}, "user 7, path /chat/*"),
        ({}, ""),
    ],
)
def test_the_log_names_the_target_of_an_order(fields: dict[str, str], target: str) -> None:
    assert target_of(fields) == target


def test_a_channel_is_paused_and_resumed(site: Site) -> None:
    assert ORDERS["pause"].give(site, {"channel": "jobs", "seconds": "90"}).startswith("jobs is paused for 90 s")
    left = site.administration.paused()["jobs"]
    assert left is not None and 60 < left <= 90
    assert ORDERS["resume"].give(site, {"channel": "jobs"}) == "jobs is resumed"
    with pytest.raises(OrderRefused, match="jobs is not paused"):
        ORDERS["resume"].give(site, {"channel": "jobs"})


def test_the_channel_of_the_page_itself_is_paused_for_a_time_only(site: Site) -> None:
    with pytest.raises(OrderRefused, match="needs a number of seconds here: this page is answered through it"):
        ORDERS["pause"].give(site, {"channel": "http.request"})
    assert site.administration.paused() == {}
    assert ORDERS["pause"].give(site, {"channel": "http.request", "seconds": "5"}).startswith("http.request is paused")


@pytest.mark.parametrize(
    ("name", "fields", "error"),
    [
        ("pause", {}, "name the channel"),
        ("pause", {"channel": "jobs", "seconds": "soon"}, "seconds is a number, not 'soon'"),
        ("pause", {"channel": "jobs", "seconds": "nan"}, "at most a year"),
        ("kick", {"code": "4000"}, "name the sockets to close"),
        ("drain", {}, "No interface server is called ''"),
    ],
)
def test_orders_with_wrong_fields_are_refused(site: Site, name: str, fields: dict[str, str], error: str) -> None:
    with pytest.raises(OrderRefused, match=error):
        ORDERS[name].give(site, fields)


def test_sockets_are_closed_with_a_code_that_keeps_pages_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    close = Mock(return_value=(3, Mock()))
    monkeypatch.setattr(orders.sockets, "close_sockets", close)
    assert ORDERS["kick"].give(site, {"user": "7"}) == "3 WebSockets were closed"
    close.assert_called_once_with(site, SocketFilter(user="7"), POLICY_VIOLATION, "")
    assert filter_of({"group": "room"}) == SocketFilter(group="room")


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The restarts that were begun, by the worker with this pid; each ends at once."""
    begun: list[Any] = []
    monkeypatch.setattr(Restart, "run", lambda restart: begun.append(restart))
    return begun


def workers(site: Site, *records: ProcessRecord) -> None:
    cast(Mock, site.survey).processes.return_value = list(records)
    cast(Mock, site.survey).leases.return_value = [(owner, 5.0) for record in records for owner in record.owners]


def test_the_workers_of_this_machine_are_restarted_in_the_background(site: Site, restarts: list[Any]) -> None:
    workers(site, ProcessRecord("worker", owners=("a",)), ProcessRecord("worker", owners=("b",)))
    host = gethostname()
    assert ORDERS["restart"].give(site, {"host": host}) == f"2 workers of {host} are restarted, one after the other"
    for thread in threading.enumerate():
        if thread.name == "towpath-restart":
            thread.join(30)
    assert [restart.own_pid for restart in restarts] == [os.getpid()]


@pytest.mark.parametrize(
    ("records", "server", "error"),
    [
        ([], gethostname(), "No worker of .* is running"),
        ([ProcessRecord("worker", owners=("a",))], "web2", "cannot restart the workers of web2: try again, or run"),
        ([ProcessRecord("worker", owners=("a",), state="draining")], gethostname(), "wait until all are serving"),
    ],
)
def test_a_restart_that_cannot_be_carried_out_is_refused(
    site: Site, restarts: list[Any], records: list[ProcessRecord], server: str, error: str
) -> None:
    workers(site, *records)
    with pytest.raises(OrderRefused, match=error):
        ORDERS["restart"].give(site, {"host": server})
    assert restarts == []


def test_one_restart_runs_at_a_time_and_its_failure_is_logged(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    may_end, has_ended = threading.Event(), threading.Event()

    def fail(restart: Restart) -> None:
        may_end.wait(30)
        has_ended.set()
        raise RestartFailed("worker 1 was not replaced")

    monkeypatch.setattr(Restart, "run", fail)
    workers(site, ProcessRecord("worker", owners=("a",)))
    ORDERS["restart"].give(site, {"host": gethostname()})
    [thread] = [thread for thread in threading.enumerate() if thread.name == "towpath-restart"]
    with pytest.raises(OrderRefused, match="is being restarted"):
        ORDERS["restart"].give(site, {"host": gethostname()})
    may_end.set()
    thread.join(30)
    assert "The restart of the workers has ended: worker 1 was not replaced" in caplog.text
    monkeypatch.setattr(Restart, "run", lambda restart: None)
    assert ORDERS["restart"].give(site, {"host": gethostname()}).startswith("1 workers")


STATUS = Status(
    StoreState("7.2", 1, 0, "noeviction", 1, 0.0),
    [ProcessRecord("worker", host="web1", pid=1, owners=("r",), numbers={"busy": 1}), ProcessRecord("worker", pid=2)],
    [QueueState("asgi.delay", 0, 0.0, 0, 0, 0, 0), QueueState("jobs", 2, 4.0, 0, 0, 0, 1)],
    frozenset({"r"}),
    {"jobs": None},
)


def test_rows_say_what_a_template_shows() -> None:
    jobs, delays = queue_rows(STATUS)
    assert (jobs["channel"], jobs["oldest"], jobs["counts"], jobs["state"]) == ("jobs", "4.0 s", (0, 0, 0, 1), "paused")
    assert (jobs["may_pause"], delays["may_pause"], delays["oldest"]) == (True, False, "")
    held, lost = process_rows(STATUS, STATUS.workers)
    assert (held["name"], held["state"], held["is_serving"], held["numbers"]) == ("web1:1", "serving", True, "busy 1")
    assert (lost["state"], lost["is_serving"]) == ("no lease", False)
    assert group_rows([GroupState("room", 1, 2)], False) == {"groups": [GroupState("room", 1, 2)], "more": False}


def test_viewers_share_what_was_read_within_a_second(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error too: a Redis that hangs holds up one request a second, not each."""
    now = 1000.0
    monkeypatch.setattr(recent.time, "monotonic", lambda: now)
    monkeypatch.setattr(recent, "_recent", {})
    monkeypatch.setattr(Site, "channels", frozenset())
    read = Mock(return_value=STATUS)
    monkeypatch.setattr(recent, "read_status", read)
    assert [recent.recent_status(site) for _ in range(5)] == [STATUS] * 5
    now += 0.9
    recent.recent_status(site)
    assert read.call_count == 1
    now += 0.2
    read.side_effect = LayerUnavailable("Redis is unavailable")
    for _ in range(5):
        with pytest.raises(LayerUnavailable, match="Redis is unavailable"):
            recent.recent_status(site)
    assert read.call_count == 2
    read.side_effect = None
    recent.forget_status("default")
    assert recent.recent_status(site) is STATUS
