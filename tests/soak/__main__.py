"""Half an hour of mixed traffic while workers and interface servers are replaced, with every process's memory watched.

2,000 sockets that come and go ask for echoes, group texts and delayed texts, and pages are fetched; a worker is
replaced every 20 s, an interface server every 5 min (every third of the time, if that is shorter). A whole run writes
its JSON into tests/soak/results, and its table and plot into `reliability.md` of docs/evidence; a shorter one is
printed, and kept in .cache/soak. The exit code is 1 if anything was lost, left over, or grew.
"""

import argparse
import datetime
import json
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import redis

from bench.report import replace_generated
from bench.results import machine
from bench.systems.base import LineProcess
from bench.systems.processes import stop_on_signals

from .memory import Sampler
from .plot import plot_memory
from .site import Site, running_site, wait_until
from .verdict import Soak, is_kept

ROOT = Path(__file__).parents[2]
DOCS, RESULTS, CACHE = ROOT / "docs" / "evidence", Path(__file__).parent / "results", ROOT / ".cache" / "soak"
WHOLE_MINUTES, SOCKETS = 30, 2000
WORKER_SECONDS, INTERFACE_SECONDS = 20.0, 300.0
SAMPLE_SECONDS = 5.0
#: Seconds for the last events of sockets, and for keys that expire by themselves.
AFTER_SECONDS = 90.0
#: The key under which project/soak_routing.py counts.
SOAK_COUNTS = "soak:counts"
NEEDED_FILES = 12_000


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests/soak/run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=WHOLE_MINUTES, help="(default: %(default)s)")
    parser.add_argument("--sockets", type=int, default=SOCKETS, help="at once (default: %(default)s)")
    parser.add_argument("--print", action="store_true", dest="prints", help="print the table, write no document")
    return parser.parse_args(arguments)


def main() -> int:
    """Run the soak, write its figures; return the exit code."""
    options = parse()
    stop_on_signals()
    _raise_file_limit()
    soak = Soak(datetime.date.today().isoformat(), machine(), options.minutes, options.sockets)
    with running_site() as site:
        _run(site, soak)
        _wait_for_the_end(site, soak)
    is_published = options.minutes >= WHOLE_MINUTES and options.sockets >= SOCKETS and not options.prints
    _write(soak, is_published)
    for problem in soak.problems():
        print(f"PROBLEM: {problem}", file=sys.stderr)
    return 1 if soak.problems() else 0


def _run(site: Site, soak: Soak) -> None:
    """Run the traffic and replace processes, one after the other, until the time is over."""
    sampler, began = Sampler(), time.monotonic()
    whole = soak.minutes * 60
    interface_seconds = min(INTERFACE_SECONDS, whole / 3)
    next_worker, next_interface, next_sample = WORKER_SECONDS, interface_seconds, 0.0
    arguments = [f"http://127.0.0.1:{site.port}", "--sockets", str(soak.sockets)]
    with LineProcess([sys.executable, "-m", "tests.soak.traffic", *arguments]) as traffic:
        traffic.answer()
        while (now := time.monotonic() - began) < whole:
            if now >= next_sample:
                sampler.sample(now, site.processes.by_role)
                next_sample += SAMPLE_SECONDS
            if now >= next_worker:
                site.replace("worker")
                next_worker += WORKER_SECONDS
            elif now >= next_interface:
                site.replace("interface")
                next_interface += interface_seconds
            soak.ended = site.processes.ended()
            if soak.ended:
                break
            wait_until(began + min(next_sample, next_worker, next_interface))
        soak.traffic = traffic.end(AFTER_SECONDS)
    soak.seconds, soak.samples = time.monotonic() - began, sampler.samples
    soak.replaced, soak.bad_exits = site.replaced, site.bad_exits


def _wait_for_the_end(site: Site, soak: Soak) -> None:
    """Wait until every socket's last event is handled and its keys are gone from Redis; record the keys that remain."""
    deadline = time.monotonic() + AFTER_SECONDS
    with closing(redis.Redis.from_url(site.redis_url, decode_responses=True)) as client:
        while True:
            counted = client.hgetall(SOAK_COUNTS)
            soak.connected, soak.disconnected = (int(counted.get(name, 0)) for name in ("connected", "disconnected"))
            soak.keys_left = [key for key in client.scan_iter() if key != SOAK_COUNTS and not is_kept(key)]
            if (soak.connected == soak.disconnected and not soak.keys_left) or time.monotonic() > deadline:
                break
            time.sleep(1)
    soak.complaints = site.processes.complaints()


def _write(soak: Soak, is_published: bool) -> None:
    folder = RESULTS if is_published else CACHE
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{soak.date}.json"
    path.write_text(json.dumps(asdict(soak)) + "\n")
    print(f"The figures are in {path.relative_to(ROOT)}", file=sys.stderr)
    plot_memory(soak.samples, DOCS / "soak.svg" if is_published else CACHE / "soak.svg")
    if is_published:
        text = "![memory of every process](soak.svg)\n\n" + soak.table()
        replace_generated(DOCS / "reliability.md", text, by="tests/soak/run")
    else:
        print(soak.table())


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < NEEDED_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(NEEDED_FILES, hard) if hard > 0 else NEEDED_FILES, hard))


if __name__ == "__main__":
    sys.exit(main())
