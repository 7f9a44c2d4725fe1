"""The oldest releases that setup.py allows, as pins for pip."""

import ast
import re
from pathlib import Path

BOUND = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(\[[^]]*\])?>=(?P<version>[0-9.]+)")

#: The lists of setup.py that users install from; tools of the tests stay as new as they are.
LISTS = ("REQUIRED", "SPEEDUPS", "HTTP2", "ENCRYPTION", "CRON", "METRICS", "TRACING", "MIGRATE", "OPERATIONS")


def lower_bounds(root: Path) -> tuple[str, ...]:
    """Return `name==version` for everything that users install."""
    matches = map(BOUND.match, requirements(root))
    found = {match["name"]: match["version"] for match in matches if match}
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))


def requirements(root: Path) -> list[str]:
    """Read the lists out of setup.py without running it: setuptools may not be installed here."""
    tree = ast.parse((root / "setup.py").read_text(encoding="utf-8"))
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in LISTS:
            found += ast.literal_eval(node.value)
    return found
