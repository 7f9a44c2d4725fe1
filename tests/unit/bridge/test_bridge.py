"""The JavaScript of `static/towpath` under node: each `*.test.mjs` beside this file is a test here."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

HERE = Path(__file__).parent
#: Seconds until a run of node that does not end is a failure; each takes a fraction of one.
PATIENCE_SECONDS = 60


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_under_node(node, name):
    command = [node, "--test", "--test-reporter=tap", str(HERE / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^# (pass|skipped|todo) (\d+)$", done.stdout, re.MULTILINE))
    assert int(counts["pass"]) > 1
    assert counts["skipped"] == counts["todo"] == "0"
