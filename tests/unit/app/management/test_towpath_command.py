"""`manage.py towpath` itself: how it ends."""

import os
from typing import Any
from unittest.mock import Mock

import pytest

from towpath.management.commands import towpath
from towpath.management.commands.towpath import EXIT_BROKEN_PIPE, Command


def test_a_reader_of_the_output_that_ends_is_not_an_error_with_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `manage.py towpath top --json | head -1`."""
    action = Mock(run=Mock(side_effect=BrokenPipeError))
    action.name = "top"
    closed: list[Any] = []
    monkeypatch.setattr(towpath, "ACTIONS", [action])
    for name in ("site_of", "shared_layer", "setup_logger"):
        monkeypatch.setattr(towpath, name, Mock())
    monkeypatch.setattr(towpath, "close_output", lambda: closed.append("output"))
    with pytest.raises(SystemExit) as ended:
        Command().handle(action="top", layer="default", json=True, verbosity=1)
    assert (ended.value.code, closed) == (EXIT_BROKEN_PIPE, ["output"])


def test_an_output_that_is_closed_can_be_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(towpath.sys, "stdout", output)
        output.write("x")
        towpath.close_output()
        output.flush()
