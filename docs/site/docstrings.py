"""Docstrings with tables in Markdown, as the code has them, for Sphinx, which reads reStructuredText."""

import re
from itertools import groupby
from typing import Any

CELL = re.compile(r"(?<!\\)\|")


def connect(app: Any) -> None:
    """Rewrite docstrings while Sphinx reads them."""
    app.connect("autodoc-process-docstring", rewrite)


def rewrite(app: Any, what: str, name: str, member: object, options: Any, lines: list[str]) -> None:
    """Replace each table of a docstring, in place."""
    groups = [(is_table, list(group)) for is_table, group in groupby(lines, key=lambda line: line.startswith("|"))]
    lines[:] = [line for is_table, group in groups for line in (list_table(group) if is_table else group)]


def list_table(rows: list[str]) -> list[str]:
    """Return a table as the directive `list-table`; its second row only separates the head."""
    found = ["", ".. list-table::", "   :header-rows: 1", ""]
    for row in (row for number, row in enumerate(rows) if number != 1):
        cells = [cell.strip() for cell in CELL.split(row.strip().strip("|"))]
        found += [f"   {'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(cells)]
    return [*found, ""]
