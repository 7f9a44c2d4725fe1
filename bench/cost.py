"""The cost of a message for Redis and Python, compared with another commit in the same run.

    python -m bench.cost COMMIT [--rounds N]

Each version runs in processes of its own, in turns, on one Redis: an edge sends events, a reader settles them, a group
is sent to. Printed is, for each kind of message, this tree's figure divided by the commit's.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.tools.types.mapped_tree import folders

ROOT = Path(__file__).parents[1]
DRIVER = ROOT / "bench" / "apps" / "cost_driver.py"


def main() -> int:
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench.cost", description=__doc__.split("\n", 1)[0])
    parser.add_argument("commit", help="what to compare this tree with")
    parser.add_argument("--rounds", type=int, default=9, help="runs of each version (default: 9)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-cost-") as folder:
        place = Path(folder)
        trees = two_trees(options.commit, place)
        with RedisServer(place) as socket:
            runs: dict[str, list[dict[str, dict[str, float]]]] = {"old": [], "new": []}
            for _ in range(options.rounds):
                for name, tree in trees.items():
                    runs[name].append(driven(tree, socket))
    report(runs)
    return 0


def two_trees(commit: str, place: Path) -> dict[str, Path]:
    """Return folders from which `towpath` of a commit (`old`) and of this tree (`new`) can be imported."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    (place / "old").mkdir()
    subprocess.run(["tar", "-x"], cwd=place / "old", input=archive, check=True)
    return {"old": mapped(place / "old", place / "old-tree"), "new": mapped(ROOT, place / "new-tree")}


def mapped(root: Path, tree: Path) -> Path:
    """Return a folder from which a checkout can be imported as `towpath`."""
    tree.mkdir()
    for folder, package in sorted(folders(root).items(), key=lambda entry: entry[1]):
        place = tree / package.replace(".", "/")
        if "." in package:
            place.symlink_to(root / folder)
        else:
            shutil.copytree(root / folder, place)
    return tree


class RedisServer:
    """A Redis on a UNIX socket of a folder, for as long as the context lasts."""

    def __init__(self, place: Path) -> None:
        self._socket = place / "redis.sock"

    def __enter__(self) -> str:
        command = ["redis-server", "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([*command, "--dir", str(self._socket.parent)], stdout=subprocess.DEVNULL)
        while not self._socket.exists():
            self._process.poll()
            if self._process.returncode is not None:
                raise RuntimeError("redis-server did not start")
        return f"unix://{self._socket}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def driven(tree: Path, url: str) -> dict[str, dict[str, float]]:
    """Run the driver with one version; return figures by kind of message."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run([sys.executable, str(DRIVER), url], env=environment, check=True, capture_output=True)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def report(runs: dict[str, list[dict[str, dict[str, float]]]]) -> None:
    """Print the ratios of the least figures: noise only adds."""
    kinds = runs["new"][0]
    print(f"{'kind':24}{'figure':18}{'before':>12}{'now':>12}{'ratio':>8}")
    for kind, figures in kinds.items():
        for figure in figures:
            old, new = (min(run[kind][figure] for run in runs[name]) for name in ("old", "new"))
            print(f"{kind:24}{figure:18}{old:12.2f}{new:12.2f}{new / old:8.3f}")


if __name__ == "__main__":
    sys.exit(main())
