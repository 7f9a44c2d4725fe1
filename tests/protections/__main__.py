"""Takes protections out, one at a time, in a copy of the tree, and runs the test that is to notice.

`tests/without` runs all of them; words select those whose name holds one of them. Ends with 1 if a test passed all the
same, or did not run at all. Before that, each of the tests has to pass in a copy with everything in it. About half
an hour on two cores.
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

from tests.runner.__main__ import provide, say
from tests.typing import mapped_tree

from .protection import Protection
from .table import PROTECTIONS

ROOT = Path(__file__).parents[2]
#: What pytest ends with if tests failed, and if all passed.
FAILED, PASSED = 1, 0
MOST_SECONDS = 300
#: Where the copy's packages are imported from.
MAPPED = ".mapped"


def main() -> int:
    """Run what the command line selects; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/without", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names; none: all protections")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    options = parser.parse_args()
    words = options.words or [""]
    selected = [protection for protection in PROTECTIONS if any(word in protection.name for word in words)]
    if options.list:
        sys.stdout.write("".join(f"{protection.name}: {protection.test}\n" for protection in selected))
        return 0
    environment, server = provide(lowest=False, django=None)
    variables = environment.variables()
    variables["PATH"] += f"{os.pathsep}{server.parent}"
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    python = environment.python
    tests = sorted({protection.test for protection in selected})
    unsound = [test for test in tests if not ends_with(PASSED, "with everything", test, None, python, variables)]
    unnoticed = [
        protection.name
        for protection in selected
        if not ends_with(FAILED, f"without “{protection.name}”", protection.test, protection, python, variables)
    ]
    say(f"{len(selected) - len(unnoticed)} of {len(selected)} protections are missed by a test when they are not there")
    for test in unsound:
        say(f"FAILS WITH EVERYTHING THERE: {test}")
    for name in unnoticed:
        say(f"NOT NOTICED: {name}")
    return 1 if unnoticed or unsound or not selected else 0


def ends_with(
    wanted: int, case: str, test: str, protection: Protection | None, python: Path, variables: dict[str, str]
) -> bool:
    """Return whether the test ends as it should in a copy without the protection; if not, show what it printed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="towpath-without-") as folder:
        tree = Path(folder, "tree")
        copy(tree)
        if protection is not None:
            take_out(protection, tree)
        map_packages(tree)
        code, output = run(test, python, tree, variables)
    verdict = {FAILED: "failed", PASSED: "passed", None: "did not end"}.get(code, f"did not run (exit code {code})")
    say(f"{case}: {test} {verdict}, {time.monotonic() - began:.0f} s")
    if code != wanted:
        say(output[-3000:])
    return code == wanted


def copy(tree: Path) -> None:
    """Copy what git knows of, as it is now, and what is new."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def take_out(protection: Protection, tree: Path) -> None:
    """Write the file without the protection.

    Raises:
        LookupError: its line does not stand there once.
    """
    file = tree / protection.file
    text = file.read_text(encoding="utf-8")
    if text.count(protection.line) != 1:
        raise LookupError(f"{protection.file} does not hold the line of “{protection.name}” once")
    file.write_text(text.replace(protection.line, protection.without), encoding="utf-8")


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
            if process.poll() is None:  # we are told to end: what the test started ends with it
                os.killpg(process.pid, signal.SIGINT)
    return process.returncode, output


if __name__ == "__main__":
    sys.exit(main())
