"""Hostile input: Hypothesis is bounded and repeats itself, so that a run is short and means the same everywhere.

`TOWPATH_HOSTILE=long` looks at many more examples, at others every time, and lengthens the floods. `TOWPATH_SHORT=1`
looks at fewer: CI sets it on all Pythons but one.
"""

import os
import tempfile
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

#: Python 3.10 cannot install Autobahn 26.7, which compression needs: there the server refuses `--compression on`.
HAS_CURRENT_AUTOBAHN = tuple(map(int, version("autobahn").split(".")[:2])) >= (26, 7)
collect_ignore = [] if HAS_CURRENT_AUTOBAHN else ["frames/test_compression.py", "sockets/test_compression.py"]

IS_LONG = os.environ.get("TOWPATH_HOSTILE") == "long"
SHORT_EXAMPLES = 25 if os.environ.get("TOWPATH_SHORT") == "1" else 100
LONG_EXAMPLES = 5_000

settings.register_profile(
    "hostile",
    max_examples=LONG_EXAMPLES if IS_LONG else SHORT_EXAMPLES,
    derandomize=not IS_LONG,
    database=None,
    deadline=None,  # a loaded machine is not a finding; what must be quick has a test of its own
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("hostile")


@pytest.fixture(scope="session", autouse=True)
def _hypothesis_home() -> Iterator[None]:
    """Nothing of Hypothesis stays in the tree."""
    with tempfile.TemporaryDirectory() as folder:
        set_hypothesis_home_dir(folder)
        yield


@pytest.fixture(scope="session")
def times() -> int:
    """How much longer than a short run this one is: a factor for floods."""
    return 20 if IS_LONG else 1
