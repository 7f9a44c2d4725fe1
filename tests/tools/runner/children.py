"""Waits for what a check started, and ends what it left running when it was stopped.

On Linux whatever loses its parent becomes ours instead of process 1's, so that it can be found. Elsewhere it stays.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
#: What is waited for, one after the other, so that nothing comes at a moment when it cannot be answered.
SIGNALS = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM}


def run_to_its_end(command: list[str], variables: dict[str, str]) -> tuple[int, signal.Signals | None]:
    """Run a program by its path; return its exit code, and the signal that told us to stop meanwhile.

    SIGTERM is passed on as SIGINT, on which pytest takes down what it has set up; SIGINT comes from the terminal.

    Raises:
        OSError: there is no such program, or the system does not let us adopt orphans.
    """
    adopt_orphans()
    signal.signal(signal.SIGCHLD, lambda number, frame: None)  # by default some systems drop it
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child, told = os.posix_spawn(command[0], command, variables, setsigmask=[]), None
    while True:
        number = signal.sigwait(SIGNALS)
        if number == signal.SIGCHLD:
            ended = reap()
            if child in ended:
                return ended[child], told
        else:
            told = signal.Signals(number)
            if number == signal.SIGTERM:
                os.kill(child, signal.SIGINT)


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own."""
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def reap() -> dict[int, int]:
    """Return the exit codes of the children that have ended, by their ids. None of them stays a zombie."""
    codes = {}
    with suppress(ChildProcessError):  # there is none left
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            codes[ended[0]] = os.waitstatus_to_exitcode(ended[1])
    return codes


def kill_orphans() -> list[str]:
    """Kill children, and theirs, until there are none; return their command lines."""
    killed = []
    while found := children():
        for pid in found:
            killed.append(command_line(pid))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return [command for command in killed if command]


def children() -> list[int]:
    """Return the ids of our children, also of ended ones that no process waited for."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if parent(folder) == os.getpid()]


def parent(folder: Path) -> int | None:
    """Return the id of a process's parent; None if it has ended."""
    try:
        fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1])


def command_line(pid: int) -> str:
    """Return the command of one of our processes; empty if it has ended, or is about to run another."""
    return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
