"""Every mutant of `tests/without` changes one place of the source, and selects a test."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from ..tools.mutation.mutant import Mutant
from ..tools.mutation.table import MUTANTS

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
#: Its tests run in those of each layer.
CONFORMANCE = ROOT / "layers" / "conformance"
OPERATORS = {"and", "or", "not"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mutant_changes_one_place_of_the_source_and_leaves_it_valid(mutant: Mutant) -> None:
    file, text = mutant.change(ROOT)
    assert text != file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        ast.parse(text)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mutant_selects_a_test_that_exists(mutant: Mutant) -> None:
    parts = shlex.split(mutant.test)
    words = re.findall(r"[\w.-]+", parts[parts.index("-k") + 1]) if "-k" in parts else []
    paths = [ROOT / part for part in parts if part.startswith("tests/")]
    assert paths
    assert all(path.exists() for path in paths)
    texts = [source.read_text(encoding="utf-8") for path in (*paths, CONFORMANCE) for source in modules(path)]
    assert [word for word in words if word not in OPERATORS and not any(word in text for text in texts)] == []


def modules(path: Path) -> list[Path]:
    """Return a module, or those of a folder."""
    return [path] if path.is_file() else list(path.rglob("*.py"))
