"""The targets of `tests/fuzz`: each takes its seeds and any other bytes, and notices a broken promise."""

import ast
import logging
import random
from pathlib import Path

import pytest

from tests.fakes.http_site import Outcome, Site
from tests.hostile.conftest import HAS_CURRENT_AUTOBAHN
from tests.tools.fuzz import targets

INPUTS = 200
NAMES = [name for name in targets.TARGETS if HAS_CURRENT_AUTOBAHN or name != "compressed"]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Damaged entries are logged; thousands of them are no news."""
    caplog.set_level(logging.CRITICAL + 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_takes_its_seeds_and_other_bytes(name: str) -> None:
    target, chance = targets.TARGETS[name], random.Random(name)
    for seed in target.seeds:
        target.run(seed)
        damaged = bytearray(seed)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        target.run(bytes(damaged))
    for _ in range(INPUTS):
        target.run(chance.randbytes(chance.randrange(60)))


def test_the_command_knows_all_targets() -> None:
    tree = ast.parse(Path(targets.__file__).with_name("__main__.py").read_text())
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAMES"
    ]
    assert set(names) == set(targets.TARGETS)


def test_a_target_notices_what_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> object:
        raise ValueError("not a DecodeError")

    monkeypatch.setattr(targets.codec, "unpack", fail)
    monkeypatch.setattr(targets.EntryCodec, "open_inbox_entry", fail)
    for name in ("codec", "entries", "settlements"):
        target = targets.TARGETS[name]
        with pytest.raises(ValueError, match="not a DecodeError"):
            target.run(target.seeds[0])


def test_a_target_notices_what_depends_on_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "send", lambda site, parts: Outcome([], [200] * len(list(parts)), False))
    with pytest.raises(AssertionError):
        targets.TARGETS["heads"].run(targets.TARGETS["heads"].seeds[0])
