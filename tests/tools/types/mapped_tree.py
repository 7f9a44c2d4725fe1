"""A tree of real folders with links to this repository's files, laid out as they are imported.

Type checkers ignore import hooks: on an editable install they would see one file of `towpath` and be content.
"""

import ast
import shutil
from pathlib import Path

SUFFIXES = (".py", ".pyi", ".typed")


def folders(root: Path) -> dict[str, str]:
    """Read FOLDERS (folder -> package) out of setup.py without running it."""
    tree = ast.parse((root / "setup.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "FOLDERS":
            table: dict[str, str] = ast.literal_eval(node.value)
            return table
    raise LookupError("setup.py has no FOLDERS table")


def make(root: Path, tree: Path) -> dict[str, str]:
    """Make the tree anew; return which path in it stands for which folder of the repository."""
    shutil.rmtree(tree, ignore_errors=True)
    places = {}
    for folder, package in sorted(folders(root).items(), key=lambda entry: entry[1]):
        place = tree / package.replace(".", "/")
        for source in sorted((root / folder).rglob("*")):
            if source.suffix in SUFFIXES and source.is_file():
                link = place / source.relative_to(root / folder)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(source)
        places[str(place.relative_to(root))] = folder
    return places
