"""Runs `mypy --strict` over the mapped tree and the programs of this repository; reports the repository's paths."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TREE = ROOT / ".cache" / "typing"

sys.path.insert(0, str(Path(__file__).parent))

import mapped_tree  # noqa: E402  (a neighbour, found through the line above)

#: What is run from the repository itself, by its import name there.
PROGRAMS = ("deploy", "docs.site", "tests.tools.runner")


def main() -> int:
    """Check both; return the exit code of the first that failed."""
    places = mapped_tree.make(ROOT, TREE)
    codes = [mypy(["-p", "towpath"], TREE, places)]
    codes.append(mypy([part for name in PROGRAMS for part in ("-p", name)], TREE, places))
    return next((code for code in codes if code), 0)


def mypy(arguments: list[str], path: Path, places: dict[str, str]) -> int:
    """Run mypy with `path` to find modules in; print what it says with the paths people know."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *arguments],
        check=False,
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in done.stdout.splitlines():
        sys.stdout.write(repository_path(line, places) + "\n")
    return done.returncode


def repository_path(line: str, places: dict[str, str]) -> str:
    """Replace the tree's path at the start of a line; the longest one wins, since `towpath` holds all others."""
    for place in sorted(places, key=len, reverse=True):
        if line.startswith(place + "/"):
            return places[place] + line[len(place) :]
    return line


if __name__ == "__main__":
    sys.exit(main())
