"""Pages and echoes of others while 400 slow clients are there, against two worker threads. Towpath only.

Measured without them and with them in turns, in one run of the same processes; the figures are the ratios.
"""

from statistics import median

from bench.systems.base import Running, Shape, System
from bench.systems.quiet import wait_until_quiet

from .base import Figure, Figures, Scale, Scenario, generate, load
from .targets import Target

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
