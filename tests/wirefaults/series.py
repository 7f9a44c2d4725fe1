"""Fails every write of a site to Redis in every way, and checks the rules that must hold whatever fails.

The first part holds a short conversation for each write and each fault, in which this one write fails. The second part
holds conversations of many events in which every n-th write fails, for each of the n places to begin: every tenth write
of a line that is written to for each event, every third of the others. A line for each kind of connection and fault
says how many cases there were; each case that broke a rule has a line of its own, with what repeats it. Ends with 1 if
there is one. `--sample` runs a part of the cases.
"""

import argparse
import logging
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..redis_server import NO_SERVER, RedisServer, find_redis
from .cases import EXPIRING, LINES, Case, Outcome, every, every_write, run
from .conversation import Script
from .faults import FAULTS

#: Connections that write something for each event.
TALKING = ("interface.out", "interface.in", "a.exchange")
#: Sockets of a long conversation.
SOCKETS = 20
#: Every so many writes one fails there: of talking connections, and of the others.
STRIDE, QUIET_STRIDE = 10, 3


def main() -> int:
    """Run the selected cases; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/wire", description=__doc__)
    parser.add_argument("--events", type=int, default=1000, help="of a long conversation; 0: none is held (1000)")
    parser.add_argument("--seeds", type=int, default=3, help="how often all is done (3)")
    parser.add_argument("--first-seed", type=int, default=None, help="of the random order; else a random one")
    parser.add_argument("--line", action="append", choices=sorted(LINES.values()), help="only this connection")
    parser.add_argument("--fault", action="append", choices=FAULTS, help="only this fault")
    parser.add_argument(
        "--sample", type=int, default=1, help="one in so many cases, evenly, from a place that the seed shifts (1)"
    )
    parser.add_argument("--only", type=int, help="only this write of the short conversation")
    options = parser.parse_args()
    logging.getLogger("towpath").addHandler(logging.NullHandler())
    logging.getLogger("towpath").propagate = False
    first = random.randrange(1 << 20) if options.first_seed is None else options.first_seed
    broken = 0
    with a_redis() as port:
        for seed in range(first, first + options.seeds):
            pairs = [(line, fault) for line in options.line or LINES.values() for fault in options.fault or FAULTS]
            random.Random(seed).shuffle(pairs)
            for line, fault in pairs:
                cases = list(of_a_pair(port, line, fault, seed, options))
                broken += report(line, fault, seed, cases)
    say(f"{broken} cases broke a rule")
    return 1 if broken else 0


def of_a_pair(
    port: int, line: str, fault: str, seed: int, options: argparse.Namespace
) -> Iterator[tuple[Case, Outcome]]:
    """Run the cases of one connection and one fault."""
    script = Script(seed=seed, expires=line in EXPIRING)
    if options.only is not None:
        case = Case([line], fault, [options.only], script)
        yield case, run(port, case)
        return
    yield from every_write(port, line, fault, script, options.sample)
    if options.events:
        stride = STRIDE if line in TALKING else QUIET_STRIDE
        long = Script(SOCKETS, options.events // SOCKETS, seed, line in EXPIRING, patience=60)
        for begin in range(seed % min(options.sample, stride) + 1, stride + 1, options.sample):
            case = Case([line], fault, every(begin, stride), long)
            yield case, run(port, case)


def report(line: str, fault: str, seed: int, cases: Iterable[tuple[Case, Outcome]]) -> int:
    """Print the results of the cases of one connection and one fault; return how many broke a rule."""
    number = struck = broken = lost = 0
    longest = 0.0
    for case, outcome in cases:
        number += 1
        struck += len(outcome.struck)
        lost += outcome.lost
        longest = max(longest, outcome.seconds)
        if outcome.violations:
            broken += 1
            say(f"BROKEN {case} ({'; '.join(outcome.struck_names[:3])}): {'; '.join(outcome.violations[:4])}")
    say(
        f"{line:18} {fault:20} seed {seed}: {number} cases, {struck} writes failed, {broken} broke a rule, "
        f"{lost} turns lost, {longest:.1f} s at most"
    )
    return broken


@contextmanager
def a_redis() -> Iterator[int]:
    """Start a Redis; yield its port."""
    binary = find_redis()
    if binary is None:
        raise SystemExit(NO_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(binary, Path(folder))
        server.start()
        try:
            yield server.port
        finally:
            server.stop()


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
