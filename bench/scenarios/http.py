"""Plain HTTP through Django: a trivial view, a view that waits, a mix of both, and pages beside slow clients."""

from statistics import median

from bench.systems.base import Running, Shape, System
from bench.systems.processes import wait_until_quiet

from .base import Figure, Figures, Scale, Scenario, Target, generate, load

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
    """Request a trivial view over 32 connections."""
    arguments = ["--connections", 32, "--seconds", scale.seconds(3)]
    return generate("get", running.http_url + "/hello/", *arguments)


def waiting(running: Running, scale: Scale) -> Figures:
    """Request a view that sleeps for 20 ms, over 64 connections."""
    arguments = ["--connections", 64, "--seconds", scale.seconds(3)]
    return generate("get", running.http_url + "/sleep/0.02/", *arguments)


def mixed(running: Running, scale: Scale) -> Figures:
    """Request a view that sleeps 500 times, 20 in flight."""
    return generate("sleeps", running.http_url, "--requests", scale.number(500))


#: Turns without and with slow clients.
TURNS = 3


def compared(system: System, scale: Scale) -> Figures:
    """Measure pages and echoes without slow clients and with them, in turns."""
    pages: dict[bool, list[float]] = {False: [], True: []}
    echoes: dict[bool, list[float]] = {False: [], True: []}
    with system.start(Shape(workers=1, threads=2)) as running:
        for _ in range(1 if scale.is_quick else TURNS):
            _measure(running, scale, pages[False], echoes[False])
            arguments = ["--posters", scale.number(200), "--readers", scale.number(200)]
            with load("slow", running.http_url, *arguments) as slow:
                slow.answer(60)
                wait_until_quiet([running], 0.5)
                _measure(running, scale, pages[True], echoes[True])
                slow.end()
            wait_until_quiet([running], 0.5)
    return {
        "pages": median(pages[False]) / median(pages[True]),
        "echoes": median(echoes[False]) / median(echoes[True]),
    }


def _measure(running: Running, scale: Scale, pages: list[float], echoes: list[float]) -> None:
    arguments = ["--connections", 8, "--seconds", scale.seconds(3)]
    pages.append(generate("get", running.http_url + "/hello/", *arguments)["rate"])
    arguments = ["--sockets", 8, "--seconds", scale.seconds(3)]
    echoes.append(generate("echo", running.websocket_uri + "/echo/", *arguments)["rate"])


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
    Scenario(
        "slow-clients",
        "Pages and echoes of others while 200 clients send and 200 read slowly, 2 worker threads",
        "http",
        (
            Figure("pages", "pages without over with them", "lower"),
            Figure("echoes", "echoes without over with them", "lower"),
        ),
        measure_system=compared,
        systems=frozenset({"towpath"}),
        most_repeats=1,
        targets=(Target("pages", 1.2), Target("echoes", 1.2)),
        seconds=60,
    ),
]
