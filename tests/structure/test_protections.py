"""The table of `tests/without` speaks of lines and tests that are there; that tests notice is the command's work."""

import shlex
from pathlib import Path

import pytest

from ..protections.protection import Protection
from ..protections.table import PROTECTIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("protection", PROTECTIONS, ids=[protection.name for protection in PROTECTIONS])
def test_a_protection_stands_once_and_has_a_test(protection: Protection) -> None:
    assert (ROOT / protection.file).read_text(encoding="utf-8").count(protection.line) == 1
    assert protection.without != protection.line
    paths = [part for part in shlex.split(protection.test) if part.startswith("tests/")]
    assert paths and all((ROOT / path).exists() for path in paths)
