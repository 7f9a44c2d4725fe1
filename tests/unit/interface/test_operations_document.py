"""`docs/operations.md` names every metric and check, and none besides."""

import re
from pathlib import Path

from towpath.interface.counters import Count
from towpath.interface.monitoring import collect, readiness
from towpath.interface.monitoring.actions import ActionCounts

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES = [ROOT / "interface" / "monitoring", ROOT / "worker" / "monitoring"]


def in_sources() -> set[str]:
    """Return the names of metrics in the sources, with the ending that Prometheus gives to counters."""
    found = set()
    for source in (path for folder in SOURCES for path in folder.glob("*.py")):
        text = source.read_text(encoding="utf-8")
        prefix = f"towpath_{source.parts[-3]}"
        for name, kind in re.findall(r'(?:Family|single)\(\s*f?"(?:{\w+}_)?(\w+)",\s*"(\w+)"', text):
            full = name if name.startswith("towpath_") else f"{prefix}_{name}"
            found.add(f"{full}_total" if kind == "counter" else full)
    return found


def in_document() -> set[str]:
    """Return the names of metrics in the tables; one that begins with an underscore continues the one before it."""
    found = set()
    for cell in re.findall(r"^\| (`[^|]+) \|", TEXT, re.MULTILINE):
        names = re.findall(r"`(\w+)`", cell)
        prefix = re.match(r"towpath_(?:interface|worker)", names[0]) if names else None
        found |= {f"{prefix[0]}{name}" if prefix and name.startswith("_") else name for name in names}
    return {name for name in found if name.startswith("towpath_")}


def test_the_tables_have_every_metric() -> None:
    assert len(in_sources()) > 20
    assert in_sources() == in_document()


def test_reasons_and_channels_that_are_named_exist() -> None:
    reasons = re.findall(r"cut off: (.*) and others", TEXT)[0]
    assert set(re.findall(r"`(\w+)`", reasons)) <= {what.name.lower() for what in Count}
    assert all(f"`{channel}`" in TEXT for channel in readiness.NEEDED_CHANNELS)
    assert {family.name for family in ActionCounts().families()} and collect.PREFIX == "towpath_interface"
