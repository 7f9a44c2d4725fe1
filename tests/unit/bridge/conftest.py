"""The requirement of the tests of the JavaScript: node."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node: what NODE says, else the one on PATH."""
    found = os.environ.get("NODE") or shutil.which("node") or shutil.which("nodejs")
    if found is None:
        pytest.skip("node is not on PATH, and NODE is not set")
    return found
