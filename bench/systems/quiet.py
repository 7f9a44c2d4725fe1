"""Waiting until systems have finished what a measurement left to do, such as the ends of their sockets."""

import time
from collections.abc import Collection, Iterable
from contextlib import suppress

from .base import Running
from .processor_time import TICKS_A_SECOND, processor_seconds

#: Systems are left alone between measurements until they use less than this share of a core, at most so long.
QUIET_SHARE, QUIET_SECONDS = 0.1, 20.0


def wait_until_quiet(running: Collection[Running], look_seconds: float) -> None:
    """Wait until systems have finished what the last scenario left to do, such as the ends of their sockets."""
    pids = [pid for system in running for pids in system.processes.values() for pid in pids]
    deadline = time.monotonic() + QUIET_SECONDS
    used = _used(pids)
    while time.monotonic() < deadline:
        time.sleep(look_seconds)
        before, used = used, _used(pids)
        if used - before < QUIET_SHARE * look_seconds + 1 / TICKS_A_SECOND:
            return


def _used(pids: Iterable[int]) -> float:
    """Return the processor time of those that run; who has ended fails in its own scenarios."""
    seconds = 0.0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            seconds += processor_seconds([pid])
    return seconds
