"""The ledger `parity.md`: its tests exist, every row has a test or a reason, and no public name of 1.x is missing."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from towpath.migrate import names

pytestmark = pytest.mark.once

#: A path of this repository, and perhaps a test in it.
SHOWN = re.compile(r"`((?:tests|layers)/[\w./]+)(?:::(\w+))?`")
#: What a cell says that gives a reason in place of a test.
LEFT_OUT = "left out: "
#: So many defects of 1.x are to be mended.
DEFECTS = 16


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs" / "evidence" / "parity.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(text: str) -> list[list[str]]:
    """The cells of all rows below the heads of their tables."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[-1] != "shown by"]


@cache
def functions_of(file: Path) -> set[str]:
    """Return the names of all functions in a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_has_three_cells_and_a_test_or_a_reason(rows: list[list[str]]) -> None:
    assert len(rows) > 100
    assert [row for row in rows if len(row) != 3 or not all(row)] == []
    assert [row for row in rows if not (SHOWN.search(row[2]) or row[2].startswith(LEFT_OUT))] == []


def test_every_named_test_exists(text: str, root: Path) -> None:
    missing = []
    for path, function in SHOWN.findall(text):
        place = root / path
        if not place.is_file() or (function and function not in functions_of(place)):
            missing.append(f"{path}::{function}" if function else path)
    assert missing == []


def test_every_public_name_of_1x_has_its_place(rows: list[list[str]]) -> None:
    said = " ".join(row[0] for row in rows)
    old = {name for name in (*names.moved(), *names.undecided()) if name.partition(".")[0] == "channels"}
    words = {name.rpartition(".")[2] for name in old if name.rpartition(".")[2][:1].isupper() or not is_module(name)}
    assert sorted(word for word in words - {"Command"} if f"`{word}`" not in said) == []


def is_module(name: str) -> bool:
    """Return whether an old name is that of a module, with or without a counterpart."""
    others = (*names.moved(), *names.undecided())
    return names.is_module(name) or any(other.startswith(f"{name}.") for other in others)


def test_every_defect_has_its_row(rows: list[list[str]]) -> None:
    numbers = {int(match[1]) for row in rows if (match := re.match(r"(\d+)\. ", row[0]))}
    assert numbers == set(range(1, DEFECTS + 1))
