"""Judges the report of pip-audit, and asks once more about packages that it could not look up.

`python -m tests.tools.audit REQUIREMENTS REPORT`: the pins that were audited, and the JSON that pip-audit wrote.
Exit code 1 means that a package has a known hole, or that PyPI does not say whether it has.
"""

import json
import sys
from pathlib import Path

from .project_page import project_page
from .verdicts import verdicts


def main() -> int:
    """Print a line for each package; return the exit code."""
    requirements, report = (Path(argument).read_text(encoding="utf-8") for argument in sys.argv[1:])
    found = verdicts(requirements, json.loads(report), project_page)
    for verdict in found:
        sys.stdout.write(f"{verdict.name} {verdict.version}: {verdict.words}\n")
    refused = [verdict for verdict in found if not verdict.is_clean]
    sys.stdout.write(f"{len(found) - len(refused)} of {len(found)} packages have no known hole\n")
    return 1 if refused or not found else 0


if __name__ == "__main__":
    sys.exit(main())
