"""Two interface processes on one listening socket: nothing lost, order kept, and no slower than one."""

from bench.systems.base import Shape, System

from .base import Figure, Figures, Scale, Scenario
from .echoes import echo
from .targets import Target

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
