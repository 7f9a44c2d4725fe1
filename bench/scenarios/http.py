"""Plain HTTP through Django: a trivial view, a view that waits, and a mix of short and long ones."""

from bench.systems.base import Running, Shape

from .base import Figure, Figures, Scale, Scenario, generate
from .targets import Target

SYSTEMS = frozenset(
    {
        "towpath",
        "channels-sync-daphne-core",
        "channels-sync-uvicorn-pubsub",
        "gunicorn-sync",
        "gunicorn-gthread",
        "pushpin",
        "autobahn",
    }
)
DJANGO = SYSTEMS - {"autobahn", "gunicorn-sync", "pushpin"}

RATE = Figure("rate", "requests/s", "higher")
MEDIAN = Figure("p50_ms", "median, ms", "lower")
WORST = Figure("p99_ms", "99 %, ms", "lower")


def hello(running: Running, scale: Scale) -> Figures:
    """Ask for a trivial view over 32 connections."""
    arguments = ["--connections", 32, "--seconds", scale.seconds(3)]
    return generate("get", running.http_url + "/hello/", *arguments)


def waiting(running: Running, scale: Scale) -> Figures:
    """Ask for a view that takes 20 ms of sleep, over 64 connections."""
    arguments = ["--connections", 64, "--seconds", scale.seconds(3)]
    return generate("get", running.http_url + "/sleep/0.02/", *arguments)


def mixed(running: Running, scale: Scale) -> Figures:
    """Ask for 500 naps, 20 in flight."""
    return generate("sleeps", running.http_url, "--requests", scale.number(500))


SCENARIOS = [
    Scenario(
        "get",
        "GET of a trivial view, 32 connections",
        "http",
        (RATE, MEDIAN, WORST),
        hello,
        systems=SYSTEMS,
        targets=(
            Target("rate", 6, "channels-*-daphne-*"),
            Target("rate", 0.8, "gunicorn-*"),
            Target("rate", 1, "gunicorn-*", "reach"),
        ),
    ),
    Scenario(
        "waiting",
        "A view that takes 20 ms of sleep, 64 connections, 2 workers of 16 threads",
        "http",
        (RATE, MEDIAN, WORST),
        waiting,
        shape=Shape(workers=2, threads=16),
        systems=DJANGO,
        targets=(Target("rate", 0.9 * 32 / 0.020),),
    ),
    Scenario(
        "mixed",
        "500 requests that sleep random()² s, 20 in flight, 2 workers of 8 threads",
        "http",
        (Figure("seconds", "until all are answered, s", "lower"), Figure("ideal", "ideal, s", "lower")),
        mixed,
        shape=Shape(workers=2, threads=8),
        systems=DJANGO,
        most_repeats=1,
        targets=(Target("seconds", 12), Target("seconds", 11, kind="reach")),
        seconds=20,
    ),
]
