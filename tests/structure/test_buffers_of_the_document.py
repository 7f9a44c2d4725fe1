"""The table of buffers in docs/security.md names options and tests that exist, and every option that bounds one."""

import re
from argparse import ArgumentParser
from dataclasses import fields
from pathlib import Path

import pytest

from towpath.interface.commandline.options import add_options
from towpath.interface.config import InterfaceConfig

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
#: Bounds of something that is not kept: lengths that are refused or changed at once, rates.
OTHERS = {"websocket_path_max_bytes", "compression_min_bytes", "body_rate_bytes"}


def rows() -> list[list[str]]:
    """Return the cells of each row."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.partition("\n## Buffers that clients fill\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [re.split(r"\s*\|\s*", line)[1:-1] for line in lines[2:]]


@pytest.mark.parametrize("row", rows(), ids=[row[0] for row in rows()])
def test_a_buffer_has_a_test_and_options_that_exist(row: list[str]) -> None:
    assert len(row) == 6
    parser = ArgumentParser()
    add_options(parser)
    options, tests = re.findall(r"`(--[a-z-]+)`", row[4]), re.findall(r"`((?:tests|layers/conformance)/[^`]+)`", row[5])
    assert set(options) <= set(parser._option_string_actions)
    for test in tests:
        path, _, name = test.partition("::")
        assert re.search(rf"^ *(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert tests


def test_every_option_that_bounds_a_buffer_is_in_the_table() -> None:
    parser = ArgumentParser()
    add_options(parser)
    named = {option for row in rows() for option in re.findall(r"`(--[a-z-]+)`", row[4])}
    listed = {parser._option_string_actions[option].dest for option in named}
    bounds = {field.name for field in fields(InterfaceConfig) if re.search(r"_max_(bytes|count|events)$", field.name)}
    assert bounds - listed == OTHERS & bounds
