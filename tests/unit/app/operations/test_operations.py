"""The state of a site as text and JSON, and the order of a rolling restart."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import GroupState, ProcessRecord, QueueState, StoreState, WaitingMessage
from towpath.operations import queues, restart
from towpath.operations.restart import Restart, RestartFailed
from towpath.operations.status import read_status, report

NOW = 1_000_000.0
STORE = StoreState("7.2.4", 2 * 2**20, 512 * 2**20, "noeviction", 9, 0.0002)


def worker(pid: int, **more: Any) -> ProcessRecord:
    record = ProcessRecord(
        "worker", id=f"w{pid}", host="web1", pid=pid, version="1.0", started_at=NOW - 250, owners=(f"r{pid}",)
    )
    return replace(record, **more)


class Site:
    """A survey of processes that a test decides on."""

    def __init__(self, *processes: ProcessRecord) -> None:
        self.found = list(processes)
        self.asked: list[Sequence[str]] = []
        self.is_away = False
        self.pauses: dict[str, float | None] = {}

    def register(self, record: ProcessRecord) -> None:
        self.found.append(record)

    def unregister(self, record: ProcessRecord) -> None:
        self.found.remove(record)

    def processes(self) -> Sequence[ProcessRecord]:
        return list(self.found)

    def leases(self) -> Sequence[tuple[str, float]]:
        if self.is_away:
            raise LayerUnavailable("Redis is unavailable")
        return [(owner, 5.0) for record in self.found for owner in record.owners if record.state != "killed"]

    def queues(self, channels: Sequence[str]) -> Sequence[QueueState]:
        self.asked.append(channels)
        return [QueueState(channel, len(channel) % 2, 0.4, 0, 0, 0, 0) for channel in channels]

    def paused(self) -> dict[str, float | None]:
        return self.pauses

    def store(self) -> StoreState:
        return STORE

    def groups(self, limit: int) -> tuple[Sequence[GroupState], bool]:
        return [GroupState("room", 2, 7)], limit < 2

    def peek(self, channel: str, limit: int) -> Sequence[WaitingMessage]:
        return []

    def purge(self, channel: str) -> int:
        return 0


def test_the_report_names_each_process_and_the_queues_that_are_not_empty() -> None:
    interface = ProcessRecord("interface", host="web1", pid=1, version="1.0", started_at=NOW - 7300, owners=("i!",))
    site = Site(
        replace(interface, numbers={"sockets": 12}),
        worker(2, numbers={"threads": 4, "busy": 1}, slow=("shop.buy on http.request for 31 s",)),
        worker(3, state="killed", numbers={"threads": 4, "busy": 0}),
    )
    lines = report(read_status(site, ["odd", "even"]), NOW).splitlines()
    assert lines[0] == "Redis 7.2.4: 2.0 MiB of 512.0 MiB (noeviction), 9 clients, 0.2 ms"
    assert "web1:1             1.0      2h 1m   serving  12" in lines
    assert "web1:2   1.0      4m 10s  serving   1     4" in lines
    assert "web1:3   1.0      4m 10s  no lease  0     4" in lines
    assert "  slow: shop.buy on http.request for 31 s" in lines
    assert any(line.startswith("odd ") for line in lines)
    assert not any(line.startswith("even ") for line in lines)


def test_the_channels_of_running_workers_are_looked_at_with_those_of_the_routing() -> None:
    site = Site(worker(2, channels=("of.worker",)))
    read_status(site, ["of.routing"])
    assert {"of.worker", "of.routing"} < set(site.asked[0])


def test_json_has_uptime_and_life_of_each_process() -> None:
    found = read_status(Site(worker(2), worker(3, state="killed")), []).as_json(NOW)
    assert [(each["pid"], each["uptime_seconds"], each["is_alive"]) for each in found["workers"]] == [
        (2, 250.0, True),
        (3, 250.0, False),
    ]
    assert found["redis"]["latency_seconds"] == 0.0002


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Signals that a restart sends, none of which is sent."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """The steps at each look for the successor, in order."""
    events: list[Callable[[], object]] = []
    monkeypatch.setattr(restart.time, "sleep", lambda seconds: events.pop(0)() if events else None)
    return events


def test_the_next_worker_is_stopped_once_the_successor_of_the_last_holds_a_lease(
    killed: list[tuple[int, int]], sleeps: list[Callable[[], object]]
) -> None:
    site = Site(worker(1), worker(2))
    order: list[str] = []
    sleeps += [
        lambda: site.unregister(site.found[0]),
        lambda: order.append(f"{len(killed)} stopped before the successor"),
        lambda: site.register(worker(11, state="killed")),
        lambda: order.append(f"{len(killed)} stopped before its lease"),
        lambda: site.register(worker(12)),
        lambda: site.unregister(site.found[0]),
        lambda: site.register(worker(13)),
    ]
    assert Restart(site, 30, lambda text: None, host="web1").run() == 2
    assert killed == [(1, signal.SIGTERM), (2, signal.SIGTERM)]
    assert order == ["1 stopped before the successor", "1 stopped before its lease"]


def test_workers_of_other_machines_and_without_a_lease_get_no_signal(
    killed: list[tuple[int, int]], sleeps: list[Callable[[], object]]
) -> None:
    site = Site(worker(1, host="web2"), worker(2, state="killed"), replace(worker(3), kind="interface"))
    assert Restart(site, 30, lambda text: None, host="web1").run() == 0
    assert killed == []


def test_a_worker_that_stops_already_gets_no_second_signal(
    killed: list[tuple[int, int]], sleeps: list[Callable[[], object]]
) -> None:
    site = Site(worker(1, state="draining"))
    sleeps += [lambda: site.unregister(site.found[0]), lambda: site.register(worker(2))]
    assert Restart(site, 30, lambda text: None, host="web1").run() == 1
    assert killed == []


def test_a_worker_that_was_killed_before_has_its_successor_already(
    monkeypatch: pytest.MonkeyPatch, sleeps: list[Callable[[], object]]
) -> None:
    """Its record and its lease stay for some seconds after `kill -9`."""
    site, stopped = Site(worker(1), worker(2)), []

    def kill(pid: int, number: int) -> None:
        if pid == 1:
            raise ProcessLookupError
        stopped.append(pid)

    monkeypatch.setattr(os, "kill", kill)
    sleeps += [
        lambda: site.unregister(site.found[0]),
        lambda: site.unregister(site.found[0]),
        lambda: site.register(worker(3)),
    ]
    assert Restart(site, 30, lambda text: None, host="web1").run() == 1
    assert stopped == [2]
    assert sleeps == []


def test_a_restart_waits_for_redis(killed: list[tuple[int, int]], sleeps: list[Callable[[], object]]) -> None:
    site = Site(worker(1))

    def come_back() -> None:
        site.is_away = False
        site.found = [worker(2)]

    sleeps += [lambda: setattr(site, "is_away", True), lambda: None, come_back]
    assert Restart(site, 30, lambda text: None, host="web1").run() == 1
    assert sleeps == []


def test_a_worker_of_another_user_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    with pytest.raises(RestartFailed, match="belongs to another user: run this command as the user of the workers"):
        Restart(Site(worker(1)), 30, lambda text: None, host="web1").run()


def test_a_successor_that_does_not_come_ends_the_restart(killed: list[tuple[int, int]]) -> None:
    with pytest.raises(RestartFailed, match=r"not replaced within 0 s.*other workers were not restarted"):
        Restart(Site(worker(1), worker(2)), 0, lambda text: None, host="web1").run()
    assert killed == [(1, signal.SIGTERM)]


def test_the_worker_that_runs_a_restart_is_the_last_and_nothing_waits_for_its_successor(
    killed: list[tuple[int, int]], sleeps: list[Callable[[], object]]
) -> None:
    site = Site(worker(1), worker(2))
    sleeps += [lambda: site.unregister(site.found[1]), lambda: site.register(worker(3))]
    assert Restart(site, 30, lambda text: None, host="web1", own_pid=1).run() == 2
    assert killed == [(2, signal.SIGTERM), (1, signal.SIGTERM)]
    assert sleeps == []


def test_channels_are_listed_with_the_number_of_their_workers() -> None:
    states = queues.channel_states(Site(worker(1, channels=("jobs",)), worker(2, channels=("jobs", "mail"))), ["chat"])
    assert {state["channel"]: state["workers"] for state in states} == {
        "asgi.delay": 0,
        "chat": 0,
        "jobs": 2,
        "mail": 1,
    }
    assert "jobs        2        0" in queues.channels_report(states)


def test_paused_channels_are_named_in_the_status_even_if_nothing_waits_in_them() -> None:
    site = Site(worker(1, channels=("jobs", "even")))
    site.pauses = {"even": None, "jobs": 59.6, "mail": 5.0}
    status = read_status(site, [])
    lines = [" ".join(line.split()) for line in report(status, NOW).splitlines()]
    assert "even 0 0.4 s 0 0 0 0 paused" in lines
    assert "jobs 0 0.4 s 0 0 0 0 paused 60 s" in lines
    assert any(line.startswith("mail ") for line in lines)
    assert status.as_json(NOW)["paused"] == {"even": None, "jobs": 59.6, "mail": 5.0}
    assert {each["channel"]: each["state"] for each in queues.channel_states(site, ["chat"])} == {
        "asgi.delay": "",
        "chat": "",
        "even": "paused",
        "jobs": "paused 60 s",
    }


def test_groups_that_are_cut_off_say_so() -> None:
    assert queues.groups_report(*Site().groups(1)).splitlines() == [
        "group  servers  members",
        "room   2        7",
        "There are more: give a higher --limit",
    ]


def test_messages_are_shown_with_their_values_cut() -> None:
    messages = [WaitingMessage(1.25, {"text": "x" * 500, "path": "/"}), WaitingMessage(0.0, None)]
    first, second = queues.messages_report(messages).splitlines()
    assert first == f"1.2 s  text='{'x' * 199}...  path='/'"
    assert second == "0.0 s  (cannot be decoded)"
    assert queues.messages_report([]) == "(no messages)"


def test_messages_as_json_have_bytes_as_text() -> None:
    [found] = queues.messages_json([WaitingMessage(1.0, {"headers": [[b"host", b"a\xff"]], "n": 1})])
    assert found == {"age_seconds": 1.0, "content": {"headers": [["host", "a\xff"]], "n": 1}}
