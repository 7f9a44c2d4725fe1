"""Mutation testing: takes out one protection at a time, in a copy of the tree, and runs the test that must notice.

`tests/without` runs all mutants; words select those whose names contain one of them. Exit code 1 means that a test
passed with its mutant, or did not run. Each test must first pass in a copy without a mutant. About half an hour on two
cores.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.tools.runner.__main__ import provide, say
from tests.tools.types import mapped_tree

from .mutant import Mutant
from .table import MUTANTS

ROOT = Path(__file__).parents[3]
#: Exit codes of pytest if tests failed, and if all passed.
FAILED, PASSED = 1, 0
MOST_SECONDS = 300
#: Where the copy's packages are imported from.
MAPPED = ".mapped"


def main() -> int:
    """Run what the command line selects; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/without", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names; none: all mutants")
    parser.add_argument("--list", action="store_true", help="print the mutants, and run nothing")
    options = parser.parse_args()
    words = options.words or [""]
    selected = [mutant for mutant in MUTANTS if any(word in mutant.name for word in words)]
    if options.list:
        sys.stdout.write("".join(f"{mutant.name}: {mutant.test}\n" for mutant in selected))
        return 0
    environment, server = provide(lowest=False, django=None)
    variables = environment.variables()
    variables["PATH"] += f"{os.pathsep}{server.parent}"
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    python = environment.python
    tests = sorted({mutant.test for mutant in selected})
    unsound = [test for test in tests if not ends_with(PASSED, "without a mutant", test, None, python, variables)]
    unnoticed = [
        mutant.name
        for mutant in selected
        if not ends_with(FAILED, f"with mutant “{mutant.name}”", mutant.test, mutant, python, variables)
    ]
    say(f"{len(selected) - len(unnoticed)} of {len(selected)} mutants are noticed by their tests")
    for test in unsound:
        say(f"FAILS WITHOUT A MUTANT: {test}")
    for name in unnoticed:
        say(f"NOT NOTICED: {name}")
    return 1 if unnoticed or unsound or not selected else 0


def ends_with(
    wanted: int, case: str, test: str, mutant: Mutant | None, python: Path, variables: dict[str, str]
) -> bool:
    """Run the test in a copy with the mutant. Return whether it ended as it should; if not, print its output."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="towpath-without-") as folder:
        tree = Path(folder, "tree")
        copy(tree)
        if mutant is not None:
            file, text = mutant.change(tree)
            file.write_text(text, encoding="utf-8")
        map_packages(tree)
        code, output = run(test, python, tree, variables)
    verdict = {FAILED: "failed", PASSED: "passed", None: "did not end"}.get(code, f"did not run (exit code {code})")
    say(f"{case}: {test} {verdict}, {time.monotonic() - began:.0f} s")
    if code != wanted:
        say(output[-3000:])
    return code == wanted


def copy(tree: Path) -> None:
    """Copy the files that git tracks, as they are now, and new ones."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def map_packages(tree: Path) -> None:
    """Make the packages importable from the copy, by their names, with all that lies in their folders."""
    for folder, package in mapped_tree.folders(tree).items():
        place = tree / MAPPED / package.replace(".", "/")
        place.mkdir(parents=True, exist_ok=True)
        for source in (tree / folder).iterdir():
            (place / source.name).symlink_to(source)


def run(test: str, python: Path, tree: Path, variables: dict[str, str]) -> tuple[int | None, str]:
    """Run pytest in the copy, whose packages come before the installed ones; return its exit code and output."""
    command = [str(python), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *shlex.split(test)]
    paths = os.pathsep.join([str(tree / MAPPED), variables.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    with subprocess.Popen(
        command,
        cwd=tree,
        env={**variables, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, process.communicate()[0]
        finally:
            if process.poll() is None:  # this program was interrupted: stop the processes of the test, too
                os.killpg(process.pid, signal.SIGINT)
    return process.returncode, output


if __name__ == "__main__":
    sys.exit(main())
