"""Sockets that do nothing: how fast they open, what memory each takes, what many cost while they are silent."""

import time
from collections.abc import Iterable
from pathlib import Path

from bench.systems.base import Running, Shape, System
from bench.systems.processor_time import processor_seconds, with_children

from .base import Figure, Figures, Scale, Scenario, load
from .targets import Target

CHANNELS = "channels-*"
IDLE = frozenset({"towpath", "channels-async-uvicorn-pubsub", "autobahn"})


def handshakes(running: Running, scale: Scale) -> Figures:
    """Open 3,000 sockets, 50 at a time."""
    with load("hold", running.websocket_uri + "/echo/", "--sockets", scale.number(3000)) as holder:
        return {**holder.answer(180), **holder.end()}


def idle(system: System, scale: Scale) -> Figures:
    """Measure in processes of their own: one that had held sockets before would have their memory still."""
    with system.start(Shape()) as running:
        return _idle(running, scale)


def _idle(running: Running, scale: Scale) -> Figures:
    """Hold 500 sockets, then 5,000 more: memory by the difference, processor time over the minute after."""
    uri = running.websocket_uri + "/echo/"
    few, many, seconds = scale.number(500), scale.number(5000), 5.0 if scale.is_quick else 60.0
    with load("hold", uri, "--sockets", few) as some:
        some.answer(60)
        time.sleep(2)
        before = _pss_kib(running.processes["interface"])
        with load("hold", uri, "--sockets", many) as others:
            others.answer(180)
            time.sleep(3)
            memory = (_pss_kib(running.processes["interface"]) - before) / many
            pids = [pid for role in ("interface", "worker") for pid in running.processes.get(role, ())]
            used = processor_seconds(pids)
            time.sleep(seconds)
            percent = 100 * (processor_seconds(pids) - used) / seconds
            lost = others.end()["sockets_lost"] + some.end()["sockets_lost"]
            return {"kib": memory, "percent": percent, "sockets_lost": lost}


def _pss_kib(pids: Iterable[int]) -> int:
    """Return the memory of processes and what they started, shared pages by their share, in KiB."""
    total = 0
    for pid in with_children(pids):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


SCENARIOS = [
    Scenario(
        "handshakes",
        "Opening 3,000 sockets",
        "websocket",
        (Figure("rate", "handshakes/s", "higher"),),
        handshakes,
        systems=frozenset({"towpath", "autobahn", "pushpin"})
        | {f"channels-{consumer}-uvicorn-pubsub" for consumer in ("sync", "async")}
        | {"channels-async-uvicorn-core", "channels-async-daphne-pubsub"},
        targets=(Target("rate", 1, CHANNELS), Target("rate", 2, CHANNELS, "reach")),
        seconds=7,
    ),
    Scenario(
        "idle",
        "5,000 idle sockets for a minute: interface and workers",
        "websocket",
        (
            Figure("kib", "memory a socket, KiB", "lower"),
            Figure("percent", "processor time, % of a core", "lower"),
        ),
        measure_system=idle,
        systems=IDLE,
        most_repeats=1,
        targets=(
            Target("kib", 16),
            Target("kib", 10, kind="reach"),
            Target("percent", 3),
            Target("percent", 1, kind="reach"),
        ),
        seconds=85,
    ),
]
