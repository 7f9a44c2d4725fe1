"""`tests/audit` looks at everything that users install."""

import os
import re
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[2]
AUDIT = ROOT / "tests" / "audit"


def test_the_audit_installs_every_extra_but_that_of_the_tests():
    spec = spec_from_file_location("towpath_setup", ROOT / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    setup = module_from_spec(spec)
    spec.loader.exec_module(setup)
    named = re.search(r"\$root\[([\w,]+)\]", AUDIT.read_text())
    assert named is not None
    assert set(named[1].split(",")) == set(setup.EXTRAS) - {"test"}


def test_the_audit_is_a_program_that_a_shell_reads_and_that_skips_nothing():
    assert os.access(AUDIT, os.X_OK)
    assert subprocess.run(["sh", "-n", str(AUDIT)], check=False).returncode == 0
    assert "--strict" in AUDIT.read_text()
