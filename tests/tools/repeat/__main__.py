"""Runs `tests/run` several times in a row, each in an order of its own, beside programs that never stop computing.

A line for each run says how it ended, how long it took and by which seed its order comes again. Ends with 1 if a run
failed, or took longer than a run may.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
#: What `tests/run` printed in each run.
LOGS = ROOT / ".cache" / "repeat"
SUMMARY = re.compile(r"=+ (.* in [\d.]+s.*) =+")
SEED = re.compile(r"--randomly-seed=(\d+)")
COMPUTE = "while True: pass"
MOST_MINUTES = 10


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/repeat", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="runs in a row (10)")
    parser.add_argument("--busy", type=int, default=1, help="programs that compute beside them (1)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    LOGS.mkdir(parents=True, exist_ok=True)
    with computing(options.busy):
        passed = sum([run(number) for number in range(1, options.times + 1)])
    say(f"{passed} of {options.times} runs passed within {MOST_MINUTES} minutes, beside {options.busy} busy programs")
    return 0 if passed == options.times else 1


@contextmanager
def computing(count: int) -> Iterator[None]:
    """Keep `count` programs computing."""
    programs = [subprocess.Popen([sys.executable, "-c", COMPUTE]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def run(number: int) -> bool:
    """Run everything once; tell whether it passed in time."""
    began, log = time.monotonic(), LOGS / f"run-{number}.log"
    with log.open("wb") as output, subprocess.Popen(["tests/run"], cwd=ROOT, stdout=output, stderr=output) as process:
        try:
            code = process.wait()
        finally:
            process.terminate()  # when we are told to end; what has ended takes no notice
    seconds = time.monotonic() - began
    text = log.read_text(errors="replace")
    tests, seed = SUMMARY.findall(text), SEED.findall(text)
    say(
        f"run {number}: exit code {code}, {seconds:.0f} s, load {os.getloadavg()[1]:.1f}, "
        f"{tests[-1] if tests else 'no summary'}, seed {seed[0] if seed else 'none'}"
    )
    return code == 0 and seconds <= MOST_MINUTES * 60


def say(text: str) -> None:
    """Tell what goes on."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
