"""The cost of one message, counted: it does not depend on the machine. Towpath only.

Redis: round trips (commands that processes send), commands (those inside scripts, too), bytes in and out.
Python: function calls of a worker and of the interface process, C functions included. Each number is the difference
of two runs of different length, divided by the messages that the longer one had more.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from redis import Redis

from bench.systems.base import Running, Shape, System
from bench.systems.towpath import APPS, Towpath

from .base import Figure, Figures, Scale, Scenario, generate
from .groups import one_group

#: Commands that processes send, one each round trip; the others run inside the scripts or travel with one of these.
#: A read of an inbox is counted by the script with which it begins.
SENT = frozenset({"eval", "evalsha", "blpop", "client|id", "set", "ping"})
SHORT, LONG = 1.0, 3.0
SENDS_A_SECOND = 150

#: Runs a load for a number of seconds; returns the number of messages.
Load = Callable[[Running, float], float]


def echoes(sockets: int) -> Load:
    """Return a load of echoes."""

    def run(running: Running, seconds: float) -> float:
        arguments = ["--sockets", sockets, "--seconds", seconds]
        return generate("echo", running.websocket_uri + "/echo/", *arguments)["messages"]

    return run


def requests(running: Running, seconds: float) -> float:
    """Ask for a trivial view."""
    return generate("get", running.http_url + "/hello/", "--seconds", seconds)["messages"]


def group_sends(running: Running, seconds: float) -> float:
    """Send to a group of 200, often enough that the cost of the joins, whose batches differ, is negligible."""
    sends = int(SENDS_A_SECOND * seconds)
    one_group(200, sends, pause_seconds=0)(running, Scale())
    return sends


def counting(load: Load) -> Callable[[System, Scale], Figures]:
    """Return the measurement of the cost of one message of a load."""

    def measure(system: System, scale: Scale) -> Figures:
        short, long = (0.3, 0.6) if scale.is_quick else (SHORT, LONG)
        return {**_redis(system, load, short, long), **_calls(load, short, long)}

    return measure


def _redis(system: System, load: Load, short: float, long: float) -> dict[str, float]:
    with system.start(Shape()) as running:
        assert running.redis_url is not None
        with Redis.from_url(running.redis_url) as redis:
            load(running, short)
            first = _snapshot(redis)
            fewer = load(running, short)
            second = _snapshot(redis)
            more = load(running, long)
            third = _snapshot(redis)
    return {key: (third[key] - 2 * second[key] + first[key]) / (more - fewer) for key in first}


def _snapshot(redis: "Redis[bytes]") -> dict[str, float]:
    commands = {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in redis.info("commandstats").items()}
    commands = {name: calls for name, calls in commands.items() if name not in ("info", "hello")}
    traffic = redis.info("stats")
    return {
        "round_trips": sum(calls for name, calls in commands.items() if name in SENT),
        "commands": sum(commands.values()),
        "bytes_in": traffic["total_net_input_bytes"],
        "bytes_out": traffic["total_net_output_bytes"],
    }


def _calls(load: Load, short: float, long: float) -> dict[str, float]:
    fewer, fewer_calls = _counted(load, short)
    more, more_calls = _counted(load, long)
    return {role: (more_calls[role] - fewer_calls[role]) / (more - fewer) for role in more_calls}


def _counted(load: Load, seconds: float) -> tuple[float, dict[str, float]]:
    """Run a load with counting processes; return its messages, and the calls by role."""
    with tempfile.TemporaryDirectory(prefix="bench-counts-") as folder:
        counts = {role: Path(folder) / role for role in ("worker", "interface")}
        admins = {role: (sys.executable, str(APPS / "counting.py"), str(path)) for role, path in counts.items()}
        with Towpath(worker_admin=admins["worker"], interface_admin=admins["interface"]).start(Shape()) as running:
            messages = load(running, seconds)
        return messages, {
            f"{role}_calls": float(sum(int(line) for line in path.read_text().split())) for role, path in counts.items()
        }


FIGURES = (
    Figure("round_trips", "round trips with Redis", "lower"),
    Figure("commands", "Redis commands", "lower"),
    Figure("bytes_in", "bytes to Redis", "lower"),
    Figure("bytes_out", "bytes from Redis", "lower"),
    Figure("worker_calls", "function calls, worker", "lower"),
    Figure("interface_calls", "function calls, interface", "lower"),
)
LOADS: dict[str, tuple[str, Load]] = {
    "counts-echo-1": ("One echo, counted, over 1 socket", echoes(1)),
    "counts-echo": ("One echo, counted, over 200 sockets", echoes(200)),
    "counts-get": ("One GET, counted, over 32 connections", requests),
    "counts-group": ("One group send to 200 sockets, counted", group_sends),
}
SCENARIOS = [
    Scenario(
        key,
        title,
        "group",
        FIGURES,
        measure_system=counting(load),
        systems=frozenset({"towpath"}),
        most_repeats=1,
        seconds=30,
    )
    for key, (title, load) in LOADS.items()
]
