"""A check of `tests/run` that is over, or told to stop, leaves no process behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = """
import os, sys
from tests.tools.runner.__main__ import run
from tests.tools.runner.checks import Check
sys.exit(run(Check("a check", ["/bin/sh", "-c", sys.argv[1]]), dict(os.environ)))
"""

#: Starts a child, and says its id when it has become what it is to be.
LEAVING = "sleep 600 & until grep -q ^sleep /proc/$!/comm; do :; done; echo $!; "


@contextmanager
def check(root, script: str) -> Iterator[tuple[subprocess.Popen, int]]:
    """Run a check with this script, which says the id of what it leaves running; give the runner, and that id."""
    command = [sys.executable, "-u", "-c", PROGRAM, script]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "==> a check\n"
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def runs(pid: int) -> bool:
    """Return whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_check_left_running_is_killed_and_named(root):
    with check(root, LEAVING + "exit 3") as (process, left):
        printed = process.stdout.read()
        assert process.wait() == 3
        assert not runs(left)
    assert "==> a check: killed what it had left running: sleep 600\n" in printed


def test_a_check_told_to_stop_stops_first_and_leaves_nothing(root):
    script = "trap 'echo stopping; exit 0' INT; " + LEAVING + "while :; do wait; done"
    with check(root, script) as (process, left):
        process.send_signal(signal.SIGTERM)
        printed = process.stdout.read()
        assert process.wait() == 128 + signal.SIGTERM
        assert not runs(left)
    assert "stopping" in printed
