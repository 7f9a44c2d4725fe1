"""WebSockets: echoes through a consumer, idle sockets, and two interface processes on one listening socket."""

import time
from collections.abc import Iterable
from pathlib import Path

from bench.systems.base import Running, Shape, System
from bench.systems.processes import processor_seconds, with_children

from .base import Figure, Figures, Scale, Scenario, Target, generate, load

SIZE = 64
SYNC_UVICORN, ASYNC = "channels-sync-uvicorn-*", "channels-async-*"


def echo(sockets: int, seconds: float, size: int = SIZE, window: int = 1):
    """Return the measurement of a closed loop over a number of sockets."""

    def measure(running: Running, scale: Scale) -> Figures:
        arguments = ["--sockets", sockets, "--seconds", scale.seconds(seconds), "--size", size, "--window", window]
        return generate("echo", running.websocket_uri + "/echo/", *arguments)

    return measure


RATE = Figure("rate", "echoes/s", "higher")
MEDIAN = Figure("p50_ms", "median, ms", "lower")
WORST = Figure("p99_ms", "99 %, ms", "lower")


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
    """Return the memory of processes and their children, shared pages by their share, in KiB."""
    total = 0
    for pid in with_children(pids):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


WORKERS = 4


def one_and_two(system: System, scale: Scale) -> Figures:
    """Echo 1 KiB texts, four under way on each of 100 sockets, through one interface process, then through two."""
    measure, found = echo(100, 4, size=1024, window=4), {}
    for interfaces in (1, 2):
        with system.start(Shape(interfaces=interfaces, workers=WORKERS)) as running:
            found[interfaces] = measure(running, scale)
    faults = {key: found[1][key] + found[2][key] for key in ("sockets_lost", "texts_lost", "texts_wrong")}
    ratio = found[2]["rate"] / found[1]["rate"]
    faults["generator_busy"] = max(found[1]["generator_busy"], found[2]["generator_busy"])
    return {"ratio": ratio, "one": found[1]["rate"], "two": found[2]["rate"], **faults}


SCENARIOS = [
    Scenario(
        "echo",
        "Echo through a consumer, 200 sockets in a closed loop, 64 bytes",
        "websocket",
        (RATE, MEDIAN, WORST),
        echo(200, 3),
        targets=(
            Target("rate", 2, SYNC_UVICORN),
            Target("rate", 1, ASYNC),
            Target("rate", 2, ASYNC, "reach"),
        ),
    ),
    Scenario("echo-50", "The same over 50 sockets", "websocket", (RATE, MEDIAN, WORST), echo(50, 3), most_repeats=1),
    Scenario(
        "latency",
        "The same over one socket",
        "websocket",
        (MEDIAN, WORST),
        echo(1, 2),
        targets=(
            Target("p50_ms", 0.6 / 0.09, "autobahn"),
            Target("p50_ms", 0.35 / 0.09, "autobahn", "reach"),
        ),
        seconds=4,
    ),
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
    Scenario(
        "interfaces",
        "Two interface processes on one socket, 4 workers, 1 KiB texts, 4 under way on each of 100 sockets",
        "websocket",
        (
            Figure("ratio", "two to one", "higher"),
            Figure("one", "echoes/s, one interface", "higher"),
            Figure("two", "echoes/s, two interfaces", "higher"),
        ),
        measure_system=one_and_two,
        systems=frozenset({"towpath"}),
        targets=(Target("ratio", 1),),
        seconds=22,
    ),
]
