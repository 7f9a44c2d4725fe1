"""`tests/audit` looks at everything that users install."""

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
AUDIT = ROOT / "tests" / "audit"


def test_the_audit_installs_every_extra_that_users_install():
    spec = spec_from_file_location("towpath_setup", ROOT / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    setup = module_from_spec(spec)
    spec.loader.exec_module(setup)
    named = re.search(r"\$root\[([\w,]+)\]", AUDIT.read_text())
    assert named is not None
    assert set(named[1].split(",")) == set(setup.EXTRAS) - {"docs", "test"}


def test_the_audit_is_a_shell_program_that_ends_with_the_verdicts():
    assert os.access(AUDIT, os.X_OK)
    assert subprocess.run(["sh", "-n", str(AUDIT)], check=False).returncode == 0
    assert "-m tests.tools.audit" in AUDIT.read_text().splitlines()[-1]


def test_an_audit_that_finds_a_hole_fails_and_names_it(tmp_path):
    requirements, report = tmp_path / "requirements.txt", tmp_path / "report.json"
    requirements.write_text("redis==4.5.3\n")
    report.write_text(
        '{"dependencies": [{"name": "redis", "version": "4.5.3", "vulns": [{"id": "PYSEC-2023-45"}]}], "fixes": []}'
    )
    command = [sys.executable, "-m", "tests.tools.audit", str(requirements), str(report)]
    audit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert audit.returncode == 1
    assert audit.stdout.splitlines() == [
        "redis 4.5.3: HOLES: PYSEC-2023-45 (page of its release)",
        "0 of 1 packages have no known hole",
    ]
