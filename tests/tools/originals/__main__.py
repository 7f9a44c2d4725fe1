"""Runs suites of Channels 1.x against Towpath: `tests/original` all of them, words those whose name holds one of them.

Each is fetched from PyPI, moved by `towpath-migrate`, and run by Django's test runner. Ends with 1 if a test fails that
the table does not name, or one passes that it does.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.tools.runner.__main__ import provide, say

from .moving import move, unpack
from .suite import Suite
from .table import SUITES

MOST_SECONDS = 300


def main() -> int:
    """Run what the command line selects; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/original", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names; none: all suites")
    options = parser.parse_args()
    words = options.words or [""]
    environment, _ = provide(lowest=False)
    selected = [suite for suite in SUITES if any(word in suite.name for word in words)]
    as_expected = [is_as_expected(suite, environment.python) for suite in selected]
    return 0 if as_expected and all(as_expected) else 1


def is_as_expected(suite: Suite, python: Path) -> bool:
    """Run a suite; say what passes and why the rest does not, and return whether the table says the same."""
    with tempfile.TemporaryDirectory(prefix="towpath-original-") as name:
        folder = Path(name)
        unpacked = unpack(suite, python, folder)
        project = folder / "project"
        left = move(suite, unpacked, python, project).splitlines()
        output = run(python, project, folder / "libraries")
    ran = int(found[1]) if (found := re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)) else 0
    failed = {name.removeprefix("tests.") for name in re.findall(r"^(?:ERROR|FAIL): \w+ \(([\w.]+)\)", output, re.M)}
    say(f"{suite.name} {suite.version}: towpath-migrate: {left[-1] if left else 'did not run'}")
    say(f"{suite.name} {suite.version}: {ran - len(failed)} of {ran} tests pass, {len(failed)} differ")
    for test in sorted(failed & suite.differs.keys()):
        say(f"differs: {test}: {suite.differs[test]}")
    for test in sorted(failed - suite.differs.keys()):
        say(f"FAILS: {test}")
    for test in sorted(suite.differs.keys() - failed):
        say(f"PASSES, and is in the table: {test}")
    if not ran or failed != suite.differs.keys():
        say(output[-3000:])
    return bool(ran) and failed == suite.differs.keys()


def run(python: Path, project: Path, libraries: Path) -> str:
    """Run the project's tests; return what that wrote."""
    paths = os.pathsep.join([str(project), str(libraries)])
    done = subprocess.run(
        [str(python), "-W", "ignore", "-m", "django", "test", "tests"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
