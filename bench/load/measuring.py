"""Shared by all generators: their processor load, percentiles, and limits for many sockets."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import uvloop

#: Handshakes under way at once.
CONNECTING = 50


class Stopwatch:
    """The time since `restart`, and the share of a core that this process used in it."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin again."""
        self._started, self._busy = time.perf_counter(), _processor_seconds()

    @property
    def seconds(self) -> float:
        """The time since the start."""
        return time.perf_counter() - self._started

    @property
    def busy(self) -> float:
        """The share of one core that this process used since the start, 0 to 1."""
        return (_processor_seconds() - self._busy) / self.seconds


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """Return a percentile of times in seconds, as milliseconds.

    Raises:
        IndexError: there are no times.
    """
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


def latencies_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Return the figures of latencies; none without latencies, since 0 ms would look good."""
    if not seconds:
        return {}
    return {"p50_ms": percentile_ms(seconds, 50), "p99_ms": percentile_ms(seconds, 99)}


def say(answer: dict[str, Any]) -> None:
    """Write one answer."""
    print(json.dumps(answer), flush=True)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a generator on uvloop, with room for as many sockets as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(work)


async def stdin_lines() -> asyncio.StreamReader:
    """Return stdin for reading lines."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
