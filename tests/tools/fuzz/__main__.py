"""Gives the parsers of the interface and of the layers bytes that no test names, guided by the code that they reach.

Runs each target for some seconds, in a process of its own, with atheris (libFuzzer), which it installs. Inputs that
reach new code are kept in `.cache/fuzz`, and is where the next run begins. Ends with 1 if bytes broke a promise, and
says where they are.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from deploy.provision.environment import Environment, InstallError, prepare
from tests.tools.runner.__main__ import EXIT_NO_ENVIRONMENT, say

ROOT = Path(__file__).parents[3]
KEPT = ROOT / ".cache" / "fuzz"
ATHERIS = "atheris>=3.0"
NAMES = (
    "codec",
    "names",
    "heads",
    "chunks",
    "http2",
    "handshakes",
    "frames",
    "compressed",
    "entries",
    "settlements",
    "migrations",
)
#: The longest input, in bytes; and how long the code may take for one, in seconds.
MOST_BYTES, MOST_SECONDS = 2048, 10
INPUTS = re.compile(r"stat::number_of_executed_units: (\d+)")
REACHED = re.compile(r"cov: (\d+)")


def main() -> int:
    """Fuzz what the command line selects; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="target", help=f"{', '.join(NAMES)}; none: all of them")
    parser.add_argument("--seconds", type=int, default=30, help="for each target (30)")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(NAMES):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    try:
        environment = prepare(ROOT, "fuzz", "test", say, (ATHERIS,))
    except InstallError as error:
        say(str(error))
        return EXIT_NO_ENVIRONMENT
    broken = [name for name in options.targets or NAMES if not holds(name, options.seconds, environment)]
    return 1 if broken else 0


def holds(name: str, seconds: int, environment: Environment) -> bool:
    """Fuzz one target; tell whether nothing broke it, and show what did."""
    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    command = [str(environment.python), "-m", "tests.tools.fuzz.one", name]
    limits = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", f"-timeout={MOST_SECONDS}"]
    output = [f"-artifact_prefix={KEPT / name}-", "-print_final_stats=1"]
    done = subprocess.run([*command, str(corpus), *limits, *output], cwd=ROOT, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    inputs, reached = INPUTS.findall(said), REACHED.findall(said)
    if done.returncode == 0 and inputs and reached:
        say(f"{name}: {int(inputs[-1]):,} inputs reached {reached[-1]} places, nothing broke")
        return True
    say(f"{name}: BROKEN (exit code {done.returncode})\n{said[-3000:]}")
    say(f"again: {' '.join(command)} FILE, with the file named above")
    return False


if __name__ == "__main__":
    sys.exit(main())
