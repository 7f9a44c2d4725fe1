"""Builds the site from the root of the repository: `python -m docs.site.build`.

Strict: it ends with 1 after any warning of Sphinx, such as a link that leads nowhere, and if a public name has no entry
in the reference.
"""

import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build
from sphinx.util.inventory import InventoryFile

from docs.site import api

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / ".cache" / "docs"
HTML = OUTPUT / "html"


def main() -> int:
    """Build this documentation, and check its reference; return the exit code."""
    code = build(ROOT / "docs", OUTPUT)
    missing = [] if code else api.missing(documented_names(HTML / "objects.inv"))
    for name in missing:
        sys.stderr.write(f"The public name {name} has no entry in the reference\n")
    return 1 if missing else code


def build(pages: Path, output: Path) -> int:
    """Make the site of a folder of pages in `output`; return the exit code, 1 after any warning."""
    options = ["-q", "-W", "--keep-going", "-E", "-c", str(ROOT / "docs" / "site"), "-d", str(output / "doctrees")]
    return sphinx_build([*options, str(pages), str(output / "html")])


def documented_names(inventory: Path) -> set[str]:
    """Return the Python names that a build has documented."""
    objects = InventoryFile.loads(inventory.read_bytes(), uri="").data
    return {name for role, names in objects.items() if role.startswith("py:") for name in names}


if __name__ == "__main__":
    sys.exit(main())
