"""The processor time of echoes, pages, uploads and downloads, compared with another commit in the same run.

    python -m bench.traffic COMMIT [--rounds N]

In each round both versions start, each with an interface server, a worker and a Redis, and are measured one after the
other, in turns. Printed are the medians of microseconds a message, and of the ratios of this tree to the commit.
"""

import argparse
import http.client
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from .cost import two_trees
from .scenarios.base import generate
from .systems.base import Running, Shape
from .systems.processes import processor_seconds, wait_until_quiet
from .systems.towpath import Towpath

MIB = 1024 * 1024
UPLOADS = 60
ROLES = ("interface", "worker", "redis")


def echoes(running: Running) -> float:
    """Echo over 16 sockets; return how many messages that were."""
    return generate("echo", running.websocket_uri + "/echo/", "--sockets", 16, "--seconds", 2)["messages"]


def pages(running: Running) -> float:
    """Ask for a small page over 8 connections."""
    return generate("get", running.http_url + "/hello/", "--connections", 8, "--seconds", 2)["messages"]


def downloads(running: Running) -> float:
    """Ask for a mebibyte over 2 connections."""
    return generate("get", running.http_url + "/download/", "--connections", 2, "--seconds", 1)["messages"]


def uploads(running: Running) -> float:
    """Send mebibytes over one connection."""
    with closing(http.client.HTTPConnection(urlsplit(running.http_url).netloc, timeout=60)) as client:
        for _ in range(UPLOADS):
            client.request("POST", "/upload/", bytes(MIB))
            response = client.getresponse()
            if response.read() != b"%d" % MIB:
                raise RuntimeError(f"an upload was answered with {response.status}")
    return UPLOADS


KINDS: Mapping[str, Callable[[Running], float]] = {
    "echo of 64 bytes": echoes,
    "page": pages,
    "upload of 1 MiB": uploads,
    "download of 1 MiB": downloads,
}


def costs(running: Running, drive: Callable[[Running], float]) -> dict[str, float]:
    """Return the microseconds of each role for a message."""
    wait_until_quiet([running], 0.2)
    before = {role: processor_seconds(running.processes[role]) for role in ROLES}
    count = drive(running)
    return {role: (processor_seconds(running.processes[role]) - before[role]) * 1e6 / count for role in ROLES}


def main() -> int:
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.traffic", description=__doc__.split("\n", 1)[0])
    parser.add_argument("commit", help="what to compare this tree with")
    parser.add_argument("--rounds", type=int, default=6, help="measurements of each version (default: 6)")
    parser.add_argument("--kinds", default="", help="words of the kinds to measure, separated by commas (default: all)")
    options = parser.parse_args()
    words = options.kinds.split(",")
    kinds = {name: drive for name, drive in KINDS.items() if any(word in name for word in words)}
    found: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory(prefix="bench-traffic-") as folder:
        trees = two_trees(options.commit, Path(folder))
        for number in range(options.rounds):
            with ExitStack() as stack:  # new sites: in older versions clients that leave a download hold threads
                systems = {
                    version: stack.enter_context(Towpath(tree=tree).start(Shape(workers=1)))
                    for version, tree in trees.items()
                }
                turns = list(systems.items())[:: 1 if number % 2 else -1]
                for name, drive in kinds.items():
                    found[name].append({version: costs(running, drive) for version, running in turns})
    report(found)
    return 0


def report(found: Mapping[str, list[dict[str, dict[str, float]]]]) -> None:
    """Print a table in Markdown."""
    sys.stdout.write("| message | process | µs before | µs now | ratio | ratios of the rounds |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for name, rounds in found.items():
        for role in ROLES:
            old, new = (median(found[version][role] for found in rounds) for version in ("old", "new"))
            ratios = sorted(found["new"][role] / max(found["old"][role], 1e-9) for found in rounds)
            span = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
            sys.stdout.write(f"| {name} | {role} | {old:.0f} | {new:.0f} | {median(ratios):.3f} | {span} |\n")


if __name__ == "__main__":
    sys.exit(main())
