"""The cost of metrics, health checks, log lines and traces: an echo and a page with them, against without, in one run.

    python -m bench.observed [--pairs N] [--rounds N] [--events N] [--tracing | --noise]

Two sites, each with a Redis, an interface server and a worker of its own, get the same events in turns. One is without
any of it; the other has metrics (scraped once a round), health checks and JSON lines at INFO. The same program is
faster or slower by some percent each time that it is started, so several pairs of sites are started one after the
other. Prints, for echoes and pages, the medians over the pairs: the processor time of an event in interface server and
worker, the events a second, and the ratio of the one without to the one with (above 1: it costs nothing). `--noise`
compares two sites without any of it: the ratios show the noise of the machine.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from unittest.mock import patch
from urllib.request import urlopen

from .systems.base import Running, Shape
from .systems.processes import free_port, processor_seconds
from .systems.towpath import Towpath

CONNECTIONS = 16
GET = b"GET /hello/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADE = (
    b"GET /echo/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: A masked text of 32 bytes; its echo has a head of two bytes.
TEXT = b"\x81\xa0\0\0\0\0" + b"x" * 32
ECHO_BYTES = 34


@dataclass(slots=True)
class Figures:
    """Each round: microseconds of processor time of an event, and events a second."""

    processor: list[float] = field(default_factory=list)
    throughput: list[float] = field(default_factory=list)


#: The figures of a pair of sites, by load and site.
Pair = dict[tuple[str, str], Figures]


@contextmanager
def site(variables: Mapping[str, str]) -> Iterator[Running]:
    """Run a site whose processes have these variables."""
    with ExitStack() as stack:
        with patch.dict(os.environ, variables):
            running = stack.enter_context(Towpath().start(Shape(workers=1)))
        yield running


def observing(interface: int, worker: int) -> dict[str, str]:
    """Return the variables of a site with metrics on these ports, health checks and JSON lines."""
    return {
        "TOWPATH_INTERFACE_METRICS": f"127.0.0.1:{interface}",
        "TOWPATH_WORKER_METRICS": f"127.0.0.1:{worker}",
        "TOWPATH_INTERFACE_HEALTH_PATH": "/health",
        "TOWPATH_INTERFACE_LOG_FORMAT": "json",
        "TOWPATH_WORKER_LOG_FORMAT": "json",
    }


async def echoes(port: int, events: int) -> None:
    """Send texts on one socket, each when the one before has come back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(events):
        writer.write(TEXT)
        await reader.readexactly(ECHO_BYTES)
    writer.close()


async def pages(port: int, events: int) -> None:
    """Ask for pages on one connection, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(events):
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
    writer.close()


async def loaded(load: object, port: int, events: int) -> None:
    """Run one load on all connections."""
    each = events // CONNECTIONS
    await asyncio.gather(*(load(port, each) for _ in range(CONNECTIONS)))  # type: ignore[operator]


LOADS = (echoes, pages)


def measure(running: Running, load: object, events: int, figures: Figures) -> None:
    """Measure one round."""
    pids = [*running.processes["interface"], *running.processes["worker"]]
    port = int(running.http_url.rpartition(":")[2])
    used, began = processor_seconds(pids), time.perf_counter()
    asyncio.run(loaded(load, port, events))
    figures.throughput.append(events / (time.perf_counter() - began))
    figures.processor.append((processor_seconds(pids) - used) / events * 1e6)


def measure_pair(variables: Mapping[str, str], options: argparse.Namespace) -> Pair:
    """Start a site without and a site with these variables, and measure both in turns."""
    pair: Pair = {(load.__name__, name): Figures() for load in LOADS for name in ("off", "on")}
    scraped = [value for name, value in variables.items() if name.endswith("_METRICS")]
    with site({}) as off, site(variables) as on:
        for number in range(options.rounds + 1):
            for load in LOADS:
                sites = [("off", off), ("on", on)]
                for name, running in sites if number % 2 else reversed(sites):
                    kept = pair[load.__name__, name] if number else Figures()  # the first round warms up
                    measure(running, load, options.events, kept)
            for address in scraped:
                urlopen(f"http://{address}/metrics", timeout=30).close()
    return pair


def report(pairs: Sequence[Pair]) -> None:
    """Print a table in Markdown."""
    print("| load | processor off, µs | on, µs | off / on | of the pairs | a second off | on | on / off |")
    print("|---|---|---|---|---|---|---|---|")
    for load in LOADS:
        used, rate = (
            [[median(getattr(pair[load.__name__, name], figure)) for name in ("off", "on")] for pair in pairs]
            for figure in ("processor", "throughput")
        )
        ratios = sorted(off / on for off, on in used)
        off, on = (median(each) for each in zip(*used, strict=True))
        processor = f"{off:.0f} | {on:.0f} | {median(ratios):.3f} | {ratios[0]:.3f} to {ratios[-1]:.3f}"
        off, on = (median(each) for each in zip(*rate, strict=True))
        print(f"| {load.__name__} | {processor} | {off:.0f} | {on:.0f} | {median(b / a for a, b in rate):.3f} |")


def main() -> int:
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.observed", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pairs", type=int, default=6, help="pairs of sites, one after the other (default: 6)")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of each load on each site (default: 4)")
    parser.add_argument("--events", type=int, default=4000, help="events of a round (default: 4000)")
    parser.add_argument("--tracing", action="store_true", help="trace, too, without an SDK")
    parser.add_argument("--noise", action="store_true", help="both sites without any of it")
    options = parser.parse_args()
    pairs = []
    for _ in range(options.pairs):
        variables = {} if options.noise else observing(free_port(), free_port())
        if options.tracing:
            variables |= {"TOWPATH_INTERFACE_TRACING": "on", "TOWPATH_WORKER_TRACING": "on"}
        pairs.append(measure_pair(variables, options))
    report(pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
