"""Explores the turn protocol: all interleavings of a few connections, workers and faults, in the code of the library.

`tests/explore --help` lists the options.
"""

import subprocess
import sys
from pathlib import Path

from deploy.provision.environment import InstallError, prepare
from tests.tools.runner.__main__ import EXIT_NO_ENVIRONMENT, say

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Explore in the environment of the tests, with the same command line; return the exit code."""
    try:
        environment = prepare(ROOT, "tests", "test", say)
    except InstallError as error:
        say(str(error))
        return EXIT_NO_ENVIRONMENT
    command = [str(environment.python), "-m", "tests.explorer.exploring", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=environment.variables(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
