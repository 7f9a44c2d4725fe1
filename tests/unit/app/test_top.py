"""The screen of `manage.py towpath top`: what it shows, and how it ends."""

import io
import os
import pty
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from towpath.layers.errors import LayerUnavailable
from towpath.layers.survey import ProcessRecord, QueueState, StoreState
from towpath.operations import top
from towpath.operations.actions import watching
from towpath.operations.actions.action import Console as CommandConsole
from towpath.operations.actions.watching import ShowTop
from towpath.operations.keyboard import Keyboard
from towpath.operations.site import OrderRefused
from towpath.operations.status import Status

NOW = 1_000_000.0
STORE = StoreState("7.2.4", 2 * 2**20, 0, "noeviction", 9, 0.0002)
WORKER = ProcessRecord(
    "worker", host="web1", pid=2, version="1.0", started_at=NOW - 65, owners=("r",), slow=("buy for 9 s",)
)
JOBS, MAIL = QueueState("jobs", 12, 4.0, 0, 1, 2, 3, sent=100), QueueState("mail", 0, 0.0, 0, 0, 0, 0)


def status(*queues: QueueState) -> Status:
    return Status(STORE, [WORKER], queues, frozenset({"r"}), {"mail": None})


def printed(picture: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=120)
    console.print(picture)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_processes_and_queues_are_shown_with_rates_and_the_oldest_queue_first() -> None:
    screen = top.Screen()
    lines = printed(screen.of(status(MAIL, JOBS), 0.0, NOW))
    assert lines[0] == "Redis 7.2.4: 2.0 MiB, without a limit (noeviction), 9 clients, 0.2 ms"
    assert "web1:2 1.0 1m 5s serving buy for 9 s" in lines
    queues = [line for line in lines if line.startswith(("jobs", "mail"))]
    assert queues == ["jobs 12 4.0 s - 0 1 2 3", "mail 0 0.0 s - 0 0 0 0 paused"]
    lines = printed(screen.of(status(MAIL, replace(JOBS, sent=105)), 2.0, NOW))
    assert "jobs 12 4.0 s 2.5 0 1 2 3" in lines


def test_the_last_picture_stays_below_an_error() -> None:
    screen = top.Screen()
    screen.of(status(JOBS), 0.0, NOW)
    lines = printed(screen.with_error("Redis is unavailable"))
    assert lines[0] == "Redis is unavailable"
    assert any(line.startswith("jobs 12") for line in lines)


def test_it_looks_until_q_is_pressed_also_while_redis_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [status(JOBS), LayerUnavailable("Redis is unavailable"), status(JOBS)]
    monkeypatch.setattr(top, "read_status", Mock(side_effect=answers))
    keyboard = Mock(is_quit=Mock(side_effect=[False, False, True]))
    out = io.StringIO()
    top.show(Mock(channels=set()), 2.0, Console(file=out, width=120, force_terminal=True), keyboard)
    assert keyboard.is_quit.call_count == 3
    assert "Redis is unavailable" in out.getvalue()


def test_keys_of_a_terminal_come_one_by_one_and_its_settings_are_restored() -> None:
    import termios

    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal, os.fdopen(ours, "wb", buffering=0) as fingers:
        before = termios.tcgetattr(terminal)
        with Keyboard(terminal) as keyboard:
            assert termios.tcgetattr(terminal) != before
            fingers.write(b"x")
            assert not keyboard.is_quit(30)
            fingers.write(b"q")
            assert keyboard.is_quit(30)
            assert not keyboard.is_quit(0)
        assert termios.tcgetattr(terminal) == before


def test_without_the_library_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "find_spec", lambda name: None)
    with pytest.raises(
        OrderRefused, match=r"pip install towpath\[operations\]. `manage.py towpath status` shows the same"
    ):
        ShowTop().run(Mock(), CommandConsole(print, is_json=False), {"interval": 2.0})


def test_without_a_terminal_it_says_what_to_use() -> None:
    with pytest.raises(OrderRefused, match="needs a terminal: `top --json` and `status`"):
        ShowTop().run(Mock(), CommandConsole(print, is_json=False), {"interval": 2.0})


def test_json_is_a_line_at_each_look_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "read_status", Mock(side_effect=[status(JOBS), status(JOBS), KeyboardInterrupt]))
    pauses: list[float] = []
    monkeypatch.setattr(watching.time, "sleep", pauses.append)
    lines: list[str] = []
    ShowTop().run(Mock(), CommandConsole(lines.append, is_json=True), {"interval": 0.0})
    assert [line.count("\n") for line in lines] == [0, 0]
    assert pauses == [0.2, 0.2]
