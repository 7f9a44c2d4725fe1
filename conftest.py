"""Rules of every test run: with TOWPATH_REQUIRE_ALL=1, as in CI, a skipped test is a failed test."""

import os
import sys
from collections.abc import Generator

import hypothesis
import pytest

# Where a property fails, Hypothesis writes a patch with LibCST if that is installed, which raises once Twisted has been
# imported (Instagram/LibCST#1458): one failing test would end the whole run. What cannot be imported is not asked.
sys.modules["hypothesis.extra._patching"] = None  # type: ignore[assignment]

# Properties are not about the time that an example takes: a loaded machine needs long for some.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")

REQUIRE_ALL = os.environ.get("TOWPATH_REQUIRE_ALL") == "1"


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn the report of a skip (not of an expected failure) into a failure that gives the skip's reason."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and TOWPATH_REQUIRE_ALL=1 forbids that. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    forbid_skip(report)
    return report
