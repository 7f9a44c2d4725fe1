"""Shared by all unit tests: every line about a client is logged, however many tests ran before."""

import pytest

from towpath.channels import client_log


@pytest.fixture(autouse=True)
def unbounded_client_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another line about a client be written at once."""
    monkeypatch.setattr(client_log, "SECONDS_A_LINE", 1e-9)
