"""Load generators: `python -m bench.load GENERATOR ADDRESS`. Each answers with lines of JSON."""

import argparse
import sys
from collections.abc import Sequence

from . import pages, sockets
from .measuring import run


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; `work` is the coroutine function of the generator."""
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    generators = parser.add_subparsers(required=True, metavar="GENERATOR")

    get = generators.add_parser("get", help="closed-loop GET")
    get.add_argument("url")
    get.add_argument("--connections", type=int, default=32)
    get.add_argument("--seconds", type=float, default=5)
    get.set_defaults(work=lambda options: pages.get(options.url, options.connections, options.seconds))

    sleeps = generators.add_parser("sleeps", help="a fixed number of requests to a view that sleeps")
    sleeps.add_argument("url")
    sleeps.add_argument("--requests", type=int, default=500)
    sleeps.add_argument("--in-flight", type=int, default=20)
    sleeps.add_argument("--threads", type=int, default=16, help="for the ideal time")
    sleeps.set_defaults(
        work=lambda options: pages.sleeps(options.url, options.requests, options.in_flight, options.threads)
    )

    slow = generators.add_parser("slow", help="clients that send and read slowly")
    slow.add_argument("url")
    slow.add_argument("--posters", type=int, default=200)
    slow.add_argument("--readers", type=int, default=200)
    slow.set_defaults(work=lambda options: pages.slow(options.url, options.posters, options.readers))

    echo = generators.add_parser("echo", help="closed-loop echoes")
    echo.add_argument("uri")
    echo.add_argument("--sockets", type=int, default=200)
    echo.add_argument("--seconds", type=float, default=5)
    echo.add_argument("--size", type=int, default=64, help="bytes of a text")
    echo.add_argument("--window", type=int, default=1, help="texts of a socket that are under way at once")
    echo.set_defaults(work=sockets.echo)

    hold = generators.add_parser("hold", help="idle sockets")
    hold.add_argument("uri")
    hold.add_argument("--sockets", type=int, default=3000)
    hold.set_defaults(work=lambda options: sockets.hold(options.uri, options.sockets))

    members = generators.add_parser("members", help="members of groups")
    members.add_argument("uri")
    members.add_argument("--groups", type=int, default=1)
    members.add_argument("--members", type=int, default=1000, help="of each group")
    members.set_defaults(work=lambda options: sockets.members(options.uri, options.groups, options.members))
    return parser.parse_args(arguments)


def main() -> int:
    """Run one generator; return the exit code."""
    options = parse()
    run(options.work(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
