"""The instructions that a message costs each process, compared with another commit or with observation on.

    python -m bench.instructions COMMIT [--events N] [--kinds WORDS]
    python -m bench.instructions --observed [--events N] [--kinds WORDS]

Interface server, worker and Redis run under Valgrind, which counts the instructions that they execute. So the figures
do not depend on what else the machine does, as times do; they say nothing about waits and caches. Events come one at a
time. The difference of two loads, of N and of 4 N events, leaves out what a load costs once; what an idle process
executes in the same time is subtracted. Needs `valgrind`.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from .cost import two_trees
from .observed import echoes, observing, pages
from .systems.base import Running, Shape
from .systems.processes import free_port
from .systems.towpath import Towpath

Load = Callable[[int, int], Coroutine[object, object, None]]
#: By kind of message and role.
Costs = dict[str, dict[str, float]]
LOADS: Mapping[str, Load] = {"echo": echoes, "page": pages}
ROLES = ("interface", "worker", "redis")
COUNTING = ("valgrind", "--tool=callgrind", "--callgrind-out-file=counted.%p")
#: How long a process is idle to see what it executes then, in seconds.
IDLE_SECONDS = 5
_SUMMARY = re.compile(r"^(?:summary|totals): (\d+)$", re.MULTILINE)


def executed(pid: int) -> int:
    """Return how many instructions a process has executed since the last call."""
    folder = Path(os.readlink(f"/proc/{pid}/cwd"))
    before = set(folder.glob(f"counted.{pid}.*"))
    subprocess.run(["callgrind_control", "--dump=bench", str(pid)], check=True, capture_output=True)
    (written,) = set(folder.glob(f"counted.{pid}.*")) - before
    return sum(int(number) for number in _SUMMARY.findall(written.read_text())[-1:])


def measured(running: Running, drive: Callable[[], object]) -> tuple[float, dict[str, int]]:
    """Return the seconds that a load has taken, and the instructions of each role."""
    pids = {role: running.processes[role] for role in ROLES}
    for each in pids.values():
        for pid in each:
            executed(pid)
    began = time.perf_counter()
    drive()
    seconds = time.perf_counter() - began
    return seconds, {role: sum(executed(pid) for pid in each) for role, each in pids.items()}


def costs(running: Running, load: Load, events: int) -> dict[str, float]:
    """Return the instructions of each role for one event, one at a time."""
    port = int(running.http_url.rpartition(":")[2])
    asyncio.run(load(port, events))  # warms up
    idle_seconds, idle = measured(running, lambda: time.sleep(IDLE_SECONDS))
    few_seconds, few = measured(running, lambda: asyncio.run(load(port, events)))
    many_seconds, many = measured(running, lambda: asyncio.run(load(port, 4 * events)))
    seconds = many_seconds - few_seconds
    return {role: (many[role] - few[role] - idle[role] / idle_seconds * seconds) / (3 * events) for role in ROLES}


def main() -> int:
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.instructions", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("commit", nargs="?", help="what to compare this tree with")
    parser.add_argument("--observed", action="store_true", help="compare metrics and health checks with none")
    parser.add_argument("--events", type=int, default=200, help="events of the shorter load (default: 200)")
    parser.add_argument("--kinds", default="echo,page", help="loads, separated by commas (default: echo,page)")
    options = parser.parse_args()
    if (options.commit is None) is not options.observed:
        parser.error("name a commit, or --observed")
    with tempfile.TemporaryDirectory(prefix="bench-instructions-") as folder:
        sites: dict[str, tuple[Path | None, Mapping[str, str]]]
        if options.observed:
            sites = {"old": (None, {}), "new": (None, observing(free_port(), free_port()))}
        else:
            sites = {name: (tree, {}) for name, tree in two_trees(options.commit, Path(folder)).items()}
        found = {name: counted(tree, variables, options) for name, (tree, variables) in sites.items()}
    print("| message | process | instructions before | now | ratio |\n|---|---|---|---|---|")
    for kind in options.kinds.split(","):
        for role in ROLES:
            old, new = (found[name][kind][role] for name in ("old", "new"))
            print(f"| {kind} | {role} | {old:.0f} | {new:.0f} | {new / old:.3f} |")
    return 0


def counted(tree: Path | None, variables: Mapping[str, str], options: argparse.Namespace) -> Costs:
    """Run one site; return the costs by kind of message."""
    system = Towpath(tree=tree, prefix=COUNTING)
    with ExitStack() as stack:
        with patch.dict(os.environ, {"PYTHONHASHSEED": "0", **variables}):
            running = stack.enter_context(system.start(Shape(workers=1)))
        return {kind: costs(running, LOADS[kind], options.events) for kind in options.kinds.split(",")}


if __name__ == "__main__":
    sys.exit(main())
