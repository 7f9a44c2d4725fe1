"""How Towpath's costs grow: with sockets, groups, the size of a message, and interface processes, four sizes each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .scenarios.base import Scale
from .scenarios.echoes import echo
from .scenarios.groups import at_a_rate, one_group
from .systems.base import Running, Shape
from .systems.towpath import Towpath

SOCKETS = (250, 1000, 2500, 5000)
GROUPS = (1, 10, 100, 1000)
BYTES = (64, 1024, 16_384, 131_072)
INTERFACES = (1, 2, 3, 4)
#: Sockets of all groups together.
MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: what was varied, its size, and the figures by name."""

    axis: str
    size: int
    figures: dict[str, float]


def measure(scale: Scale) -> Iterator[Point]:
    """Measure all points, one after the other."""
    for sockets in SOCKETS:
        with Towpath().start(Shape()) as running:
            yield _with_sockets(running, scale, scale.number(sockets))
    for groups in GROUPS:
        with Towpath().start(Shape()) as running:
            yield _with_groups(running, scale, groups)
    for size in BYTES:
        with Towpath().start(Shape()) as running:
            found = echo(50, 3, size=size)(running, scale)
            megabytes = found["rate"] * size / 1e6
            yield Point("bytes of a message", size, {"echoes/s": found["rate"], "MB/s each way": megabytes})
    for interfaces in INTERFACES:
        with Towpath().start(Shape(interfaces=interfaces, workers=4)) as running:
            yield _with_interfaces(running, scale, interfaces)


def _with_sockets(running: Running, scale: Scale, sockets: int) -> Point:
    loop = echo(sockets, 3)(running, scale)
    send = one_group(sockets, 10)(running, Scale())
    figures = {
        "echoes/s": loop["rate"],
        "median echo, ms": loop["p50_ms"],
        "group send to all, ms": send["last_ms"],
        "µs a member": send["us_a_member"],
    }
    return Point("sockets", sockets, figures)


def _with_groups(running: Running, scale: Scale, groups: int) -> Point:
    found = at_a_rate(groups, MEMBERS // groups, 50, 3)(running, scale if groups < MEMBERS else Scale())
    figures = {"members of each": MEMBERS / groups, "median delivery, ms": found["p50_ms"], "99 %, ms": found["p99_ms"]}
    return Point("groups", groups, figures)


def _with_interfaces(running: Running, scale: Scale, interfaces: int) -> Point:
    loop = echo(200, 3)(running, scale)
    send: Any = one_group(1000, 10)(running, scale)
    return Point(
        "interface processes",
        interfaces,
        {"echoes/s": loop["rate"], "median echo, ms": loop["p50_ms"], "group send to 1,000, ms": send["last_ms"]},
    )
