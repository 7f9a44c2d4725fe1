"""The table of `tests/without` speaks of lines and tests that are there; that tests notice is the command's work."""

import re
import shlex
from pathlib import Path

import pytest

from ..protections.protection import Protection
from ..protections.table import PROTECTIONS

ROOT = Path(__file__).parents[2]
#: Its tests run in those of each layer.
CONFORMANCE = ROOT / "layers" / "conformance"
OPERATORS = {"and", "or", "not"}


@pytest.mark.parametrize("protection", PROTECTIONS, ids=[protection.name for protection in PROTECTIONS])
def test_a_protection_stands_once_and_has_a_test(protection: Protection) -> None:
    assert (ROOT / protection.file).read_text(encoding="utf-8").count(protection.line) == 1
    assert protection.without != protection.line
    paths = [part for part in shlex.split(protection.test) if part.startswith("tests/")]
    assert paths and all((ROOT / path).exists() for path in paths)


@pytest.mark.parametrize("protection", PROTECTIONS, ids=[protection.name for protection in PROTECTIONS])
def test_the_words_that_select_a_test_occur_in_its_file(protection: Protection) -> None:
    """A renamed test would be selected by no word any more, and its protection counted as noticed by none."""
    parts = shlex.split(protection.test)
    words = re.findall(r"[\w.-]+", parts[parts.index("-k") + 1]) if "-k" in parts else []
    paths = [ROOT / part for part in parts if part.startswith("tests/")]
    texts = [source.read_text(encoding="utf-8") for path in (*paths, CONFORMANCE) for source in modules(path)]
    assert [word for word in words if word not in OPERATORS and not any(word in text for text in texts)] == []


def modules(path: Path) -> list[Path]:
    """Return a module, or those of a folder."""
    return [path] if path.is_file() else list(path.rglob("*.py"))
