"""Runs `series` in the environment of `tests/run`, with its Redis; made first, if need be."""

import os
import sys
from pathlib import Path

from tests.tools.runner.__main__ import provide

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Become the series."""
    environment, server = provide(lowest=False)
    variables = environment.variables()
    variables["PATH"] += f"{os.pathsep}{server.parent}"
    command = [str(environment.python), "-m", "tests.wirefaults.series", *sys.argv[1:]]
    os.chdir(ROOT)
    os.execve(command[0], command, variables)


if __name__ == "__main__":
    main()
