"""A test that fails is a failed test, and the others run."""

import subprocess
import sys

FAILING = """
import twisted.internet.base
from hypothesis import given, strategies

@given(strategies.integers())
def test_a_property_that_does_not_hold(number):
    assert number < 100

def test_another():
    pass
"""


def test_a_property_that_fails_does_not_end_the_run(root, tmp_path):
    file = tmp_path / "test_failing.py"
    file.write_text(FAILING)
    options = ["-q", "-p", "conftest", "-p", "no:cacheprovider", "-c", str(root / "pyproject.toml")]
    command = [sys.executable, "-m", "pytest", *options, str(file)]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stdout
    assert "1 failed, 1 passed" in ended.stdout
